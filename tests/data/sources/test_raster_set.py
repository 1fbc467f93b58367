"""How files of benchmarks are read."""

import gzip
from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.data.sources.raster_set import check_length, opened, take_bytes, train_and_test
from unknot.data.splits import TEST, TRAIN


def test_training_and_test_images_keep_their_places() -> None:
    split = train_and_test([False, True, False], [2, 1, 1])
    assert split is not None
    assert split.tolist() == [TRAIN, TRAIN, TEST, TRAIN]
    assert train_and_test([True, True], [2, 1]) is None


@pytest.mark.parametrize("name", ["a", "a.gz"])
def test_a_file_that_ends_early_is_named(name: str, tmp_path: Path) -> None:
    content = b"0123456789"
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name == "a.gz" else content)
    with opened(path) as file:
        assert take_bytes(path, file, 4) == b"0123"
        with pytest.raises(UserError, match=f"{name} is damaged: it ends early"):
            take_bytes(path, file, 7)


def test_what_is_not_packed_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(b"plain")
    with opened(path) as file, pytest.raises(UserError, match="Not a gzipped file"):
        take_bytes(path, file, 2)


def test_a_length_that_a_file_cannot_hold_is_noticed_before_it_is_read(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a", tmp_path / "a.gz"
    plain.write_bytes(bytes(1000))
    packed.write_bytes(gzip.compress(bytes(1_000_000)))
    check_length(plain, 1000)
    check_length(packed, 1_000_000)
    for path, num in ((plain, 1001), (packed, 2**60)):
        with pytest.raises(UserError, match="ends early"):
            check_length(path, num)
