"""Prepared images are copied once to a machine's own disk, and read from there."""

import os
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from unknot.common import notices
from unknot.data import stage
from unknot.data.image_set import ImageSet
from unknot.data.stage import STAGE, open_staged, stage_in


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(STAGE, "")
    notices.give_notice.cache_clear()
    stage_in(str(tmp_path / "disk"))
    return tmp_path / "disk"


def test_without_a_place_nothing_is_copied(
    small_faces: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(STAGE, raising=False)
    stage_in("")
    assert open_staged(small_faces.folder).folder == small_faces.folder


def test_images_are_copied_once_and_compared(small_faces: ImageSet, place: Path) -> None:
    images = open_staged(small_faces.folder)
    assert images.folder == place / small_faces.folder.name
    assert np.array_equal(images.images, small_faces.images)
    assert images.fingerprint == small_faces.fingerprint
    first = (images.folder / "images.u8").stat().st_ino
    assert open_staged(small_faces.folder).folder == images.folder
    assert (images.folder / "images.u8").stat().st_ino == first
    assert [path.name for path in place.iterdir()] == [images.folder.name]


@pytest.mark.parametrize("name", ["images.u8", "info.json"])
def test_a_copy_that_is_no_copy_is_made_anew_or_left(
    name: str, small_faces: ImageSet, place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What another experiment has left there, or a disk has damaged."""
    copy = open_staged(small_faces.folder).folder
    content = bytearray((copy / name).read_bytes())
    content[100] ^= 1
    (copy / name).write_bytes(content)
    os.utime(copy / name, ns=(1, 1))
    images = open_staged(small_faces.folder)
    assert np.array_equal(images.images, small_faces.images)
    if name == "images.u8":
        assert images.folder == small_faces.folder
        assert "other pixels than were written); images are read from" in caplog.text
        assert not copy.exists()
        assert open_staged(small_faces.folder).folder == copy


def test_where_nothing_can_be_copied_a_note_says_so(
    small_faces: ImageSet,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(stage.shutil, "disk_usage", lambda _: usage(2**20))
    assert open_staged(small_faces.folder).folder == small_faces.folder
    assert f"do not fit into {place}, which has 1 MiB free; images are read from" in caplog.text
    place.rmdir()
    place.write_text("a file")
    assert open_staged(small_faces.folder).folder == small_faces.folder
    assert str(place) in caplog.text.splitlines()[-1]
