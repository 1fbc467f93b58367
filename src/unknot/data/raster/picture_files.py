"""The bytes of a file -> loaded pictures: formats, pages and frames, damage."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from PIL import Image

from unknot.data.image_files import reads_heic
from unknot.data.preparation import MAX_PIXELS
from unknot.data.raster.decoder_limits import (
    MAX_FRAMES,
    silence_libtiff,
    too_many_pixels,
    too_much_work,
)
from unknot.data.raster.heic import HeicReaders, is_heic
from unknot.data.raster.raw_values import describe_tiff, read_raw_values, without_metadata
from unknot.data.raster.value_ranges import RawValues

FORMATS = (
    *("JPEG", "PNG", "GIF", "BMP", "DIB", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM"),
    *("QOI", "TGA"),
)
"""What files are read as, whatever their names say; Pillow would run programs for some others."""
MANY_FRAMES = ("TIFF", "GIF", "WEBP", "PNG", "AVIF")
"""Formats whose further pictures are pages or frames; a JPEG's are previews and depth maps."""
PAGE_KIND, PREVIEW, MASK = 254, 1, 4  # a TIFF's tag, and the kinds of page that are no pictures
ORIENTATION_TAG = 0x0112


class UnreadableImage(Exception):
    """One picture cannot be used; the message says why in a few words.

    Not a ValueError, which decoders raise.

    Args:
        reason: the message.
        is_passing: whether the file could not be had, which says nothing of its content: it may be
            read another time.
    """

    def __init__(self, reason: str, *, is_passing: bool = False) -> None:
        super().__init__(reason)
        self.is_passing = is_passing


class DamagedImage(UnreadableImage):
    """A decoder gave up."""


class Frame(NamedTuple):
    """One picture of a file, loaded.

    Attributes:
        picture: as Pillow gives it.
        raw: its values, where they are no bytes.
        whole: its width and height before it was shrunk.
        orientation: how it lies, by EXIF; 1 is upright.
        number: its position in the file.
        num_frames: how many the file holds.
        is_metadata_damaged: whether its EXIF or color profile cannot be read.
    """

    picture: Image.Image
    raw: RawValues | None
    whole: tuple[int, int]
    orientation: int
    number: int
    num_frames: int
    is_metadata_damaged: bool


def read_frames(
    content: bytes,
    frames: str = "first",
    shrink: Callable[[Image.Image], None] | None = None,
    heic: HeicReaders | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Iterator[Frame]:
    """Decode the picture, or every page or frame, of a file.

    Args:
        content: the bytes of the file.
        frames: `first` or `all`.
        shrink: called with each picture before it is loaded.
        heic: decodes HEIC; by default a process of its own for this file.
        max_pixels: that the picture may have.

    Raises:
        UnreadableImage: if it is not a picture, is damaged, or is too large.
    """
    num_read = 0
    try:
        for frame in _frames(content, frames, shrink, heic, max_pixels):
            yield frame
            num_read += 1
    except DamagedImage:
        pixels_only = without_metadata(content)
        if num_read or pixels_only == content:
            raise
        for frame in _frames(pixels_only, frames, shrink, heic, max_pixels):
            yield frame._replace(is_metadata_damaged=True)


def _frames(
    content: bytes,
    frames: str,
    shrink: Callable[[Image.Image], None] | None,
    heic: HeicReaders | None,
    max_pixels: int,
) -> Iterator[Frame]:
    with decoding(content), open_picture(content, heic, max_pixels) as picture:
        numbers = _frame_numbers(picture)
        for number in numbers if frames == "all" else numbers[:1]:
            if number > 0:
                picture.seek(number)
                _check_pixels(picture, max_pixels)
            size = picture.size
            if shrink:
                shrink(picture)
            is_shrunk = picture.size != size
            raw = read_raw_values(content, picture, number, max_pixels)
            picture.load()
            orientation = find_orientation(picture)
            no_profile = picture.info.get("icc_profile", b"?") is None
            yield Frame(
                picture=picture,
                raw=raw,
                whole=size if is_shrunk else picture.size,
                orientation=orientation or 1,
                number=number,
                num_frames=len(numbers),
                is_metadata_damaged=orientation is None or no_profile,
            )


@contextmanager
def decoding(content: bytes = b"") -> Iterator[None]:
    """Turn what decoders raise into `UnreadableImage`.

    Any exception can be a decoder's way to say that a file is damaged.
    """
    try:
        yield
    except UnreadableImage:
        raise
    except Image.UnidentifiedImageError:
        raise _unidentified(content) from None
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DamagedImage(f"damaged: {reason}") from None


def open_picture(
    content: bytes, heic: HeicReaders | None = None, max_pixels: int = MAX_PIXELS
) -> Image.Image:
    """Read a picture's header; HEIC is decoded at once, in another process.

    Raises:
        UnreadableImage: if its decoder would have too much to do.
    """
    if is_heic(content) and reads_heic():
        if heic is not None:
            return heic.decode(content, max_pixels)
        with HeicReaders() as readers:
            return readers.decode(content, max_pixels)
    picture = Image.open(io.BytesIO(content), formats=FORMATS)
    if picture.format == "TIFF":
        silence_libtiff()
    if reason := too_much_work(content, picture, max_pixels):
        raise UnreadableImage(reason)
    return picture


def _check_pixels(picture: Image.Image, max_pixels: int) -> None:
    if picture.width * picture.height > max_pixels:
        raise UnreadableImage(too_many_pixels(picture.size, max_pixels))


def _unidentified(content: bytes) -> UnreadableImage:
    if is_heic(content):
        return UnreadableImage("HEIC, which needs `pip install 'unknot[heic]'`")
    if kind := describe_tiff(content):
        return UnreadableImage(f"{kind}, which Pillow cannot read; store 8-bit RGB or 16-bit grey")
    # a PNG whose text is damaged is not known as one
    return DamagedImage("not a picture that Pillow can read")


def _frame_numbers(picture: Image.Image) -> list[int]:
    """List the pages or frames that are pictures: no previews, no masks."""
    num = getattr(picture, "n_frames", 1) if picture.format in MANY_FRAMES else 1
    if num > MAX_FRAMES:
        raise UnreadableImage(f"has more than {MAX_FRAMES:,} pages or frames")
    if num == 1 or picture.format != "TIFF":
        return list(range(num))
    numbers = [0]
    for number in range(1, num):
        picture.seek(number)
        tags = getattr(picture, "tag_v2", {})
        if not int(tags.get(PAGE_KIND, 0)) & (PREVIEW | MASK):
            numbers.append(number)
    picture.seek(0)
    return numbers


def find_orientation(picture: Image.Image) -> int | None:
    """Read how a picture lies, by EXIF: 1 to 8; None if EXIF is damaged."""
    try:
        orientation = picture.getexif().get(ORIENTATION_TAG, 1)
    except Exception:  # Pillow reads numbers and offsets of the file as they come
        return None
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1
