"""One picture -> the pixels of one image: cropped, resized, upright, in sRGB or grey."""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, JpegImagePlugin

from unknot.data.preparation import Preparation
from unknot.data.raster.color_profiles import SPACES, to_srgb
from unknot.data.raster.picture_files import (
    Frame,
    UnreadableImage,
    decoding,
    find_orientation,
    read_frames,
)
from unknot.data.raster.raw_values import read_raw_values
from unknot.data.raster.value_ranges import RawValues, ValueRange, usual_range

CELEBA_SIZE, CELEBA_CROP = (178, 218), 148
JPEG_FACTORS = (8, 4, 2)  # by which its decoder can shrink, 8x8 coefficients being cut
OVERSAMPLING = 3  # pixels left, at least, for each pixel of the image
GREY_LEVELS = 2  # between the channels of a grey picture that was stored in color
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
ON_ITS_SIDE = (5, 6, 7, 8)
"""The orientations that swap height and width."""
MAX_BAND_PIXELS = 2**24  # that are laid over white at once
OPACITY = 4  # channels: colors and opacity


class Drawn(NamedTuple):
    """The image of one frame.

    Attributes:
        pixels: shape `(channel, height, width)`.
        is_profile_damaged: whether it has a color profile that could not be used.
    """

    pixels: NDArray[np.uint8]
    is_profile_damaged: bool


def decode(
    content: bytes,
    preparation: Preparation,
    num_channels: int,
    ranges: Mapping[str, ValueRange] | None = None,
) -> NDArray[np.uint8]:
    """Decode, crop, resize and turn upright one picture, the first of a file.

    Args:
        content: the bytes of a file in a format that Pillow reads.
        preparation: crop and size.
        num_channels: 1 (grey), 3 (RGB) or 4 (RGB laid over white, and opacity).
        ranges: black and white of values that are no bytes, by kind.

    Returns:
        Pixels, shape `(channel, height, width)`.

    Raises:
        UnreadableImage: if it is not a picture, is damaged, or is too large or small to use.
    """
    frame = next(
        read_frames(content, shrink=partial(shrink_while_decoding, preparation=preparation))
    )
    return draw(frame, preparation, num_channels, ranges).pixels


def to_pixels(
    picture: Image.Image,
    preparation: Preparation,
    num_channels: int,
    ranges: Mapping[str, ValueRange] | None = None,
) -> NDArray[np.uint8]:
    """Crop, resize and turn upright a picture that is loaded; as `decode`."""
    frame = Frame(
        picture=picture,
        raw=read_raw_values(b"", picture, 0),
        whole=picture.size,
        orientation=find_orientation(picture) or 1,
        number=0,
        num_frames=1,
        is_metadata_damaged=False,
    )
    return draw(frame, preparation, num_channels, ranges).pixels


def draw(
    frame: Frame,
    preparation: Preparation,
    num_channels: int,
    ranges: Mapping[str, ValueRange] | None = None,
) -> Drawn:
    """Make the image of a loaded picture; arguments and errors as in `decode`.

    A value that its range does not hold becomes black or white where `ranges` are given, and makes
    the picture unreadable where they are not.
    """
    picture, profile = frame.picture, frame.picture.info.get("icc_profile")
    mode, is_usable = "L" if num_channels == 1 else "RGB", True
    with decoding():
        if frame.raw:
            picture = frame.raw.to_picture(_range(frame.raw, ranges))
        flat = _flatten(picture)
        if not profile and flat.mode != mode:
            flat = flat.convert(mode)
        fitted = _fit(flat, frame, preparation)
        if profile:
            fitted, is_usable = to_srgb(fitted, profile)
            fitted = fitted if fitted.mode == mode else fitted.convert(mode)
        pixels = _upright(fitted, frame)
        if num_channels == OPACITY:
            opacity = _upright(_fit(_opacity(picture), frame, preparation), frame)
            pixels = np.concatenate([pixels, opacity])
    return Drawn(pixels=pixels, is_profile_damaged=not is_usable)


def _upright(picture: Image.Image, frame: Frame) -> NDArray[np.uint8]:
    """Turn a picture by its EXIF; its pixels, channels first."""
    turn = TURNS.get(frame.orientation)
    pixels = np.asarray(picture if turn is None else picture.transpose(turn))
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def fit_channels(values: NDArray[np.uint8], preparation: Preparation) -> NDArray[np.uint8]:
    """Crop and resize channels that are no colors, each for itself.

    Args:
        values: shape `(height, width, channel)`.
        preparation: crop and size.

    Returns:
        Shape `(channel, height, width)`.

    Raises:
        UnreadableImage: if the image is smaller than the crop.
    """
    channels = map(Image.fromarray, np.ascontiguousarray(values.transpose(2, 0, 1)))
    return np.concatenate([to_pixels(channel, preparation, 1) for channel in channels])


def _range(raw: RawValues, ranges: Mapping[str, ValueRange] | None) -> ValueRange:
    if ranges and raw.kind in ranges:
        return ranges[raw.kind]
    black, white = usual_range(raw.kind)
    measured = raw.measure()
    if not (black <= measured.low and measured.high <= white):
        raise UnreadableImage(f"holds {raw.kind} values outside {black:,} to {white:,}")
    return ValueRange(black, white)


def _flatten(picture: Image.Image) -> Image.Image:
    """Convert to L, RGB or CMYK, alpha over white."""
    if picture.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(picture, lab, srgb, outputMode="RGB") or picture
    if picture.has_transparency_data:
        straight = picture.convert("LA") if picture.mode == "La" else picture
        return _over_white(straight, "L" if picture.mode in ("LA", "La", "L", "1") else "RGB")
    if picture.mode == "1":
        return picture.convert("L")
    return picture if picture.mode in SPACES.values() else picture.convert("RGB")


def _over_white(picture: Image.Image, mode: str) -> Image.Image:
    """Lay a picture over white, in bands of a large one: it is copied several times."""
    width, height = picture.size
    rows = max(1, MAX_BAND_PIXELS // width)
    if rows >= height:
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture.convert("RGBA")).convert(mode)
    flat = Image.new(mode, picture.size)
    for top in range(0, height, rows):
        band = picture.crop((0, top, width, min(top + rows, height)))
        band.info = picture.info
        flat.paste(_over_white(band, mode), (0, top))
    return flat


def _opacity(picture: Image.Image) -> Image.Image:
    """Give the opacity of each pixel, 255 where the picture knows none."""
    if not picture.has_transparency_data:
        return Image.new("L", picture.size, 255)
    straight = picture.convert("LA") if picture.mode == "La" else picture
    return straight.convert("RGBA").getchannel("A")


def _fit(flat: Image.Image, frame: Frame, preparation: Preparation) -> Image.Image:
    """Crop and resize; the crop is of the picture before it was shrunk."""
    left, top, right, bottom = crop_box(frame.whole, preparation, frame.orientation)
    factor = round(frame.whole[0] / flat.width)
    box = left / factor, top / factor, right / factor, bottom / factor
    size = _size_as_stored(preparation, frame.orientation)
    if flat.size == size and box == (0, 0, *size):
        return flat
    return flat.resize(size, Image.Resampling.BICUBIC, box=box)


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
    is_jpeg = isinstance(picture, JpegImagePlugin.JpegImageFile)  # EXIF of others is not read yet
    orientation = find_orientation(picture) or 1 if is_jpeg else 1
    left, top, right, bottom = crop_box(picture.size, preparation, orientation)
    width, height = _size_as_stored(preparation, orientation)
    room = min((right - left) // width, (bottom - top) // height) // OVERSAMPLING
    factor = next((factor for factor in JPEG_FACTORS if factor <= room), 1)
    if factor > 1:
        picture.draft(None, (picture.width // factor, picture.height // factor))


def _size_as_stored(preparation: Preparation, orientation: int) -> tuple[int, int]:
    """Give width and height of the image as it lies before it is turned upright."""
    width, height = preparation.width, preparation.height
    return (height, width) if orientation in ON_ITS_SIDE else (width, height)


def crop_box(
    picture_size: tuple[int, int], preparation: Preparation, orientation: int = 1
) -> tuple[int, int, int, int]:
    """Find the part of a picture that the crop leaves.

    Args:
        picture_size: width and height in pixels.
        preparation: crop and size.
        orientation: how the picture lies, by EXIF.

    Returns:
        Left, top, right, bottom in pixels.

    Raises:
        UnreadableImage: if the picture is smaller than the crop.
    """
    (width, height), crop = picture_size, preparation.crop
    if crop == "none":
        return 0, 0, width, height
    if crop.isdigit():
        across = down = int(crop)
    elif preparation.is_square and picture_size == CELEBA_SIZE:
        across = down = CELEBA_CROP
    else:
        across, down = _largest_part(picture_size, _size_as_stored(preparation, orientation))
    if across > width or down > height:
        raise UnreadableImage(f"{width}x{height} is smaller than the crop of {crop}")
    left, top = (width - across) // 2, (height - down) // 2
    return left, top, left + across, top + down


def _largest_part(picture_size: tuple[int, int], wanted: tuple[int, int]) -> tuple[int, int]:
    """Give width and height of the largest part of a picture that has the shape of another."""
    (width, height), (across, down) = picture_size, wanted
    if width * down > height * across:
        return max(1, round(height * across / down)), height
    return width, max(1, round(width * down / across))


def is_grey_mode(mode: str) -> bool:
    """Tell whether Pillow's name of a mode is one without colors."""
    return mode in ("1", "L", "LA", "La", "F") or mode.startswith("I")


def is_grey_frame(frame: Frame) -> bool:
    """Tell whether a picture is stored without colors."""
    if frame.raw and frame.raw.values.ndim == 3:
        return frame.raw.values.shape[2] < 3
    return is_grey_mode(frame.picture.mode)


def has_color(pixels: NDArray[np.uint8]) -> bool:
    """Tell whether an image, `(3, height, width)`, is more than grey that was stored in color.

    Compression and color profiles part the channels of a grey picture by a level or two.
    """
    red, green, blue = pixels.astype(np.int16)
    differences = (red - green, green - blue, blue - red)
    return any(int(np.abs(difference).max()) > GREY_LEVELS for difference in differences)


def to_grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give the brightness of an RGB image: `(3, height, width)` to `(1, height, width)`."""
    return np.asarray(Image.fromarray(pixels.transpose(1, 2, 0)).convert("L"))[None]
