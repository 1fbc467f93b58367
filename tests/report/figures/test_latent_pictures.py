"""Small pictures of one latent."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from unknot.report.figures.latent_pictures import (
    HEIGHT,
    WIDTH,
    change_picture,
    data_address,
    film,
    histogram,
)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_film_shows_every_image_in_its_place(channels: int) -> None:
    images = noise(2, 9, channels, 8, 8)
    pixels = np.asarray(film(images, 64).convert("RGB"))
    assert pixels.shape == (16, 72, 3)
    expected = np.broadcast_to(images[1, 4], (3, 8, 8)).transpose(1, 2, 0)
    assert np.array_equal(pixels[8:16, 32:40], expected)


def test_a_film_of_two_channels_is_red_and_green() -> None:
    pixels = np.asarray(film(noise(1, 1, 2, 8, 8), 64))
    assert np.array_equal(pixels[..., :2], noise(2, 8, 8).transpose(1, 2, 0))
    assert not pixels[..., 2].any()


def test_large_images_are_made_smaller() -> None:
    assert film(noise(2, 3, 3, 40, 20), 10).size == (3 * 5, 2 * 10)


def test_a_change_is_opaque_where_it_is_largest() -> None:
    change = np.zeros((8, 8))
    change[2, 5], change[3, 3] = 4.0, 1.0
    picture = change_picture(change, noise(3, 8, 8), 64)
    alpha = np.asarray(picture)[..., 3]
    assert picture.mode == "RGBA"
    assert alpha[2, 5] == 255
    assert alpha[0, 0] < alpha[3, 3] < 255
    red, _, blue = np.asarray(picture)[2, 5, :3].astype(int)
    assert red > blue + 100


def test_the_fourth_channel_is_not_behind_a_change() -> None:
    images = noise(4, 8, 8)
    assert change_picture(np.ones((8, 8)), images, 64) == change_picture(
        np.ones((8, 8)), images[:3], 64
    )


def test_no_change_is_the_faint_picture_alone() -> None:
    backdrop = noise(3, 8, 8)
    pixels = np.asarray(change_picture(np.zeros((8, 8)), backdrop, 64))
    assert np.array_equal(pixels[..., 0], backdrop.mean(0).round())
    assert len(np.unique(pixels[..., 3])) == 1


def _levels(path: str) -> list[int]:
    return [int(part.split("h")[0]) for part in path.split("V")[1:-1]]


def test_a_histogram_has_the_shape_of_the_codes_beside_the_prior() -> None:
    codes = np.random.default_rng(0).normal(0, 1, 20_000)
    outline = histogram(codes)
    prior = [int(point.split(",")[1]) for point in outline.prior[1:].split()]
    bars = _levels(outline.bars)
    assert np.abs(np.array(bars) - (np.array(prior[1:]) + prior[:-1]) / 2).max() < 8
    assert outline.ticks == (40, 160, 280)
    assert min(bars) == 0


def test_a_histogram_reaches_as_far_as_the_codes() -> None:
    outline = histogram(np.linspace(-12, 12, 1000))
    assert outline.ticks == (WIDTH // 2 - 40, WIDTH // 2, WIDTH // 2 + 40)
    assert max(_levels(outline.bars)) < HEIGHT


def test_a_picture_takes_no_more_than_it_may() -> None:
    picture = film(noise(2, 9, 3, 32, 32), 64)
    large, small = data_address(picture, 10**6), data_address(picture, 10_000)
    assert len(small) < len(large)
    smallest = data_address(picture, 10)
    assert 10 < len(smallest) <= len(small)
    head, content = small.split(",")
    assert head == "data:image/webp;base64"
    with Image.open(io.BytesIO(base64.b64decode(content))) as opened:
        assert opened.size == picture.size


def test_without_webp_a_picture_is_a_png(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.features.check", lambda name: name != "webp")
    assert data_address(film(noise(1, 1, 3, 8, 8), 64), 1000).startswith("data:image/png;")
