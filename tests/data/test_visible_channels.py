"""What is seen of images of one to four channels."""

import numpy as np
import pytest

from unknot.data.visible_channels import CHANNEL_NAMES, WHAT_IS_SEEN, visible


def _images(num_channels: int) -> np.ndarray:
    shape = (5, num_channels, 6, 7)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("num_channels", [1, 3])
def test_grey_and_colors_are_seen_as_they_are(num_channels: int) -> None:
    assert np.array_equal(visible(_images(num_channels)), _images(num_channels))
    assert set(CHANNEL_NAMES) - set(WHAT_IS_SEEN) == {1, 3}


def test_two_channels_are_red_and_green() -> None:
    seen = visible(_images(2))
    assert seen.shape == (5, 3, 6, 7)
    assert seen.dtype == np.uint8
    assert np.array_equal(seen[:, :2], _images(2))
    assert not seen[:, 2].any()


def test_the_fourth_channel_is_not_seen() -> None:
    assert np.array_equal(visible(_images(4)), _images(4)[:, :3])
    assert np.array_equal(visible(_images(4)[None]), _images(4)[None, :, :3])
