"""npy, MATLAB's files and zarr."""

import json
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from tests.data.sources.archive_files import Trap, lying_npy, pixels
from unknot.common.errors import UserError
from unknot.data.load import load_images
from unknot.data.sources.array_formats import counts_last

IMAGES = pixels(20, 32, 32, 3)
LABELS = np.arange(20) % 4


def test_an_npy(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    images = load_images(tmp_path / "a.npy", size=32)
    assert np.array_equal(images.images, IMAGES.transpose(0, 3, 1, 2))
    np.save(tmp_path / "b.npy", np.array([Trap()] * 3, object))
    with pytest.raises(UserError, match=r"b\.npy: images holds Python objects"):
        load_images(tmp_path / "b.npy")


@pytest.mark.parametrize("shape", [(-5, 32, 32), (2**62, 64, 64), (10**30,), (21, 8, 8)])
def test_an_npy_whose_header_lies_is_one_line(shape: tuple[int, ...], tmp_path: Path) -> None:
    header = lying_npy(str(shape))
    (tmp_path / "a.npy").write_bytes(header + bytes(20 * 8 * 8))
    with pytest.raises(UserError, match=r"a\.npy cannot be read: .*(negative|ends early)"):
        load_images(tmp_path / "a.npy", size=32)


@pytest.mark.parametrize("array", [IMAGES, IMAGES[:, :, :, 0]])
@pytest.mark.parametrize("counts", ["first", "last"])
def test_matlab_5(array: np.ndarray, counts: str, tmp_path: Path) -> None:
    stored = np.moveaxis(array, 0, -1) if counts == "last" else array
    savemat(tmp_path / "a.mat", {"images": stored, "y": LABELS[:, None], "info": {"x": 1}})
    images = load_images(tmp_path / "a.mat", size=32)
    expected = array[:, None] if array.ndim == 3 else array.transpose(0, 3, 1, 2)
    assert np.array_equal(images.images, expected)
    assert images.labels.factors[:, 0].tolist() == LABELS.tolist()
    assert any("'info' (a struct)" in note for note in images.info["notes"])


def test_matlab_7_3_has_its_axes_reversed(tmp_path: Path) -> None:
    tall = pixels(20, 40, 32, 3)
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
        file["X"] = np.moveaxis(tall, 0, -1).T
        file["y"] = LABELS[None, :]
    images = load_images(tmp_path / "a.mat", size=32, crop="none", color="rgb")
    as_npy = tmp_path / "same.npy"
    np.save(as_npy, tall)
    assert np.array_equal(images.images, load_images(as_npy, size=32, crop="none").images)
    assert images.labels.factors[:, 0].tolist() == LABELS.tolist()


@pytest.mark.parametrize(
    ("shape", "last"),
    [
        ((32, 32, 3, 20), True),
        ((20, 32, 32, 3), False),
        ((32, 32, 20), True),
        ((20, 32, 32), False),
        ((1, 20), True),
        ((20, 1), False),
        ((28, 20, 40), True),
    ],
)
def test_which_axis_counts_the_images(shape: tuple[int, ...], last: bool) -> None:
    assert counts_last(shape) == last


def test_labels_tell_which_axis_counts_images_that_are_no_squares(tmp_path: Path) -> None:
    assert not counts_last((40, 28, 20), {40, 1})
    assert counts_last((28, 20, 40), {40, 1})
    assert counts_last((40, 28, 40), {40, 1})
    tall = np.broadcast_to(np.arange(20, dtype="u1")[:, None, None], (20, 40, 32))
    for stored in (tall, np.moveaxis(tall, 0, -1)):
        savemat(tmp_path / "a.mat", {"images": stored, "y": np.arange(20)[:, None]})
        images = load_images(tmp_path / "a.mat", size=32)
        assert images.images[:, 0, 5, 5].tolist() == list(range(20))
        assert images.labels.factors[:, 0].tolist() == list(range(20))
        notes = [n for n in images.info["notes"] if "the last axis of images, of 20, counts" in n]
        assert len(notes) == (stored is not tall)


@pytest.mark.parametrize("as_group", [True, False])
def test_zarr(as_group: bool, tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    path = tmp_path / "a.zarr"
    if as_group:
        group = zarr.open_group(str(path), mode="w")
        group.create_array("imgs", data=IMAGES, chunks=(7, 32, 32, 3))
        group.create_array("labels", data=LABELS)
    else:
        zarr.save_array(str(path), IMAGES)
    images = load_images(path, size=32)
    assert np.array_equal(images.images, IMAGES.transpose(0, 3, 1, 2))
    assert images.labels.factors.shape == (20, 1 if as_group else 0)


@pytest.mark.parametrize("version", [2, 3])
def test_zarr_has_groups_in_groups_and_text(version: int, tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    path = tmp_path / "a.zarr"
    group = zarr.open_group(str(path), mode="w", zarr_format=version)
    group.create_array("imgs", data=IMAGES)
    below = group.create_group("latents")
    below.create_array("classes", data=LABELS)
    texts = np.array(["up", "down"] * 10)
    if version == 2:
        below.create_array("names", data=texts)
    else:  # of any length
        below.create_array("names", shape=(20,), dtype=str)[:] = texts
    images = load_images(path, size=32)
    assert images.labels.factors[:, 0].tolist() == LABELS.tolist()
    assert any("'latents/names' (20, text)" in note for note in images.info["notes"])
    named = load_images(path, size=32, factors_key="latents/names")
    assert named.labels.factors[:4, 0].tolist() == [1, 0, 1, 0]
    assert named.info["factor_levels"] == {"latents/names": ["down", "up"]}


def _zarr_of_labels(path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(path), mode="w", zarr_format=2)
    group.create_array("images", data=IMAGES)
    group.create_array("labels", data=LABELS, chunks=(20,), compressors=None)


@pytest.mark.parametrize("place", ["filters", "compressor"])
def test_zarr_is_never_unpickled(place: str, tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    _zarr_of_labels(path)
    described = path / "labels" / ".zarray"
    codec = {"id": "pickle", "protocol": 4}
    document = json.loads(described.read_text())
    document[place] = [codec] if place == "filters" else codec
    described.write_text(json.dumps(document))
    (path / "labels" / "0").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(UserError, match=r"labels: this array holds Python objects"):
        load_images(path, size=32)


def test_links_in_zarr_are_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    _zarr_of_labels(path)
    (path / "labels").rename(tmp_path / "elsewhere")
    (path / "labels").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match=r"labels is a link to another place"):
        load_images(path, size=32)


@pytest.mark.parametrize("name", ["a.mat", "a.npy", "a.zarr"])
def test_damaged_files_are_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"nothing that could be read" * 20)
    with pytest.raises(UserError) as error:
        load_images(tmp_path / name)
    assert "\n" not in str(error.value)
