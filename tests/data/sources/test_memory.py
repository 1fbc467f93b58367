"""Arrays, tensors and Pillow images."""

from collections.abc import Iterator
from itertools import count

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset, IterableDataset

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
        (np.zeros((5, 32, 32, 5), np.uint8), "has shape"),
        (np.zeros((0, 32, 32), np.uint8), "cannot load images from ndarray"),
        (np.zeros((5, 32, 32, 3), np.int64), "it must be uint8"),
        (np.full((5, 32, 32, 3), 2.0), "between 0 and 1"),
        (np.full((5, 32, 32, 3), np.nan), "between 0 and 1"),
        ([1, 2, 3], "cannot load images from int"),
        ([], "cannot load images from list"),
        (42, "cannot load images from int"),
    ],
)
def test_arrays_that_are_no_images(source: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_images(source, size=32)


@pytest.mark.parametrize("num_channels", [2, 4])
def test_arrays_of_two_and_four_channels_are_kept(num_channels: int) -> None:
    array = np.random.default_rng(0).integers(0, 256, (20, 32, 40, num_channels), dtype=np.uint8)
    for source in (array, list(array), torch.from_numpy(array.transpose(0, 3, 1, 2).copy())):
        images = load_images(source, size="32x40")
        assert np.array_equal(images.images, array.transpose(0, 3, 1, 2))
    with pytest.raises(UserError, match="leave it at auto"):
        load_images(array, color="grey")


def test_images_of_several_numbers_of_channels_are_refused() -> None:
    arrays = [np.zeros((32, 32, 2), np.uint8), np.zeros((32, 32, 3), np.uint8)]
    for mixed in (arrays, arrays[::-1]):
        with pytest.raises(UserError, match="channels where the first has"):
            load_images(mixed * 5, size=32)


def test_opacity_of_pillow_images_is_kept_where_it_is_asked_for() -> None:
    pictures = [picture(i, (32, 32)).convert("RGBA") for i in range(20)]
    pictures[3].putalpha(7)
    images = load_images(pictures, size=32, color="rgba")
    assert images.image_shape == (4, 32, 32)
    assert images.images[:, 3].max((1, 2)).tolist() == [255] * 3 + [7] + [255] * 16
    assert load_images(pictures, size=32).image_shape == (3, 32, 32)


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


class Pairs:
    """A data set as torch has them: pairs of an image and a label."""

    def __init__(self, num: int, label: object = None) -> None:
        self._num, self._label = num, label

    def __len__(self) -> int:
        return self._num

    def __getitem__(self, index: int) -> tuple:
        if not 0 <= index < self._num:
            raise IndexError(index)
        image = torch.full((3, 32, 32), index / 255)
        image[0] += 0.1
        return image, index % 3 if self._label is None else self._label(index)


def test_a_data_set_of_pairs() -> None:
    images = load_images(Pairs(30), size=32)
    values = images.images[:, 1, 0, 0]
    assert values.tolist() == list(range(30))
    assert images.labels.factor_names == ("label",)
    assert images.labels.factors[:, 0].tolist() == (values % 3).tolist()


def test_a_label_may_be_a_vector_or_a_dictionary() -> None:
    vectors = load_images(Pairs(30, lambda i: torch.tensor([i % 2, i % 5])), size=32)
    assert vectors.labels.attribute_names == ("label_0",)
    assert vectors.labels.factors[:, 0].tolist() == [i % 5 for i in range(30)]
    named = load_images(Pairs(30, lambda i: {"pose": "ab"[i % 2], "age": i / 2}), size=32)
    assert named.labels.attribute_names == ("pose: b",)
    assert named.labels.factor_names == ("age",)


def test_a_data_set_of_dictionaries() -> None:
    rows = [{"image": picture(i, (32, 32)), "odd": i % 2, "split": "train"} for i in range(20)]
    for i in range(5):
        rows[i]["split"] = "test"
    images = load_images(rows, size=32)
    assert images.labels.attribute_names == ("odd",)
    assert images.indices("test").tolist() == [0, 1, 2, 3, 4]
    assert np.array_equal(images.images[7].transpose(1, 2, 0), np.asarray(picture(7, (32, 32))))


def test_one_colored_image_keeps_three_channels() -> None:
    pictures = [picture(i, (32, 32), "L") for i in range(9)]
    assert load_images(pictures, size=32).image_shape[0] == 1
    assert load_images([*pictures, picture(9, (32, 32))], size=32).image_shape[0] == 3


def test_text_and_missing_values_of_given_labels() -> None:
    array = np.stack([np.asarray(picture(i, (32, 32))) for i in range(9)])
    images = load_images(
        array,
        size=32,
        attributes={"odd": [True, False, None] * 3},
        factors={"pose": ["up", "left", "up"] * 3, "age": [1.5, None, 3] * 3},
    )
    assert images.labels.attributes[:3, 0].tolist() == [1, 0, -1]
    assert images.labels.factors[:3, 0].tolist() == [1, 0, 1]
    assert np.isnan(images.labels.factors[1, 1])
    assert images.info["factor_levels"] == {"pose": ["left", "up"]}
    assert images.info["notes"] == [
        "pose is text, numbered in the order of the alphabet: 0 is 'left', 1 is 'up'"
    ]
    with pytest.raises(UserError, match="factors is int; give a dictionary"):
        load_images(array, size=32, factors=7)


class _Endless(Dataset):
    def __getitem__(self, index: int) -> np.ndarray:
        return np.full((32, 32, 3), index % 256, np.uint8)


class _Stream(IterableDataset):
    def __iter__(self) -> Iterator[np.ndarray]:
        for index in count():
            yield np.full((32, 32, 3), index % 256, np.uint8)


class _StreamOfKnownLength(_Stream):
    def __len__(self) -> int:
        return 20


@pytest.mark.parametrize("source", [_Endless(), _Stream()])
def test_a_data_set_without_an_end_is_refused(source: object) -> None:
    with pytest.raises(UserError, match="has no length, so it may never end"):
        load_images(source, size=32)


def test_a_stream_of_known_length_is_read_to_it() -> None:
    assert len(load_images(_StreamOfKnownLength(), size=32)) == 20
