"""Images side by side on one sheet, with words where they help."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from unknot.data.visible_channels import visible

LEAST_TILE, MOST_TILE = 56, 128  # pixels of the larger side of an image on a sheet
SAMPLE_SEED = 0  # of the random sample in an experiment's folder
PAPER, INK = (250, 250, 248), (40, 40, 44)
GAP = 2


def sheet(
    images: NDArray[np.uint8], *, row_labels: Sequence[str] = (), title: str = ""
) -> Image.Image:
    """Lay images out in rows and columns; small ones enlarged, large ones reduced.

    Args:
        images: uint8, shape `(rows, columns, channel, height, width)`, 1 to 4 channels.
        row_labels: a line or two of text at the left of each row.
        title: a line of text above.
    """
    rows, columns = images.shape[:2]
    width, height = tile_size(images.shape[3], images.shape[4])
    margin = _text_width(row_labels) + 2 * GAP if row_labels else GAP
    header = 18 if title else 0
    size = (margin + columns * (width + GAP), header + GAP + rows * (height + GAP))
    page = Image.new("RGB", size, PAPER)
    for row in range(rows):
        for column in range(columns):
            place = (margin + column * (width + GAP), header + GAP + row * (height + GAP))
            page.paste(_tile(images[row, column], (width, height)), place)
    draw = ImageDraw.Draw(page)
    if title:
        draw.text((margin, 2), title, INK, _font())
    for row, label in enumerate(row_labels):
        middle = header + GAP + row * (height + GAP) + height // 2
        draw.multiline_text((GAP * 2, middle), label, INK, _font(), anchor="lm", spacing=2)
    return page


def tile_size(height: int, width: int) -> tuple[int, int]:
    """Choose width and height of an image on a sheet, in its own proportions.

    Args:
        height: of the image in pixels.
        width: likewise.
    """
    larger = max(height, width)
    if larger <= MOST_TILE:
        repeats = -(-LEAST_TILE // larger)
        return repeats * width, repeats * height
    return max(1, round(width * MOST_TILE / larger)), max(1, round(height * MOST_TILE / larger))


def _tile(image: NDArray[np.uint8], size: tuple[int, int]) -> Image.Image:
    """Draw an image of `(channel, height, width)` in so many pixels, sharp where it is enlarged."""
    seen = visible(image).transpose(1, 2, 0)
    picture = Image.fromarray(np.ascontiguousarray(np.broadcast_to(seen, (*seen.shape[:2], 3))))
    is_larger = size[0] > picture.width
    how = Image.Resampling.NEAREST if is_larger else Image.Resampling.BICUBIC
    return picture if size == picture.size else picture.resize(size, how)


def random_sample(
    images: NDArray[np.uint8], *, rng: np.random.Generator, rows: int = 4, columns: int = 10
) -> Image.Image:
    """A random sample of images on one sheet.

    Args:
        images: uint8, shape `(num, channel, height, width)`; may be a memory map.
        rng: chooses them.
        rows: of the sheet; fewer if there are not enough images.
        columns: likewise.
    """
    chosen = sample_indices(len(images), rng=rng, rows=rows, columns=columns)
    columns = min(columns, len(chosen))
    return sheet(images[chosen].reshape(-1, columns, *images.shape[1:]))


def sample_indices(
    num_images: int, *, rng: np.random.Generator, rows: int = 4, columns: int = 10
) -> NDArray[np.int64]:
    """Choose the images of a random sample: whole rows, as many as can be filled.

    Args:
        num_images: to choose from.
        rng: chooses them.
        rows: at most.
        columns: fewer where there are not so many images.

    Returns:
        Their numbers, ascending.
    """
    columns = min(columns, num_images)
    rows = min(rows, num_images // columns)
    return np.sort(rng.choice(num_images, rows * columns, replace=False))


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(12)


def _text_width(labels: Sequence[str]) -> int:
    draw = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    boxes = [draw.multiline_textbbox((0, 0), label, _font()) for label in labels]
    return round(max(right for _, _, right, _ in boxes)) + 4
