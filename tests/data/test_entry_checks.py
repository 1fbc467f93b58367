"""Entries of the cache are checked before they are used."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.pictures import fill
from unknot.common.errors import UserError
from unknot.data import entry_checks
from unknot.data.entry_checks import check_as_written, kept_arrays, read_info, read_labels
from unknot.data.load import load_images


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    return load_images(fill(tmp_path, 12), size=32).folder


def change(path: Path, **values: Any) -> None:
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, **values}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("shape", [12, 1, 64, 16, 1]),
        ("shape", [12, 5, 32, 32]),
        ("shape", [12.0, 3, 32, 32]),
        ("shape", [12, 3, 16, 64]),
        ("shape", None),
        ("names", ["a"]),
        ("names", [1] * 12),
        ("notes", 5),
        ("fingerprint", None),
        ("passing", [1]),
        ("preparation", []),
        ("factor_levels", []),
    ],
)
def test_info_of_another_kind_is_found(key: str, value: Any, entry: Path) -> None:
    change(entry / "info.json", **{key: value})
    with pytest.raises(UserError, match=r"info.json is damaged"):
        read_info(entry)


def test_info_of_older_versions_lacks_some_keys(entry: Path) -> None:
    document = json.loads((entry / "info.json").read_text())
    for key in ("passing", "options", "factor_levels"):
        document.pop(key)
    (entry / "info.json").write_text(json.dumps(document))
    assert read_info(entry) == document


@pytest.mark.parametrize(
    "arrays",
    [
        {"split": np.zeros(5, np.int8)},
        {"split": np.full(12, 3, np.int8)},
        {"split": np.array(["a"] * 12)},
        {"factors": np.zeros((12, 1))},
        {"groups": np.full(12, 7, np.int32)},
        {"attributes": np.zeros((3, 0), np.int8)},
    ],
    ids=str,
)
def test_labels_of_other_images_are_found(arrays: dict[str, Any], entry: Path) -> None:
    info = read_info(entry)
    read_labels(entry, info)
    with np.load(entry / "labels.npz") as stored:
        whole = dict(stored)
    np.savez(entry / "labels.npz", **{**whole, **arrays})
    with pytest.raises(UserError, match=r"labels.npz is damaged"):
        read_labels(entry, info)


def test_pixels_are_compared_whole_where_the_time_differs(
    entry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry_checks, "BLOCK_BYTES", 1000)
    entry_checks.write_checksums(entry)
    shape, pixels = read_info(entry)["shape"], entry / "images.u8"
    times = pixels.stat().st_atime_ns, pixels.stat().st_mtime_ns
    content = bytearray(pixels.read_bytes())
    content[1500] ^= 1  # in a block that is not among the few
    pixels.write_bytes(content)
    os.utime(pixels, ns=times)
    check_as_written(entry, shape)
    os.utime(pixels, ns=(0, 0))
    with pytest.raises(UserError, match="other pixels than were written"):
        check_as_written(entry, shape)
    content[1500] ^= 1
    pixels.write_bytes(content)
    check_as_written(entry, shape)
    assert json.loads((entry / "checksums.json").read_text())["mtime_ns"] == (
        pixels.stat().st_mtime_ns
    )
    content[500] ^= 1  # in the first block
    pixels.write_bytes(content)
    os.utime(pixels, ns=times)
    with pytest.raises(UserError, match="other pixels than were written"):
        check_as_written(entry, shape)


def test_a_letter_that_changed_is_found(entry: Path) -> None:
    shape, info = read_info(entry)["shape"], entry / "info.json"
    check_as_written(entry, shape)
    info.write_text(info.read_text().replace("0003.png", "0003.pnh"))
    with pytest.raises(UserError, match=r"info.json is damaged \(other content than was written"):
        check_as_written(entry, read_info(entry)["shape"])


def test_entries_without_checksums_are_older_ones(entry: Path) -> None:
    (entry / "checksums.json").unlink()
    check_as_written(entry, read_info(entry)["shape"])
    os.truncate(entry / "images.u8", 100)
    with pytest.raises(UserError, match="another size"):
        check_as_written(entry, read_info(entry)["shape"])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"x"),
        lambda path: np.savez(path, other=np.ones(2)),
        lambda path: os.truncate(path, 50),
    ],
)
def test_kept_arrays_are_computed_where_they_do_not_fit(
    spoil: Callable[[Path], object], tmp_path: Path
) -> None:
    path, calls = tmp_path / "kept.npz", []

    def compute() -> dict[str, np.ndarray]:
        calls.append(1)
        return {"values": np.arange(3)}

    for _ in range(2):
        assert kept_arrays(path, lambda a: a["values"].tolist(), compute) == [0, 1, 2]
    assert len(calls) == 1
    spoil(path)
    for _ in range(2):
        assert kept_arrays(path, lambda a: a["values"].tolist(), compute) == [0, 1, 2]
    assert len(calls) == 2
