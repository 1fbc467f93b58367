"""Encoded pictures -> pixels: decodes, crops and resizes in parallel threads.

Pillow releases the interpreter lock while it decodes and resizes, so threads suffice.
"""

import hashlib
import io
import os
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unknot.common.progress import Progress
from unknot.data.preparation import Preparation

MAX_PIXELS = 100_000_000
CELEBA_SIZE, CELEBA_CROP = (178, 218), 148
JPEG_FACTORS = (8, 4, 2)  # by which its decoder can shrink, 8x8 coefficients being cut
OVERSAMPLING = 3  # pixels left, at least, for each pixel of the image
CHUNK = 64
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
DAMAGED = (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, struct.error)
"""What Pillow's decoders raise on damaged files."""


class UnreadableImage(Exception):
    """One picture cannot be used; the message says why in a few words.

    Not a ValueError, which decoders raise.
    """


def decode(content: bytes, preparation: Preparation, num_channels: int) -> NDArray[np.uint8]:
    """Decode, crop, resize and turn upright one picture.

    Args:
        content: the bytes of a file in a format that Pillow reads.
        preparation: crop and size.
        num_channels: 1 (grey) or 3 (RGB).

    Returns:
        Pixels, shape `(channel, size, size)`.

    Raises:
        UnreadableImage: if it is not a picture, is damaged, or is too large or small to use.
    """
    try:
        with Image.open(io.BytesIO(content)) as picture:
            _check_pixels(picture)
            whole = picture.size
            shrink_while_decoding(picture, preparation)
            picture.load()
            return to_pixels(picture, preparation, num_channels, whole)
    except Image.UnidentifiedImageError:
        raise UnreadableImage("not a picture that Pillow can read") from None
    except Image.DecompressionBombError:
        raise UnreadableImage(f"has more than {MAX_PIXELS:,} pixels") from None
    except DAMAGED as error:
        raise UnreadableImage(f"damaged: {' '.join(str(error).split())}") from None


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
    whole = whole or picture.size
    factor = round(whole[0] / picture.width)
    turn = TURNS.get(picture.getexif().get(ORIENTATION_TAG, 1))
    flat = _to_mode(picture, "L" if num_channels == 1 else "RGB")
    left, top, right, bottom = crop_box(whole, preparation.crop)
    box = left / factor, top / factor, right / factor, bottom / factor
    size = (preparation.size, preparation.size)
    if flat.size != size or box != (0, 0, *size):
        flat = flat.resize(size, Image.Resampling.BICUBIC, box=box)
    if turn is not None:
        flat = flat.transpose(turn)
    pixels = np.asarray(flat)
    return pixels[None] if num_channels == 1 else pixels.transpose(2, 0, 1)


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


def _check_pixels(picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise UnreadableImage(f"{width}x{height} has more than {MAX_PIXELS:,} pixels")


def _to_mode(picture: Image.Image, mode: str) -> Image.Image:
    """Convert to L or RGB: 16 bits scaled, alpha over white, the first frame of an animation."""
    if picture.mode.startswith("I"):  # 16-bit grey, which Pillow would clip at 255
        values = np.asarray(picture).astype(np.int64)
        picture = Image.fromarray((np.clip(values, 0, 65535) // 257).astype(np.uint8))
    elif picture.mode == "F":
        values = np.asarray(picture)
        if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
            raise UnreadableImage("floating-point pixels outside 0 to 1")
        picture = Image.fromarray((values * 255 + 0.5).astype(np.uint8))
    if picture.has_transparency_data:
        with_alpha = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, with_alpha)
    return picture if picture.mode == mode else picture.convert(mode)


def are_grey(read: Callable[[int], bytes], num: int) -> bool:
    """Tell whether up to 64 evenly spaced pictures all are grey, those apart that cannot be read.

    Args:
        read: the bytes of picture number i.
        num: how many pictures there are.
    """
    modes = set()
    for index in np.unique(np.linspace(0, num - 1, min(num, 64)).astype(int)):
        try:
            with _without_warnings(), Image.open(io.BytesIO(read(int(index)))) as picture:
                modes.add(picture.mode)
        except (*DAMAGED, UnreadableImage, Image.DecompressionBombError):
            continue
    return bool(modes) and all(map(is_grey_mode, modes))


def is_grey_mode(mode: str) -> bool:
    """Tell whether Pillow's name of a mode is one without colors."""
    return mode in ("1", "L", "LA", "La", "F") or mode.startswith("I")


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Silence Pillow's notes on odd metadata. The filters are the process's: enter it once only."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def decode_all(
    read: Callable[[int], bytes],
    num: int,
    preparation: Preparation,
    num_channels: int,
    pixels: Path,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[list[bytes], dict[int, str]]:
    """Decode every picture into one file of uint8 pixels, a row per picture.

    Rows are written, not mapped, so that a full disk is an error and not a crash. The row of a
    picture that cannot be read is left empty.

    Args:
        read: the bytes of picture number i; called from several threads.
        num: how many pictures there are.
        preparation: crop and size.
        num_channels: 1 or 3.
        pixels: the file to write.
        workers: threads; by default one per core.
        progress: called after each chunk.

    Returns:
        A digest of each picture's bytes, and the reason for each that could not be read.
    """
    shape = (num_channels, preparation.size, preparation.size)
    row_bytes = int(np.prod(shape))
    digests = [b""] * num
    unreadable: dict[int, str] = {}
    lock = threading.Lock()
    done = 0

    with pixels.open("wb") as file:

        def work(start: int) -> None:
            nonlocal done
            chunk = range(start, min(start + CHUNK, num))
            rows = np.zeros((len(chunk), *shape), np.uint8)
            for row, index in enumerate(chunk):
                try:
                    content = read(index)
                    digests[index] = hashlib.blake2b(content, digest_size=16).digest()
                    rows[row] = decode(content, preparation, num_channels)
                except UnreadableImage as error:
                    unreadable[index] = str(error)
            with lock:
                file.seek(start * row_bytes)
                file.write(rows.data)
                done += len(chunk)
                if progress:
                    progress("decoding", done, num)

        with _without_warnings(), ThreadPoolExecutor(workers or os.cpu_count()) as pool:
            try:
                for _ in pool.map(work, range(0, num, CHUNK)):
                    pass
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    return digests, unreadable


def drop_rows(pixels: Path, row_bytes: int, num: int, dropped: set[int]) -> None:
    """Close the gaps that unreadable pictures left in a file of rows, in place."""
    position = 0
    with pixels.open("r+b") as file:
        for index in range(num):
            if index in dropped:
                continue
            if position != index:
                file.seek(index * row_bytes)
                row = file.read(row_bytes)
                file.seek(position * row_bytes)
                file.write(row)
            position += 1
        file.truncate(position * row_bytes)
