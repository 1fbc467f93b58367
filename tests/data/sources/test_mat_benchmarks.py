"""SmallNORB and Cars3D; every image's brightness tells its labels."""

import struct
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from tests.data.sources.archive_files import flat
from unknot.common.errors import UserError
from unknot.data.load import load_images
from unknot.data.sources.mat_benchmarks import norb_header

VALUES = np.arange(30)


def _norb(array: np.ndarray) -> bytes:
    magic = {"u": 0x1E3D4C55, "i": 0x1E3D4C54}[array.dtype.kind]
    shape = [*array.shape, *[1] * (3 - array.ndim)]
    return struct.pack(f"<II{len(shape)}i", magic, array.ndim, *shape) + array.tobytes()


def test_small_norb(tmp_path: Path) -> None:
    for part, values in (("training", VALUES[:20]), ("testing", VALUES[20:])):
        pairs = np.stack([flat(values, 96, 96), flat(values * 0, 96, 96)], 1)
        info = np.stack([values % 10, values % 9, values % 18, values % 6], 1).astype("<i4")
        for kind, array in (("dat", pairs), ("cat", (values % 5).astype("<i4")), ("info", info)):
            (tmp_path / f"smallnorb-5x1-{part}-{kind}.mat").write_bytes(_norb(array))
    loaded = load_images(tmp_path, size=32)
    assert loaded.info["kind"] == "SmallNORB"
    assert loaded.images[:, 0, 5, 5].tolist() == VALUES.tolist()
    columns = [VALUES % levels for levels in (5, 10, 9, 18, 6)]
    assert loaded.labels.factors.T.tolist() == [column.tolist() for column in columns]
    assert loaded.indices("test").tolist() == list(range(20, 30))
    (tmp_path / "smallnorb-5x1-testing-cat.mat").unlink()
    with pytest.raises(UserError, match=r"lacks .* testing images that ends in -cat\.mat"):
        load_images(tmp_path)


def test_what_is_no_matrix_of_small_norb(tmp_path: Path) -> None:
    (tmp_path / "x.mat").write_bytes(b"y" * 99)
    with pytest.raises(UserError, match="does not begin like"):
        norb_header(tmp_path / "x.mat")
    large = struct.pack("<II4i", 0x1E3D4C55, 4, *[2**31 - 1] * 4)
    (tmp_path / "x.mat").write_bytes(large)
    with pytest.raises(UserError, match="is damaged: it ends early"):
        norb_header(tmp_path / "x.mat")


@pytest.mark.parametrize("kind", ["dat", "cat", "info"])
def test_matrices_of_small_norb_must_belong_together(kind: str, tmp_path: Path) -> None:
    arrays = {
        "dat": np.zeros((20, 2, 96, 96), "u1"),
        "cat": np.zeros(20, "<i4"),
        "info": np.zeros((20, 4), "<i4"),
    }
    for name, array in arrays.items():
        stored = array[:, :1] if name == kind == "dat" else array[:19] if name == kind else array
        (tmp_path / f"smallnorb-5x1-training-{name}.mat").write_bytes(_norb(stored))
    with pytest.raises(UserError, match=rf"-{kind}\.mat is damaged"):
        load_images(tmp_path)


def test_cars3d(tmp_path: Path) -> None:
    folder = tmp_path / "cars"
    folder.mkdir()
    for car in range(2):
        number = np.arange(96).reshape(4, 24) + 100 * car  # elevation, azimuth
        im = np.broadcast_to(number.T[None, None, None], (32, 32, 3, 24, 4)).astype("u1")
        savemat(folder / f"car_{car:03d}.mat", {"im": im})
    loaded = load_images(tmp_path, size=32)
    assert loaded.info["kind"] == "Cars3D"
    assert loaded.labels.factor_names == ("object_type", "elevation", "azimuth")
    value = loaded.images[:, 0, 5, 5].astype(int)
    factors = loaded.labels.factors
    assert (100 * factors[:, 0] + 24 * factors[:, 1] + factors[:, 2]).tolist() == value.tolist()
    (folder / "car_000.mat").write_bytes(b"nothing" * 50)
    with pytest.raises(UserError, match=r"car_000\.mat cannot be read: Unknown"):
        load_images(tmp_path)
