"""One encoded picture -> pixels of an image: cropped, resized, upright, in plain colors."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unknot.data.colors import BadProfile, apply_profile, is_grey, is_grey_mode, to_plain_mode
from unknot.data.image_files import reads_heic
from unknot.data.preparation import Preparation
from unknot.data.value_range import (
    SIXTEEN_BITS,
    UNIT,
    Extremes,
    ValueRange,
    extremes_of_picture,
    is_deep,
    to_bytes,
)

MAX_PIXELS = 100_000_000
MAX_FRAMES = 100_000
CELEBA_SIZE, CELEBA_CROP = (178, 218), 148
JPEG_FACTORS = (8, 4, 2)  # by which its decoder can shrink, 8x8 coefficients being cut
OVERSAMPLING = 3  # pixels left, at least, for each pixel of the image
ORIENTATION_TAG = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what turns the picture upright."""


class UnreadableImage(Exception):
    """One picture cannot be used; the message says why in a few words.

    Not a ValueError, which decoders raise.

    Attributes:
        is_passing: whether the reason may be gone the next time: no permission, a disk's error.
    """

    def __init__(self, why: str, *, is_passing: bool = False) -> None:
        super().__init__(why)
        self.is_passing = is_passing


class DeepPicture(Exception):
    """A picture has more than eight bits, and the range of the set's values is not known yet."""


@dataclass(frozen=True, eq=False)
class DecodedPicture:
    """One file's images, and what was seen in decoding it.

    Attributes:
        pixels: of each frame that is taken, uint8, shape `(num_frames, channel, size, size)`.
        num_frames: that the file holds.
        is_grey_in_color: whether it is grey though stored in color; likewise.
        is_colored: whether it has colors; looked at only where they are to be made grey.
        bad_metadata: whether its EXIF or color profile is damaged.
    """

    pixels: NDArray[np.uint8]
    num_frames: int
    is_grey_in_color: bool
    is_colored: bool
    bad_metadata: bool


def decode(content: bytes, preparation: Preparation, num_channels: int) -> NDArray[np.uint8]:
    """Decode, crop, resize and turn upright the first frame of one picture.

    Args:
        content: the bytes of a file in a format that Pillow reads.
        preparation: crop and size.
        num_channels: 1 (grey) or 3 (RGB).

    Returns:
        Pixels, shape `(channel, size, size)`.

    Raises:
        UnreadableImage: if it is not a picture, is damaged, or is too large or small to use.
    """
    return decode_picture(content, preparation, num_channels).pixels[0]


def decode_picture(
    content: bytes,
    preparation: Preparation,
    num_channels: int,
    *,
    value_range: ValueRange | None = None,
    all_frames: bool = False,
    asks_range: bool = False,
) -> DecodedPicture:
    """Decode the frames of one file, and note what is seen in it.

    Args:
        content: the bytes of a file in a format that Pillow reads.
        preparation: crop and size.
        num_channels: 1 (grey) or 3 (RGB).
        value_range: of pixels of more than eight bits; by default 16 bits, or 0 to 1.
        all_frames: whether all pages or frames are taken, or the first alone.
        asks_range: whether a picture of more than eight bits needs a range.

    Raises:
        DeepPicture: if it has more than eight bits and a range is asked for and not given.
        UnreadableImage: if it is not a picture, is damaged, or is too large or small to use.
    """
    with opened(content) as picture:
        if asks_range and value_range is None and is_deep(picture.mode):
            raise DeepPicture
        whole = picture.size
        shrink_while_decoding(picture, preparation)
        num_frames = _num_frames(picture)
        frames, seen = [], []
        for frame in range(num_frames if all_frames else 1):
            if frame:
                picture.seek(frame)
                whole = picture.size
            picture.load()
            pixels, is_colored, bad = _upright(
                picture, preparation, num_channels, whole, value_range
            )
            frames.append(pixels)
            seen.append((is_colored, bad))
        stored_in_color = not is_grey_mode(picture.mode)
    is_colored = any(colored for colored, _ in seen)
    return DecodedPicture(
        pixels=frames[0][None] if len(frames) == 1 else np.stack(frames),
        num_frames=num_frames,
        is_grey_in_color=stored_in_color and num_channels == 1 and not is_colored,
        is_colored=is_colored,
        bad_metadata=any(bad for _, bad in seen),
    )


def deep_extremes(content: bytes) -> Extremes | None:
    """Find the extremes of a file of more than eight bits; None of any other, or a damaged one."""
    try:
        with opened(content) as picture:
            if not is_deep(picture.mode):
                return None
            picture.load()
            return extremes_of_picture(picture, content)
    except UnreadableImage:
        return None


@contextmanager
def opened(content: bytes) -> Iterator[Image.Image]:
    """Open a picture; whatever decoders raise within the block becomes `UnreadableImage`."""
    try:
        with _open(content) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise UnreadableImage(f"{width}x{height} has more than {MAX_PIXELS:,} pixels")
            yield picture
    except (UnreadableImage, DeepPicture):
        raise
    except Image.UnidentifiedImageError:
        raise UnreadableImage("not a picture that Pillow can read") from None
    except Image.DecompressionBombError:
        raise UnreadableImage(f"has more than {MAX_PIXELS:,} pixels") from None
    except MemoryError:
        raise UnreadableImage("damaged: it asks for more memory than there is") from None
    except Exception as error:  # decoders of damaged files raise anything at all
        raise UnreadableImage(f"damaged: {' '.join(str(error).split())}") from None


def _open(content: bytes) -> Image.Image:
    if content[4:8] == b"ftyp" and reads_heic():
        _register_heic()
    return Image.open(io.BytesIO(content))


@cache
def _register_heic() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()


def _num_frames(picture: Image.Image) -> int:
    num = getattr(picture, "n_frames", 1) if getattr(picture, "is_animated", False) else 1
    return min(int(num), MAX_FRAMES)


def shrink_while_decoding(picture: Image.Image, preparation: Preparation) -> None:
    """Have a large JPEG decoded at a half, a quarter or an eighth of its size, which is faster.

    At least three of its pixels remain for each of the image, so that resizing them hides the step.
    Other formats and small pictures are left as they are.

    Args:
        picture: opened and not yet loaded.
        preparation: crop and size.

    Raises:
        UnreadableImage: if the picture is smaller than the crop.
    """
    left, top, right, bottom = crop_box(picture.size, preparation.crop)
    room = min(right - left, bottom - top) // (OVERSAMPLING * preparation.size)
    factor = next((factor for factor in JPEG_FACTORS if factor <= room), 1)
    if factor > 1:
        picture.draft(None, (picture.width // factor, picture.height // factor))


def to_pixels(
    picture: Image.Image,
    preparation: Preparation,
    num_channels: int,
    whole: tuple[int, int] | None = None,
) -> NDArray[np.uint8]:
    """Flatten a decoded picture, crop it, resize it and turn it upright; as `decode`.

    Args:
        picture: loaded.
        preparation: crop and size.
        num_channels: 1 (grey) or 3 (RGB).
        whole: its width and height before it was shrunk; the crop is of those.
    """
    return _upright(picture, preparation, num_channels, whole or picture.size, None)[0]


def _upright(
    picture: Image.Image,
    preparation: Preparation,
    num_channels: int,
    whole: tuple[int, int],
    value_range: ValueRange | None,
) -> tuple[NDArray[np.uint8], bool, bool]:
    """Give the pixels, whether there are colors in them, and whether metadata is damaged."""
    factor = round(whole[0] / picture.width)
    turn, bad_exif = _turn(picture)
    flat = to_plain_mode(_shallow(picture, value_range))
    left, top, right, bottom = crop_box(whole, preparation.crop)
    box = left / factor, top / factor, right / factor, bottom / factor
    size = (preparation.size, preparation.size)
    if flat.size != size or box != (0, 0, *size):
        flat = flat.resize(size, Image.Resampling.BICUBIC, box=box)
    flat, bad_profile = _plain_colors(flat, picture.info.get("icc_profile"))
    if turn is not None:
        flat = flat.transpose(turn)
    is_colored = num_channels == 1 and flat.mode == "RGB" and not is_grey(np.asarray(flat))
    mode = "L" if num_channels == 1 else "RGB"
    pixels = np.asarray(flat if flat.mode == mode else flat.convert(mode))
    shaped = pixels[None] if num_channels == 1 else pixels.transpose(2, 0, 1)
    return shaped, is_colored, bad_exif or bad_profile


def _turn(picture: Image.Image) -> tuple[Image.Transpose | None, bool]:
    """Find what turns a picture upright, and whether its EXIF is damaged."""
    try:
        return TURNS.get(picture.getexif().get(ORIENTATION_TAG, 1)), False
    except Exception:  # EXIF that is damaged raises anything at all; the pixels are good
        return None, True


def _shallow(picture: Image.Image, value_range: ValueRange | None) -> Image.Image:
    """Scale pixels of more than eight bits, which Pillow would clip."""
    if not is_deep(picture.mode):
        return picture
    values = np.asarray(picture)
    if picture.mode == "F":
        value_range = value_range or UNIT
        if not np.isfinite(values).all():
            raise UnreadableImage("floating-point pixels that are no numbers")
        if value_range == UNIT and (values.min() < 0 or values.max() > 1):
            raise UnreadableImage("floating-point pixels outside 0 to 1")
    return Image.fromarray(to_bytes(values, value_range or SIXTEEN_BITS))


def _plain_colors(picture: Image.Image, profile: bytes | None) -> tuple[Image.Image, bool]:
    """Apply a color profile; whether it is damaged."""
    bad = False
    if profile:
        try:
            picture = apply_profile(picture, profile)
        except BadProfile:
            bad = True
    return (picture.convert("RGB") if picture.mode == "CMYK" else picture), bad


def crop_box(picture_size: tuple[int, int], crop: str) -> tuple[int, int, int, int]:
    """Find the part of a picture that the crop leaves.

    Args:
        picture_size: width and height in pixels.
        crop: as in `Preparation.crop`.

    Returns:
        Left, top, right, bottom in pixels.

    Raises:
        UnreadableImage: if the picture is smaller than the crop.
    """
    width, height = picture_size
    if crop == "none":
        return 0, 0, width, height
    if crop == "auto":
        side = CELEBA_CROP if picture_size == CELEBA_SIZE else min(width, height)
    else:
        side = int(crop)
    if side > min(width, height):
        raise UnreadableImage(f"{width}x{height} is smaller than the crop of {side}")
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


@contextmanager
def without_warnings() -> Iterator[None]:
    """Silence Pillow's notes on odd metadata. The filters are the process's: enter it once only."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
