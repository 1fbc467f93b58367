"""Files of named arrays, whole and damaged."""

import io
import pickle
import tracemalloc
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.data.sources.archive_files import IMAGES, Trap, h5, lying_npy, npz, pixels
from unknot.common.errors import UserError
from unknot.data.image_set import ImageSet
from unknot.data.load import load_images
from unknot.data.sources import array_file


def in_pieces(path: Path, monkeypatch: pytest.MonkeyPatch) -> ImageSet:
    monkeypatch.setattr(array_file, "CHUNK_BYTES", 3 * 32 * 32)
    done: list[int] = []
    images = load_images(path, size=32, progress=lambda _, now, total: done.append(now))
    assert done == [3, 6, 9, 12, 15, 18, 20]
    return images


@pytest.mark.parametrize("write", [npz, h5])
def test_images_are_read_a_few_rows_at_a_time(
    write: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / f"a.{write.__name__}", images=pixels(20, 32, 32))
    assert np.array_equal(in_pieces(path, monkeypatch).images, pixels(20, 1, 32, 32))


def test_packed_pieces_of_hdf5_are_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(array_file, "CHUNK_BYTES", 3 * 32 * 32)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("images", data=pixels(20, 32, 32), chunks=(7, 8, 8), compression="gzip")
    done: list[int] = []
    images = load_images(tmp_path / "a.h5", size=32, progress=lambda _, now, __: done.append(now))
    assert done == [7, 14, 20]
    assert np.array_equal(images.images, pixels(20, 1, 32, 32))


@pytest.mark.parametrize("write", [npz, h5])
def test_a_large_archive_does_not_fill_the_memory(write: object, tmp_path: Path) -> None:
    many = np.repeat(pixels(250, 128, 128, 3), 4, axis=0)
    path = write(tmp_path / f"a.{write.__name__}", images=many)
    size = many.nbytes
    del many
    tracemalloc.start()
    load_images(path, size=128)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == 49_152_000
    assert peak < 0.4 * size  # some copies of 2 MiB, and what is kept of each image


@pytest.mark.parametrize("key", ["images", "factors", "factor_names"])
def test_python_objects_are_named_and_not_unpickled(key: str, tmp_path: Path) -> None:
    arrays = {**IMAGES, "factors": np.zeros((20, 1)), key: np.array([Trap()] * 20, object)}
    with pytest.raises(UserError, match=f"{key} holds Python objects"):
        load_images(npz(tmp_path / "a.npz", **arrays), size=32)


def test_a_pickle_called_npz_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(UserError, match=r"a\.npz cannot be read: File is not a zip file"):
        load_images(tmp_path / "a.npz")


def test_images_stored_column_by_column_are_read_where_the_memory_holds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = npz(tmp_path / "a.npz", images=np.asfortranarray(pixels(20, 32, 32)))
    assert np.array_equal(in_pieces(path, monkeypatch).images[:, 0], pixels(20, 32, 32))
    monkeypatch.setattr(array_file, "MAX_WHOLE_BYTES", 20 * 32 * 32 - 1)
    with pytest.raises(UserError, match=r"Fortran order.*ascontiguousarray"):
        load_images(path, size=32, color="rgb")


def test_factors_stored_column_by_column_are_read(tmp_path: Path) -> None:
    factors = np.arange(40.0).reshape(2, 20).T
    images = load_images(npz(tmp_path / "a.npz", **IMAGES, factors=factors), size=32)
    assert np.array_equal(images.labels.factors, factors)


@pytest.mark.parametrize("ending", ["npz", "h5"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_truncated_file_is_named(ending: str, share: float, tmp_path: Path) -> None:
    path = (npz if ending == "npz" else h5)(tmp_path / f"a.{ending}", **IMAGES)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match=rf"a\.{ending} cannot be read: .*download it") as error:
        load_images(path, size=32)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ("(21, 32, 32)", "images ends early"),
        ("(19, 32, 32)", "images is longer than its header says"),
        ("(-20, 32, 32)", "negative length"),
        ("(20, -32, -32)", "negative length"),
        ("(20, 32", "cannot be read"),
        ("(10**15, 32, 32)", "cannot be read"),
        ("(1000000000000, 32, 32)", "make room"),
    ],
)
def test_a_header_that_lies_is_refused(shape: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", lying_npy(shape) + pixels(20, 32, 32).tobytes())
    with pytest.raises(UserError, match=message):
        load_images(path, size=32)


def test_a_damaged_byte_is_noticed(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **IMAGES)
    content = bytearray(buffer.getvalue())
    content[len(content) // 2] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(UserError, match="Bad CRC-32"):
        load_images(tmp_path / "a.npz", size=32)


def make_links(folder: Path) -> dict[str, Path]:
    """Files whose images lie elsewhere, each in its own way."""
    other = h5(folder / "other.h5", **IMAGES)
    (folder / "raw").write_bytes(pixels(20, 32, 32).tobytes())
    paths = {name: folder / f"{name}.h5" for name in ("external", "soft", "raw", "virtual")}
    with h5py.File(paths["external"], "w") as file:
        file["images"] = h5py.ExternalLink(str(other), "/images")
    with h5py.File(paths["soft"], "w") as file:
        file["pictures"] = pixels(20, 32, 32)
        file["images"] = h5py.SoftLink("/pictures")
    with h5py.File(paths["raw"], "w") as file:
        external = [(str(folder / "raw"), 0, h5py.h5f.UNLIMITED)]
        file.create_dataset("images", (20, 32, 32), np.uint8, external=external)
    with h5py.File(paths["virtual"], "w") as file:
        layout = h5py.VirtualLayout((20, 32, 32), np.uint8)
        layout[:] = h5py.VirtualSource(str(other), "images", (20, 32, 32))
        file.create_virtual_dataset("images", layout)
    return paths


@pytest.mark.parametrize("name", ["external", "soft", "raw", "virtual"])
def test_no_link_to_another_place_is_followed(name: str, tmp_path: Path) -> None:
    path = make_links(tmp_path)[name]
    with pytest.raises(UserError, match="images is a link to another place"):
        load_images(path, size=32)


def test_a_group_is_no_array(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_group("images")
    with pytest.raises(UserError, match="no array called images"):
        load_images(tmp_path / "a.h5")


def test_without_h5py_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = h5(tmp_path / "a.h5", **IMAGES)
    monkeypatch.setattr(array_file, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"needs h5py.*pip install 'unknot\[h5\]'"):
        load_images(path)
