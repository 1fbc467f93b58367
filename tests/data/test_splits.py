"""Splits by name."""

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.data.splits import SPLITS, fill_split, split_by_hash


def _names(num: int) -> list[str]:
    return [f"folder/{i}.png" for i in range(num)]


def _digests(num: int) -> list[bytes]:
    return [str(i).encode() for i in range(num)]


def test_shares_are_80_10_10() -> None:
    split = split_by_hash(_names(20_000), _digests(20_000))
    shares = np.bincount(split) / 20_000
    assert np.abs(shares - [0.8, 0.1, 0.1]).max() < 0.01


def test_an_image_keeps_its_split_when_others_come() -> None:
    few = split_by_hash(_names(1000), _digests(1000))
    assert np.array_equal(few, split_by_hash(_names(5000), _digests(5000))[:1000])


def test_identical_images_share_a_split() -> None:
    digests = [str(i % 50).encode() for i in range(1000)]
    split = split_by_hash(_names(1000), digests)
    for content in range(50):
        assert len(set(split[content::50])) == 1


@pytest.mark.parametrize("num", [3, 4, 5, 7, 10])
def test_no_split_is_empty(num: int) -> None:
    assert set(split_by_hash(_names(num), _digests(num))) == set(range(len(SPLITS)))


def test_no_small_set_has_an_empty_split() -> None:
    for trial in range(2000):
        num = 3 + trial % 6
        names = [f"{trial}-{i}" for i in range(num)]
        assert set(split_by_hash(names, _digests(num))) == {0, 1, 2}


def test_too_few_different_images_are_refused() -> None:
    with pytest.raises(UserError, match="2 different"):
        split_by_hash(_names(9), [b"a", b"b"] + [b"a"] * 7)


def test_given_splits_are_completed() -> None:
    names = [f"{i}.png" for i in range(100)]
    digests = [name.encode() for name in names]
    given = np.zeros(100, np.int8)
    given[90:] = 2
    given[3] = -1
    split, notes = fill_split(given, names, digests)
    assert (split[90:] == 2).all()
    assert split[3] == 0
    assert 0 < (split == 1).sum() < 25
    assert notes == (
        "images without a given split, taken for training: 1",
        "there is no official validation image: a tenth of the training images is taken for it",
    )


def test_copies_across_given_splits_are_told() -> None:
    given = np.array([0, 0, 1, 2, 2], np.int8)
    split, notes = fill_split(given, list("abcde"), [b"x", b"y", b"x", b"y", b"z"])
    assert split.tolist() == given.tolist()
    assert notes == (
        "copies of training images among the held-out ones: 2; scores may look too good",
    )


def test_given_splits_without_training_images() -> None:
    with pytest.raises(UserError, match="no training image; --split hash deals anew"):
        fill_split(np.full(5, 2, np.int8), list("abcde"), [bytes([i]) for i in range(5)])


def test_other_shares() -> None:
    names = [f"{i}.png" for i in range(2000)]
    split = split_by_hash(names, [name.encode() for name in names], (60.0, 20.0, 20.0))
    assert np.abs(np.bincount(split) / 2000 - (0.6, 0.2, 0.2)).max() < 0.03
