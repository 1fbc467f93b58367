"""A data set in a few lines."""

import numpy as np
import pytest

from unknot.data.image_set import ImageSet, Labels
from unknot.data.splits import SPLITS
from unknot.data.summary import data_facts, label_shares


def facts_of(images: ImageSet, **other: object) -> dict[str, str]:
    splits = {split: len(images.indices(split)) for split in SPLITS}
    return dict(data_facts({**images.info, **other}, splits))


def test_what_is_not_there_is_not_said(small_faces: ImageSet) -> None:
    facts = facts_of(small_faces)
    assert list(facts) == ["source", "images", "splits", "factors"]
    assert facts["source"] == "faces (built-in faces)"
    assert facts["images"] == "200 of 32x32 pixels, RGB, crop auto"
    assert facts["splits"].endswith(" test (by name)")
    assert facts["factors"].startswith("skin_tone, hair_length")


def test_what_was_left_out_is_counted_and_some_of_it_named(small_faces: ImageSet) -> None:
    unreadable = {f"{i}.png": "damaged" for i in range(7)}
    facts = facts_of(
        small_faces,
        unreadable=unreadable,
        num_duplicates=3,
        notes=["a note"],
        attribute_names=["Bald"],
        group_names=["a", "b"],
    )
    assert facts["skipped"].startswith("7: 0.png (damaged); 1.png (damaged)")
    assert facts["skipped"].endswith("4.png (damaged) and 2 more")
    assert facts["identical"] == "3 copies of other images"
    assert (facts["note"], facts["attributes"], facts["groups"]) == ("a note", "1", "2")


def test_grey_images_are_called_grey() -> None:
    from unknot.data.load import load_images

    assert "32x32 pixels, grey" in facts_of(load_images("sprites", num=50, size=32))["images"]


@pytest.mark.parametrize("num_channels", [2, 4])
def test_what_is_seen_of_two_and_four_channels_is_said(num_channels: int) -> None:
    from unknot.data.load import load_images

    pictures = (np.full((28, 40, num_channels), i, np.uint8) for i in range(20))
    facts = facts_of(load_images(np.stack(list(pictures)), size="28x40"))
    assert facts["images"] == f"20 of 28x40 pixels, {num_channels} channels, crop auto"
    assert facts["note"].startswith(f"images have {num_channels} channels: every picture shows")


def test_shares_are_of_the_images_whose_label_is_known() -> None:
    labels = Labels(
        split=np.zeros(4, np.int8),
        attributes=np.array([[1, -1], [0, -1], [1, -1], [-1, -1]], np.int8),
        attribute_names=("bald", "unknown"),
        factors=np.empty((4, 0)),
        factor_names=(),
        groups=np.full(4, -1, np.int32),
        group_names=(),
    )
    assert label_shares(labels) == {"bald": pytest.approx(2 / 3), "unknown": 0}
