"""Benchmarks in formats of their own; every image's brightness tells its labels."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.data.sources.archive_files import flat
from unknot.common.errors import UserError
from unknot.data.load import load_images
from unknot.data.sources.benchmark_files import files_of_one_part, find_benchmark

VALUES = np.arange(30)


def _idx(array: np.ndarray) -> bytes:
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.mark.parametrize("packed", [True, False])
def test_idx_files(packed: bool, tmp_path: Path) -> None:
    for stem, values in (("train", VALUES[:20]), ("t10k", VALUES[20:])):
        images, labels = _idx(flat(values, 28, 28)), _idx((values % 10).astype("u1"))
        for name, content in (
            (f"{stem}-images-idx3-ubyte", images),
            (f"{stem}-labels-idx1-ubyte", labels),
        ):
            path = tmp_path / (f"{name}.gz" if packed else name)
            path.write_bytes(gzip.compress(content) if packed else content)
    loaded = load_images(tmp_path, size=32)
    assert loaded.images[:, 0, 5, 5].tolist() == VALUES.tolist()
    assert loaded.labels.factor_names == ("class",)
    assert loaded.labels.factors[:, 0].tolist() == (VALUES % 10).tolist()
    assert loaded.indices("test").tolist() == list(range(20, 30))
    assert load_images(tmp_path, size=32, split="hash").indices("test").tolist() != list(
        range(20, 30)
    )


def test_idx_files_without_labels_and_damaged_ones(tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(_idx(flat(VALUES, 28, 28)))
    loaded = load_images(tmp_path, size=32)
    assert loaded.labels.factor_names == ()
    assert any("there are no labels" in note for note in loaded.info["notes"])
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match="is damaged: it ends early"):
        load_images(tmp_path, size=32)
    for shape, why in (((20, 0, 28), "its shape is"), ((2**32 - 1,) * 3, "it ends early")):
        path.write_bytes(struct.pack(">4B3I", 0, 0, 8, 3, *shape) + b"x" * 99)
        with pytest.raises(UserError, match=f"is damaged: {why}"):
            load_images(tmp_path, size=32)
    path.write_bytes(b"x" * 99)
    with pytest.raises(UserError, match="no idx file of bytes"):
        load_images(tmp_path, size=32)


def _cifar(values: np.ndarray, num_labels: int) -> bytes:
    labels = np.stack([values % (10 * 2**i) for i in range(num_labels)], 1)
    rows = np.hstack([labels, flat(values, 3072)])
    return rows.astype("u1").tobytes()


def test_cifar_10(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    (folder / "data_batch_1.bin").write_bytes(_cifar(VALUES[:20], 1))
    (folder / "test_batch.bin").write_bytes(_cifar(VALUES[20:], 1))
    (folder / "batches.meta.txt").write_text("\n".join("abcdefghij") + "\n")
    for given in (folder, tmp_path):
        loaded = load_images(given, size=32)
        assert loaded.info["kind"] == "CIFAR-10"
        assert loaded.images[:, 1, 5, 5].tolist() == VALUES.tolist()
        assert loaded.labels.factors[:, 0].tolist() == (VALUES % 10).tolist()
        assert loaded.info["factor_levels"] == {"class": list("abcdefghij")}
        assert loaded.indices("test").tolist() == list(range(20, 30))


def test_cifar_100(tmp_path: Path) -> None:
    (tmp_path / "train.bin").write_bytes(_cifar(VALUES, 2))
    loaded = load_images(tmp_path, size=32)
    assert loaded.labels.factor_names == ("coarse_class", "fine_class")
    assert loaded.labels.factors[:, 1].tolist() == (VALUES % 20).tolist()
    for content in (b"x" * 3000, b""):
        (tmp_path / "train.bin").write_bytes(content)
        with pytest.raises(
            UserError, match=r"train\.bin is damaged: its size is no multiple of CIFAR's"
        ):
            load_images(tmp_path, size=32)


def test_pickled_cifar_is_refused_with_the_way_out(tmp_path: Path) -> None:
    ten, hundred = tmp_path / "ten", tmp_path / "hundred"
    for folder, names in (
        (ten, ("data_batch_1", "test_batch", "batches.meta")),
        (hundred, ("train", "test", "meta")),
    ):
        folder.mkdir()
        for name in names:
            (folder / name).write_bytes(b"")
    with pytest.raises(UserError, match=r"ten is .* can run code .*cifar-10-binary\.tar\.gz"):
        load_images(ten)
    with pytest.raises(UserError, match=r"hundred is .*cifar-100-binary\.tar\.gz"):
        load_images(hundred)


def test_cifar_10_and_100_are_not_mixed(tmp_path: Path) -> None:
    (tmp_path / "data_batch_1.bin").write_bytes(_cifar(VALUES, 1))
    (tmp_path / "train.bin").write_bytes(_cifar(VALUES, 2))
    with pytest.raises(UserError, match="holds CIFAR-10 and CIFAR-100"):
        load_images(tmp_path)


def _write_idx(folder: Path, name: str, values: np.ndarray) -> None:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / f"{name}images-idx3-ubyte").write_bytes(_idx(flat(values, 28, 28)))
    (folder / f"{name}labels-idx1-ubyte").write_bytes(_idx((values % 10).astype("u1")))


def test_several_sets_of_idx_files_are_not_mixed(tmp_path: Path) -> None:
    for name in ("emnist-letters-train-", "emnist-letters-test-", "emnist-digits-train-"):
        _write_idx(tmp_path / "emnist", name, VALUES)
    with pytest.raises(UserError, match="several sets of images: emnist-digits, emnist-letters;"):
        load_images(tmp_path / "emnist")
    chosen = load_images(tmp_path / "emnist" / "emnist-letters-train-images-idx3-ubyte", size=32)
    assert len(chosen) == len(VALUES)
    for name in ("MNIST", "FashionMNIST"):
        _write_idx(tmp_path / "torch" / name / "raw", "train-", VALUES)
    with pytest.raises(UserError, match=r"images: FashionMNIST/raw, MNIST/raw;"):
        load_images(tmp_path / "torch")
    assert len(load_images(tmp_path / "torch" / "MNIST", size=32)) == len(VALUES)


def test_files_that_lie_also_in_folders_of_their_names_are_one_set(tmp_path: Path) -> None:
    for kind, content in (("images-idx3", flat(VALUES, 28, 28)), ("labels-idx1", VALUES % 10)):
        content = _idx(content.astype("u1"))
        (tmp_path / f"train-{kind.replace('-', '.')}-ubyte").write_bytes(content)
        folder = tmp_path / f"train-{kind}-ubyte"
        folder.mkdir()
        (folder / folder.name).write_bytes(content)
    loaded = load_images(tmp_path, size=32)
    assert loaded.images[:, 0, 5, 5].tolist() == VALUES.tolist()
    assert loaded.labels.factors[:, 0].tolist() == (VALUES % 10).tolist()


def test_one_file_is_read_with_what_belongs_to_it(tmp_path: Path) -> None:
    _write_idx(tmp_path, "train-", VALUES[:20])
    _write_idx(tmp_path, "t10k-", VALUES[20:])
    path = tmp_path / "t10k-images-idx3-ubyte"
    loaded = load_images(path, size=32)
    assert loaded.images[:, 0, 5, 5].tolist() == VALUES[20:].tolist()
    assert loaded.labels.factors[:, 0].tolist() == (VALUES[20:] % 10).tolist()
    assert loaded.info["source"] == str(path)
    assert loaded.info["split_by"] == "name"


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("data_batch_1.bin", ["batches.meta.txt"]),
        ("t10k-images-idx3-ubyte", ["t10k-labels-idx1-ubyte.gz"]),
        ("smallnorb-5x1-testing-dat.mat", ["smallnorb-5x1-testing-cat.mat"]),
    ],
)
def test_what_belongs_to_a_file(name: str, others: list[str]) -> None:
    strangers = [
        *("data_batch_2.bin", "train-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz", "a.mat"),
        *("smallnorb-5x1-training-dat.mat",),
    ]
    assert set(files_of_one_part(name, [name, *strangers, *others])) == {name, *others}


def test_other_folders_are_no_benchmark() -> None:
    assert find_benchmark(Path("photos"), ["a.mat", "notes.txt", "data.bin"]) is None
