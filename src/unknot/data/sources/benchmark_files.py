"""Benchmarks in formats of their own: which a folder holds; MNIST's idx and CIFAR's binary version.

MNIST and those made like it: LeCun et al. 1998. CIFAR: Krizhevsky 2009. Nothing is unpickled.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.sources import LoadOptions, Scan, Written, as_path
from unknot.data.sources.array_images import RasterImages, prepared_shape, write_rasters
from unknot.data.sources.mat_benchmarks import NORB, cars_files, read_cars, read_small_norb
from unknot.data.sources.raster_set import (
    RasterSet,
    check_length,
    damaged_error,
    opened,
    take_bytes,
    train_and_test,
)

ROWS = 500  # images that are read at once
IDX = re.compile(r"(.*?)[-.](images|labels)[-.]?idx[13][-.]ubyte(\.gz)?", re.IGNORECASE)
CIFAR = re.compile(r"(data_batch_\d|test_batch|train|test)\.bin")
PART = re.compile(r"[-.]?(train|t10k|test\d*k?)$")
CIFAR_PICKLES = {
    "cifar-10-binary.tar.gz": {"data_batch_1", "test_batch", "batches.meta"},
    "cifar-100-binary.tar.gz": {"train", "test", "meta"},
}
"""The version to download -> files of the one that is not opened."""


def find_benchmark(
    path: Path, names: Sequence[str]
) -> Callable[[Path, Sequence[str]], RasterSet] | None:
    """Find what reads a folder by the names of its files; None if it is no such benchmark.

    Args:
        path: the folder.
        names: of its files, relative to it.

    Raises:
        UserError: if it is CIFAR's pickled version.
    """
    last = [name.rsplit("/", 1)[-1] for name in names]
    if any(IDX.fullmatch(name) for name in last):
        return read_idx
    if any(CIFAR.fullmatch(name) for name in last):
        return read_cifar
    if any(NORB.fullmatch(name) for name in last):
        return read_small_norb
    if cars_files(path, names):
        return read_cars
    for binary, pickles in CIFAR_PICKLES.items():
        if pickles <= set(last):
            raise UserError(
                f"{path} is CIFAR's version for Python, whose files can run code when they are "
                f"opened; download the binary version ({binary}) and give its folder"
            )
    return None


class BenchmarkSource:
    """One file of a benchmark: idx, CIFAR's binary version, SmallNORB; and what belongs to it."""

    def matches(self, given: Any) -> bool:
        """Say whether it is a file that is called like one of a benchmark."""
        path = as_path(given)
        kinds = (IDX, CIFAR, NORB)
        return path is not None and any(k.fullmatch(path.name) for k in kinds) and path.is_file()

    def scan(self, given: Any, options: LoadOptions) -> Scan:
        """Read it with the labels beside it; see `Source.scan`."""
        path = as_path(given)
        assert path is not None, "only what matches is scanned"
        folder = path.parent
        names = files_of_one_part(path.name, sorted(file.name for file in folder.iterdir()))
        reader = find_benchmark(folder, names)
        assert reader is not None, "a file that matches has a reader"
        stats = [(folder / name).stat() for name in names]
        stamps = [(n, stat.st_size, stat.st_mtime_ns) for n, stat in zip(names, stats)]
        scan = scan_benchmark(folder, names, reader, stamps, options)
        return replace(scan, source=str(path.resolve()))


BENCHMARK = BenchmarkSource()


def files_of_one_part(name: str, names: Sequence[str]) -> list[str]:
    """Choose a file and what belongs to it: labels of the same images, names of classes.

    Args:
        name: of the file.
        names: of all files of its folder.
    """
    if CIFAR.fullmatch(name):
        return [name, *(other for other in names if other.endswith(".txt"))]
    kind = IDX if IDX.fullmatch(name) else NORB

    def part(other: str) -> str | None:
        match = kind.fullmatch(other)
        return match[1].lower() if match else None

    others = [other for other in names if part(other) == part(name)]
    plain = name.lower().removesuffix(".gz")
    return [o for o in others if o == name or o.lower().removesuffix(".gz") != plain]


def scan_benchmark(
    path: Path,
    names: Sequence[str],
    reader: Callable[[Path, Sequence[str]], RasterSet],
    stamps: Sequence[Any],
    options: LoadOptions,
    notes: tuple[str, ...] = (),
) -> Scan:
    """Say what is known of a benchmark before its images are read.

    Raises:
        UserError: if its files are damaged, or folders are to be groups.
    """
    if options.group != "none":
        raise UserError(f"group is {options.group!r}, which goes with folders of pictures")
    if options.labels is not None or options.label_columns:
        raise UserError(f"{path} has its own labels; a table of labels goes with pictures")
    benchmark = reader(path, names)
    image_shape = prepared_shape(benchmark.images, options.preparation)
    return Scan(
        source=str(path.resolve()),
        key=(str(path.resolve()), options.preparation.as_dict(), options.split, *stamps),
        preparation=options.preparation,
        num_bytes=benchmark.images.num * prod(image_shape),
        write=partial(_write, benchmark, options),
        notes=notes,
    )


def _write(benchmark: RasterSet, options: LoadOptions, pixels: Path) -> Written:
    images = benchmark.images
    written = write_rasters(images, options.preparation, pixels, options.progress)
    return Written(
        kind=benchmark.kind,
        image_shape=written.image_shape,
        names=[f"image-{i:06d}" for i in range(images.num)],
        digests=written.digests,
        factors=benchmark.factors,
        factor_names=benchmark.factor_names,
        factor_levels=benchmark.factor_levels,
        split=benchmark.split,
        notes=(*benchmark.notes, *written.notes),
    )


def read_idx(path: Path, names: Sequence[str]) -> RasterSet:
    """Read the files of MNIST or of a set made like it: training images, test images, labels.

    Raises:
        UserError: if they are damaged, or there are no images.
    """
    parts: dict[str, dict[str, Path]] = {}
    for name in sorted(names):
        match = IDX.fullmatch(name.rsplit("/", 1)[-1])
        if match:
            parts.setdefault(match[1].lower(), {})[match[2].lower()] = path / name
    sets = sorted({_idx_set(name) for name in names if IDX.fullmatch(name.rsplit("/", 1)[-1])})
    if len(sets) > 1:
        raise UserError(
            f"{path} holds several sets of images: {', '.join(sets)}; give a folder that holds one "
            "of them, or one of their files of images"
        )
    parts = {stem: files for stem, files in parts.items() if "images" in files}
    if not parts:
        raise UserError(f"{path} holds labels in idx files, but no images")
    shapes = {stem: _idx_header(files["images"], 3) for stem, files in parts.items()}
    sizes = {shape[1:] for shape in shapes.values()}
    if len(sizes) > 1:
        raise UserError(f"{path} holds images of several sizes: {sorted(sizes)}; keep one of them")
    height, width = sizes.pop()
    order = sorted(parts, key=_is_test)

    def chunks() -> Iterator[NDArray[Any]]:
        for stem in order:
            yield from _idx_rows(parts[stem]["images"], shapes[stem])

    nums = [shapes[stem][0] for stem in order]
    has_labels = all("labels" in files for files in parts.values())
    classes = [_idx_labels(parts[stem]["labels"], n) for stem, n in zip(order, nums) if has_labels]
    is_test = [_is_test(stem) for stem in order]
    images = RasterImages(str(path), sum(nums), (height, width, 1), np.dtype("u1"), chunks)
    return RasterSet(
        kind="idx files",
        images=images,
        factors=np.concatenate(classes)[:, None] if has_labels else np.empty((images.num, 0)),
        factor_names=("class",) if has_labels else (),
        split=train_and_test(is_test, nums),
        notes=() if has_labels else ("some idx file of labels is missing: there are no labels",),
    )


def _idx_set(name: str) -> str:
    """Name the set that an idx file belongs to; some lie in a folder of their own name."""
    *folders, last = name.split("/")
    if folders and IDX.fullmatch(folders[-1]):
        folders.pop()
    match = IDX.fullmatch(last)
    assert match is not None, "only idx files are of a set"
    stem = PART.sub("", match[1].lower())
    return "/".join([*folders, stem]) if stem else "/".join(folders) or "train and t10k"


def _is_test(stem: str) -> bool:
    return "t10k" in stem or "test" in stem


def _idx_header(path: Path, ndim: int) -> tuple[int, ...]:
    with opened(path) as file:
        head = take_bytes(path, file, 4 + 4 * ndim)
    if head[:4] != bytes([0, 0, 8, ndim]):
        raise damaged_error(path, f"it is no idx file of bytes of {ndim} dimensions")
    shape = tuple(np.frombuffer(head, ">u4", offset=4).tolist())
    if 0 in shape:
        raise damaged_error(path, f"its shape is {shape}")
    check_length(path, len(head) + prod(shape))
    return shape


def _idx_rows(path: Path, shape: tuple[int, ...]) -> Iterator[NDArray[Any]]:
    num, height, width = shape
    with opened(path) as file:
        take_bytes(path, file, 16)
        for start in range(0, num, ROWS):
            rows = min(ROWS, num - start)
            content = take_bytes(path, file, rows * height * width)
            yield np.frombuffer(content, np.uint8).reshape(rows, height, width)


def _idx_labels(path: Path, num: int) -> NDArray[np.float64]:
    (num_labels,) = _idx_header(path, 1)
    if num_labels != num:
        raise damaged_error(path, f"it holds {num_labels:,} labels of {num:,} images")
    with opened(path) as file:
        content = take_bytes(path, file, 8 + num)
    return np.frombuffer(content, np.uint8, offset=8).astype(np.float64)


def read_cifar(path: Path, names: Sequence[str]) -> RasterSet:
    """Read CIFAR-10's or CIFAR-100's binary version, with the names of its classes.

    Raises:
        UserError: if a file is damaged.
    """
    files = sorted(path / name for name in names if CIFAR.fullmatch(name.rsplit("/", 1)[-1]))
    files.sort(key=lambda file: _is_test(file.name))
    are_hundred = {file.name in ("train.bin", "test.bin") for file in files}
    if len(are_hundred) > 1:
        raise UserError(f"{path} holds CIFAR-10 and CIFAR-100; give the folder of one of them")
    is_hundred = are_hundred.pop()
    num_labels = 2 if is_hundred else 1
    row_bytes = num_labels + 3 * 32 * 32
    for file in files:
        size = file.stat().st_size
        if not size or size % row_bytes:
            raise damaged_error(file, f"its size is no multiple of CIFAR's {row_bytes:,} bytes")
    nums = [file.stat().st_size // row_bytes for file in files]

    def rows(file: Path) -> NDArray[np.uint8]:
        return np.memmap(file, np.uint8, "r").reshape(-1, row_bytes)

    def chunks() -> Iterator[NDArray[Any]]:
        for file in files:
            table = rows(file)
            for start in range(0, len(table), ROWS):
                images = table[start : start + ROWS, num_labels:].reshape(-1, 3, 32, 32)
                yield images.transpose(0, 2, 3, 1)

    factors = np.concatenate([rows(file)[:, :num_labels] for file in files]).astype(np.float64)
    factor_names = ("coarse_class", "fine_class") if is_hundred else ("class",)
    return RasterSet(
        kind="CIFAR-100" if is_hundred else "CIFAR-10",
        images=RasterImages(str(path), sum(nums), (32, 32, 3), np.dtype("u1"), chunks),
        factors=factors,
        factor_names=factor_names,
        factor_levels=_class_names(path, names, factor_names, factors),
        split=train_and_test([_is_test(file.name) for file in files], nums),
    )


def _class_names(
    path: Path, names: Sequence[str], factor_names: Sequence[str], factors: NDArray[np.float64]
) -> dict[str, tuple[str, ...]]:
    """Read the names of classes from the text files beside them."""
    levels = {}
    for column, factor in enumerate(factor_names):
        stem = {"class": "batches.meta.txt"}.get(factor, f"{factor.split('_')[0]}_label_names.txt")
        file = next((path / name for name in names if name.rsplit("/", 1)[-1] == stem), None)
        if file is None:
            continue
        texts = tuple(file.read_text(encoding="utf-8", errors="replace").split())
        if len(texts) > factors[:, column].max(initial=0):
            levels[factor] = texts
    return levels
