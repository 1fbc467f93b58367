"""What is not read of a file of arrays."""

import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.data.sources.archive_files import IMAGES, lying_npy, npz, pixels
from unknot.common.errors import UserError
from unknot.data.load import load_images
from unknot.data.sources import array_limits
from unknot.data.sources.array_limits import Header, check_packing, check_whole, reading

PATH = Path("a.npz")


def test_values_of_no_bytes_count_too() -> None:
    check_whole(PATH, "a", Header((1000, 1000), np.dtype("f8")))
    for shape, kind in (((10**11,), "U0"), ((2**30, 2), "u1")):
        with pytest.raises(UserError, match="more than the 1,073,741,824 that are read whole"):
            check_whole(PATH, "a", Header(shape, np.dtype(kind)))


def test_a_few_bytes_that_stand_for_very_many() -> None:
    check_packing(PATH, "a", 3 << 30, 26 << 20)  # dSprites
    check_packing(PATH, "a", 1 << 20, 1)
    with pytest.raises(UserError, match="hardly any image is stored"):
        check_packing(PATH, "a", 2 << 30, 1 << 20)


@pytest.mark.parametrize("error", [RuntimeError("x"), RecursionError(), AttributeError("\n x")])
def test_anything_that_a_library_raises_is_one_line(error: Exception) -> None:
    with (
        pytest.raises(UserError, match=r"^a.npz cannot be read: (x|RecursionError); "),
        reading(PATH),
    ):
        raise error


def test_permission_is_no_damage() -> None:
    with pytest.raises(UserError, match="may not be read by you; ask its owner"), reading(PATH):
        raise PermissionError(13, "Permission denied")


def test_names_and_labels_without_end_are_refused(tmp_path: Path) -> None:
    path = npz(tmp_path / "a.npz", **IMAGES, labels=pixels(20, 2))
    names = lying_npy("(100000000000,)").replace(b"|u1", b"<U0")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("factor_names.npy", names)
    with pytest.raises(UserError, match="factor_names has shape"):
        load_images(path, size=32)


def test_an_array_that_was_never_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(array_limits, "MAX_UNPACKED_BYTES", 2**20)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("images", (5_000, 32, 32), "u1", chunks=(100, 32, 32))
    with pytest.raises(UserError, match="hardly any image is stored"):
        load_images(tmp_path / "a.h5", size=32)
