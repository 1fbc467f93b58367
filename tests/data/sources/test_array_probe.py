"""Files whose libraries can crash, opened first in another process."""

import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from tests.data.sources.archive_files import IMAGES, h5
from unknot.common.errors import UserError
from unknot.data.child import Child
from unknot.data.load import load_images
from unknot.data.sources import array_file, array_probe
from unknot.data.sources.array_probe import answer, check_openable, dataset_names


def die(request: bytes) -> bytes:
    os.abort()


def test_good_files_pass_and_damaged_ones_are_named(tmp_path: Path) -> None:
    good = h5(tmp_path / "a.h5", **IMAGES)
    savemat(tmp_path / "b.mat", IMAGES)
    check_openable([good, tmp_path / "b.mat"])
    (tmp_path / "c.h5").write_bytes(good.read_bytes()[:-500])
    with pytest.raises(UserError, match=r"c\.h5 cannot be read: .*; download it or write it again"):
        check_openable([good, tmp_path / "c.h5"])
    assert answer(os.fsencode(tmp_path / "gone.mat"))


def test_a_crash_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = h5(tmp_path / "a.h5", **IMAGES)
    monkeypatch.setattr(array_probe, "Child", lambda name: Child(f"{__name__}:die"))
    with pytest.raises(UserError, match=r"a\.h5 cannot be read: its reader crashed \(SIGABRT\)"):
        load_images(path, size=32)


def test_it_is_not_tried_again_once_it_is_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = h5(tmp_path / "a.h5", **IMAGES)
    first = load_images(path, size=32)
    monkeypatch.setattr(array_file, "check_openable", lambda paths: pytest.fail("tried again"))
    assert load_images(path, size=32).fingerprint == first.fingerprint


def test_names_are_paths_and_circles_end(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a/b"] = np.arange(3)
        file["a/again"] = file["/a"]
        file["link"] = h5py.SoftLink("/a/b")
        names = list(dataset_names(file))
    assert {"a/b", "a/again/b", "link"} <= set(names)
    assert max(name.count("/") for name in names) <= array_probe.MAX_DEPTH + 1
