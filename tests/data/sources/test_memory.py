"""Arrays, tensors and Pillow images."""

import numpy as np
import pytest
import torch

from tests.data.pictures import picture
from unknot.common.errors import UserError
from unknot.data.load import load_images


def test_arrays_tensors_and_pillow_images_agree() -> None:
    pictures = [picture(i, (32, 32)) for i in range(20)]
    array = np.stack([np.asarray(p) for p in pictures])
    attributes = {"odd": [i % 2 for i in range(20)]}
    factors = {"place": np.linspace(0, 1, 20)}
    sets = [
        load_images(source, size=32, attributes=attributes, factors=factors)
        for source in (
            pictures,
            array,
            array.transpose(0, 3, 1, 2),
            torch.from_numpy(array.transpose(0, 3, 1, 2).copy()),
            array.astype(np.float32) / 255,
        )
    ]
    for images in sets:
        assert np.array_equal(images.images, array.transpose(0, 3, 1, 2))
        assert images.labels.attribute_names == ("odd",)
        assert images.labels.factors[:, 0].tolist() == factors["place"].tolist()
    assert len({images.fingerprint for images in sets}) == 1
    assert load_images(array[..., 0], size=32).image_shape == (1, 32, 32)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros((5, 32, 32, 4), np.uint8), "has shape"),
        (np.zeros((5, 32, 32, 3), np.int64), "it must be uint8"),
        (np.full((5, 32, 32, 3), 2.0), "between 0 and 1"),
        (np.full((5, 32, 32, 3), np.nan), "between 0 and 1"),
        ([1, 2, 3], "cannot load images from list"),
        ([], "cannot load images from list"),
        (42, "cannot load images from int"),
    ],
)
def test_arrays_that_are_no_images(source: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_images(source, size=32)


def test_labels_of_the_wrong_length() -> None:
    array = np.random.default_rng(0).integers(0, 255, (9, 32, 32, 3), dtype=np.uint8)
    with pytest.raises(UserError, match="one value for each of the 9"):
        load_images(array, size=32, attributes={"odd": [1, 0]})
    with pytest.raises(UserError, match="not 1, 0 or -1"):
        load_images(array, size=32, attributes={"odd": [5] * 9})


def test_the_same_pixels_with_other_labels_are_another_entry() -> None:
    array = np.stack([np.asarray(picture(i, (32, 32))) for i in range(20)])
    odd = [i % 2 for i in range(20)]
    folders = {
        load_images(array, size=32, **labels).folder
        for labels in (
            {},
            {"attributes": {"odd": odd}},
            {"attributes": {"even": odd}},
            {"attributes": {"odd": odd[::-1]}},
            {"factors": {"odd": odd}},
        )
    }
    assert len(folders) == 5
