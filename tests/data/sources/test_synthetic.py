"""Built-in data as image sets."""

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.data.load import load_images
from unknot.data.sources.sprites import FACTOR_NAMES, draw_sprites
from unknot.data.sources.synthetic import FACES, SPRITES, SyntheticDataset


def test_sprites_as_an_image_set() -> None:
    images = load_images("sprites", num=300, size=32, seed=5)
    assert images.images.shape == (300, 1, 32, 32)
    assert images.labels.factor_names == FACTOR_NAMES
    assert images.labels.factors.dtype == np.float64
    assert np.array_equal(images.images, draw_sprites(images.labels.factors, size=32))
    assert images.info["kind"] == "built-in sprites"
    assert all(len(images.indices(split)) for split in ("train", "validation", "test"))


def test_sprites_are_grey_however_they_are_asked_for() -> None:
    folder = load_images("sprites", num=50, size=32).folder
    assert load_images("sprites", num=50, size=32, color="grey").folder == folder
    for wrong in ({"color": "rgb"}, {"crop": "none"}):
        with pytest.raises(UserError, match="drawn in grey without a crop"):
            load_images("sprites", num=50, size=32, **wrong)
    with pytest.raises(
        UserError, match="size is 28; the built-in sprites are squares of 32, 64, 128 pixels"
    ):
        load_images("sprites", num=50, size=28)
    with pytest.raises(UserError, match="at least 3 sprites"):
        load_images("sprites", num=2)


@pytest.mark.parametrize("dataset", [FACES, SPRITES], ids=["faces", "sprites"])
def test_images_are_drawn_in_order_and_named(dataset: SyntheticDataset) -> None:
    images = load_images(dataset.name, num=600, size=32)  # several chunks
    factors = dataset.sample(600, seed=0)
    assert np.array_equal(images.labels.factors, factors)
    assert np.array_equal(images.images[590:], dataset.draw(factors[512:], size=32)[78:])
    assert images.names[599] == f"{dataset.name_prefix}-000599"
    assert not images.info["repeatable"]


def test_faces_are_in_color_without_a_crop() -> None:
    folder = load_images("faces", num=50, size=32).folder
    assert load_images("faces", num=50, size=32, color="rgb").folder == folder
    for wrong in ({"color": "grey"}, {"crop": 100}):
        with pytest.raises(UserError, match="drawn in RGB without a crop"):
            load_images("faces", num=50, size=32, **wrong)


def test_faces_are_squares_of_any_size() -> None:
    for size in (28, 47, 256):
        assert load_images("faces", num=9, size=size).images.shape == (9, 3, size, size)
    with pytest.raises(UserError, match="size is 96x128; the built-in faces are squares of 28 to"):
        load_images("faces", num=9, size="96x128")
