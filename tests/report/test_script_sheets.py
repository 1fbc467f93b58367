"""Sheets that the page's scripts cut up."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from unknot.report.script_sheets import LONGEST_SHEET, sheet_address


def opened(address: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(address.split(",")[1])))


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_lossless_sheet_holds_what_is_seen(channels: int) -> None:
    images = noise(2, 3, channels, 30, 28)
    sheet = np.asarray(opened(sheet_address(images, lossless=True)).convert("RGB"))
    assert sheet.shape == (60, 84, 3)
    place = sheet[30:, 28:56].transpose(2, 0, 1)
    assert np.array_equal(place[0], images[1, 1, 0])
    assert np.array_equal(place[1], images[1, 1, min(channels - 1, 1)])


@pytest.mark.parametrize(
    ("shape", "size"),
    [((64, 48), (96, 192)), ((128, 128), (256, 384)), ((256, 192), (192, 384))],
)
def test_large_images_are_reduced_on_a_sheet(shape: tuple, size: tuple) -> None:
    assert opened(sheet_address(noise(3, 2, 3, *shape))).size == size


def test_a_sheet_of_many_rows_can_be_written() -> None:
    sheet = opened(sheet_address(noise(300, 1, 1, 128, 100)))
    assert sheet.height <= LONGEST_SHEET
    assert sheet.height == 300 * int(sheet.width * 1.28 + 0.5)
