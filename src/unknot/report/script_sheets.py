"""Sheets of images that the page's scripts cut up again."""

import io
from math import floor

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from unknot.data.visible_channels import visible
from unknot.report.browser_decoder import encoded
from unknot.report.figures.latent_pictures import EFFORT

MOST_TILE = 128  # pixels of the larger side of an image, where the sheet may lose something
LONGEST_SHEET = 15_000  # pixels, but for rounding; WebP ends at 16,383
QUALITY = 80


def sheet_address(rows: NDArray[np.uint8], *, lossless: bool = False) -> str:
    """Images `(rows, columns, channel, height, width)` as one sheet, as a data address.

    Large ones are reduced where the sheet may lose something; `Page.drawRow` asks the sheet for
    their size.
    """
    num_rows, num_columns, _, height, width = rows.shape
    seen = visible(rows).transpose(0, 3, 1, 4, 2)
    sheet = seen.reshape(num_rows * height, num_columns * width, -1)
    picture = Image.fromarray(sheet[..., 0] if sheet.shape[2] == 1 else sheet)
    tile = (width, height) if lossless else _tile_size(rows.shape)
    if tile != (width, height):
        size = (num_columns * tile[0], num_rows * tile[1])
        picture = picture.resize(size, Image.Resampling.BOX)
    file = io.BytesIO()
    if lossless:
        kind = "PNG"
        picture.save(file, kind)
    else:
        kind = "WEBP" if features.check("webp") else "JPEG"
        picture.save(file, kind, quality=QUALITY, method=EFFORT)
    return f"data:image/{kind.lower()};base64,{encoded(file.getvalue())}"


def _tile_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Choose width and height of an image on a sheet.

    Args:
        shape: rows, columns, channels, height, width.
    """
    num_rows, num_columns, _, height, width = shape
    limits = MOST_TILE / max(height, width), LONGEST_SHEET / (num_rows * height)
    scale = min(1, *limits, LONGEST_SHEET / (num_columns * width))
    across = max(1, floor(scale * width))
    return across, max(1, floor(height * across / width + 0.5))  # as JavaScript rounds
