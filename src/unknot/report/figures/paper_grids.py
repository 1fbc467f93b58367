"""Images in rows and columns for a paper: sharp pixels, a label for each row and column."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.visible_channels import visible
from unknot.report.figures.papers import TEXT_POINTS, TICK_POINTS, text_width

GAP = 0.02  # inches between tiles, as are the sizes below
LABEL_PAD = 0.05
LINE_HEIGHT = 1.35 / 72  # for each point of type
LEAST_TILE = 0.24  # two lines of a row's label beside it
LEAST_PPI = 600  # pixels of images are repeated up to this, so that no viewer blurs them


def image_grid(
    images: NDArray[np.uint8],
    *,
    width: float,
    row_labels: Sequence[str],
    column_labels: Sequence[str] = (),
    xlabel: str = "",
) -> Figure:
    """Draw images in rows and columns.

    Args:
        images: uint8, shape `(rows, columns, channel, height, width)`, 1 to 4 channels.
        width: of the figure in inches.
        row_labels: text at the left of each row; may have two lines.
        column_labels: text below each column.
        xlabel: what the columns are, below these.

    Raises:
        UserError: if that leaves too little room for an image.
    """
    left = max(text_width(label) for label in row_labels) + 2 * LABEL_PAD
    bottom = LABEL_PAD if column_labels else 0.0
    bottom += LINE_HEIGHT * TICK_POINTS * bool(column_labels)
    bottom += LINE_HEIGHT * TEXT_POINTS * bool(xlabel)
    rows, columns = images.shape[:2]
    tile = (width - left - (columns - 1) * GAP) / columns
    if tile < LEAST_TILE:
        raise UserError(
            f"{columns} images in a row are too small to see in a figure {width:.3g} inches wide; "
            "give fewer images or a larger width"
        )
    sheet = _sheet(images, tile)
    grid_height = (width - left) * sheet.shape[0] / sheet.shape[1]
    height = bottom + grid_height
    figure = Figure(figsize=(width, height))
    axis = figure.add_axes(
        (left / width, bottom / height, 1 - left / width, grid_height / height), frameon=False
    )
    axis.imshow(sheet, interpolation="none", aspect="auto", cmap="gray", vmin=0, vmax=255)
    axis.tick_params(length=0, pad=LABEL_PAD * 72 / 2)
    axis.set_yticks(_centers(sheet.shape[0], rows), row_labels, fontsize=TICK_POINTS)
    axis.set_xticks(
        _centers(sheet.shape[1], columns) if column_labels else [],
        column_labels,
        fontsize=TICK_POINTS,
    )
    axis.set_xlabel(xlabel)
    return figure


def _sheet(images: NDArray[np.uint8], tile: float) -> NDArray[np.uint8]:
    """Lay images out on white, `(height, width)` or `(height, width, 3)`, each pixel repeated.

    Args:
        images: shape `(rows, columns, channel, height, width)`.
        tile: width of an image in inches.
    """
    images = visible(images)
    rows, columns, channels, height, width = images.shape
    repeats = ceil(LEAST_PPI * tile / width)
    large = images.repeat(repeats, axis=3).repeat(repeats, axis=4)
    gap = max(1, round(GAP / tile * width * repeats))
    padded = np.pad(large, [(0, 0)] * 3 + [(0, gap)] * 2, constant_values=255)
    sheet = padded.transpose(0, 3, 1, 4, 2).reshape(
        rows * (height * repeats + gap), columns * (width * repeats + gap), channels
    )[:-gap, :-gap]
    return sheet[..., 0] if channels == 1 else sheet


def _centers(length: int, num: int) -> NDArray[np.float64]:
    """Find the middles of `num` tiles in so many pixels."""
    return (np.arange(num) + 0.5) * length / num - 0.5
