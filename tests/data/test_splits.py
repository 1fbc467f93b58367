"""Splits by name."""

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.data.splits import SPLITS, split_by_hash


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
