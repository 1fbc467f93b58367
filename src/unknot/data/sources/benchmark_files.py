"""Benchmarks in formats of their own: MNIST's idx, CIFAR's binary version, SmallNORB, Cars3D.

MNIST and those made like it (LeCun et al. 1998), CIFAR (Krizhevsky 2009), SmallNORB (LeCun et al.
2004), Cars3D (Reed et al. 2015). Nothing is unpickled.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.benchmark_factors import order_factors
from unknot.data.sources import LoadOptions, Scan, Written
from unknot.data.sources.array_images import RasterImages, num_channels, write_rasters
from unknot.data.splits import TEST, TRAIN

ROWS = 500  # images that are read at once
IDX = re.compile(r"(.*?)[-.](images|labels)[-.]?idx[13][-.]ubyte(\.gz)?", re.IGNORECASE)
CIFAR = re.compile(r"(data_batch_\d|test_batch|train|test)\.bin")
CIFAR_PICKLES = ("data_batch_1", "test_batch", "batches.meta")
NORB = re.compile(r"smallnorb-.*-(training|testing)-(dat|cat|info)\.mat(\.gz)?", re.IGNORECASE)
NORB_KINDS: dict[int, np.dtype[Any]] = {0x1E3D4C55: np.dtype("u1"), 0x1E3D4C54: np.dtype("<i4")}
NORB_NAMES = ("category", "instance", "elevation", "azimuth", "lighting")
CARS = {"object_type": 0, "elevation": 4, "azimuth": 24}


@dataclass(frozen=True, eq=False)
class RasterSet:
    """A benchmark: its images, and what is known of each.

    Attributes:
        kind: what it is, for people.
        images: read some at a time.
        factors: shape `(num, num_factors)`.
        factor_names: one per column.
        factor_levels: the text of each number, of a factor that was text.
        split: positions in `SPLITS`, int8, where the set has its own.
        notes: what the user should know, one line each.
    """

    kind: str
    images: RasterImages
    factors: NDArray[np.float64]
    factor_names: tuple[str, ...]
    factor_levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    split: NDArray[np.int8] | None = None
    notes: tuple[str, ...] = ()


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
    if _cars(path, names):
        return read_cars
    if all(name in last for name in CIFAR_PICKLES):
        raise UserError(
            "this is CIFAR's version for Python, whose files can run code when they are opened; "
            "download the binary version (cifar-10-binary.tar.gz) and give its folder"
        )
    return None


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
    channels = num_channels(benchmark.images, options.preparation)
    return Scan(
        source=str(path.resolve()),
        key=(str(path.resolve()), options.preparation.as_dict(), options.split, *stamps),
        preparation=options.preparation,
        num_bytes=benchmark.images.num * channels * options.preparation.size**2,
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
        split=_train_and_test(is_test, nums),
        notes=() if has_labels else ("some idx file of labels is missing: there are no labels",),
    )


def _is_test(stem: str) -> bool:
    return "t10k" in stem or "test" in stem


def _train_and_test(is_test: Sequence[bool], nums: Sequence[int]) -> NDArray[np.int8] | None:
    """Keep training and test apart where both are there."""
    if len(set(is_test)) < 2:
        return None
    return np.repeat(np.array([TEST if test else TRAIN for test in is_test], np.int8), nums)


def _opened(path: Path) -> IO[bytes]:
    packed = path.name.lower().endswith(".gz")
    return gzip.open(path) if packed else path.open("rb")  # type: ignore[return-value]


def _damaged(path: Path, why: str) -> UserError:
    return UserError(f"{path} is damaged: {why}; download it again")


def _taken(path: Path, file: IO[bytes], num: int) -> bytes:
    """Read so many bytes, or say that the file ends early."""
    try:
        content = file.read(num)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, str(error)) from None
    if len(content) < num:
        raise _damaged(path, "it ends early")
    return content


def _idx_header(path: Path, ndim: int) -> tuple[int, ...]:
    with _opened(path) as file:
        head = _taken(path, file, 4 + 4 * ndim)
    if head[:4] != bytes([0, 0, 8, ndim]):
        raise _damaged(path, f"it is no idx file of bytes of {ndim} dimensions")
    return tuple(np.frombuffer(head, ">u4", offset=4).tolist())


def _idx_rows(path: Path, shape: tuple[int, ...]) -> Iterator[NDArray[Any]]:
    num, height, width = shape
    with _opened(path) as file:
        _taken(path, file, 16)
        for start in range(0, num, ROWS):
            rows = min(ROWS, num - start)
            content = _taken(path, file, rows * height * width)
            yield np.frombuffer(content, np.uint8).reshape(rows, height, width)


def _idx_labels(path: Path, num: int) -> NDArray[np.float64]:
    (found,) = _idx_header(path, 1)
    if found != num:
        raise _damaged(path, f"it holds {found:,} labels of {num:,} images")
    with _opened(path) as file:
        content = _taken(path, file, 8 + num)
    return np.frombuffer(content, np.uint8, offset=8).astype(np.float64)


def read_cifar(path: Path, names: Sequence[str]) -> RasterSet:
    """Read CIFAR-10's or CIFAR-100's binary version, with the names of its classes.

    Raises:
        UserError: if a file is damaged.
    """
    files = sorted(path / name for name in names if CIFAR.fullmatch(name.rsplit("/", 1)[-1]))
    files.sort(key=lambda file: _is_test(file.name))
    is_hundred = any(file.name in ("train.bin", "test.bin") for file in files)
    num_labels = 2 if is_hundred else 1
    row_bytes = num_labels + 3 * 32 * 32
    for file in files:
        if file.stat().st_size % row_bytes:
            raise _damaged(file, f"its size is no multiple of {row_bytes:,} bytes")
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
        split=_train_and_test([_is_test(file.name) for file in files], nums),
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


def read_small_norb(path: Path, names: Sequence[str]) -> RasterSet:
    """Read SmallNORB's matrices: the left camera, five factors, its own test images.

    Raises:
        UserError: if files are damaged or missing.
    """
    parts: dict[str, dict[str, Path]] = {}
    for name in sorted(names):
        match = NORB.fullmatch(name.rsplit("/", 1)[-1])
        if match:
            parts.setdefault(match[1].lower(), {})[match[2].lower()] = path / name
    order = sorted(parts, reverse=True)  # training before testing
    for stem in order:
        for kind in ("dat", "cat", "info"):
            if kind not in parts[stem]:
                raise UserError(
                    f"{path} lacks SmallNORB's file of the {stem} images that ends in -{kind}.mat"
                )
    shapes = [norb_header(parts[stem]["dat"])[0] for stem in order]
    nums = [shape[0] for shape in shapes]

    def chunks() -> Iterator[NDArray[Any]]:
        for stem in order:
            for pairs in _norb_rows(parts[stem]["dat"]):
                yield pairs[:, 0]

    tables = [
        np.column_stack([_norb_table(parts[stem]["cat"]), _norb_table(parts[stem]["info"])])
        for stem in order
    ]
    height, width = shapes[0][2:]
    images = RasterImages(str(path), sum(nums), (height, width, 1), np.dtype("u1"), chunks)
    return RasterSet(
        kind="SmallNORB",
        images=images,
        factors=np.concatenate(tables).astype(np.float64),
        factor_names=NORB_NAMES,
        split=_train_and_test([stem == "testing" for stem in order], nums),
        notes=("of each pair of images the left camera's is taken",),
    )


def norb_header(path: Path) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Read the shape, the type and the length of the header of one of SmallNORB's matrices.

    Raises:
        UserError: if it is none.
    """
    with _opened(path) as file:
        magic, ndim = np.frombuffer(_taken(path, file, 8), "<u4").tolist()
        if magic not in NORB_KINDS or not 1 <= ndim <= 4:
            raise _damaged(path, "it does not begin like one of SmallNORB's matrices")
        shape = np.frombuffer(_taken(path, file, 4 * max(3, ndim)), "<i4").tolist()
    if min(shape[:ndim]) < 1:
        raise _damaged(path, f"its shape is {shape[:ndim]}")
    return tuple(shape[:ndim]), NORB_KINDS[magic], 8 + 4 * max(3, ndim)


def _norb_rows(path: Path) -> Iterator[NDArray[Any]]:
    shape, dtype, offset = norb_header(path)
    row_bytes = int(np.prod(shape[1:])) * dtype.itemsize
    with _opened(path) as file:
        _taken(path, file, offset)
        for start in range(0, shape[0], ROWS):
            rows = min(ROWS, shape[0] - start)
            content = _taken(path, file, rows * row_bytes)
            yield np.frombuffer(content, dtype).reshape(rows, *shape[1:])


def _norb_table(path: Path) -> NDArray[Any]:
    return np.concatenate(list(_norb_rows(path)))


def _cars(path: Path, names: Sequence[str]) -> list[Path]:
    """The MATLAB files of Cars3D, one for each car, in a folder `cars`."""
    files = sorted(path.resolve() / name for name in names if name.lower().endswith(".mat"))
    return [file for file in files if file.parent.name.lower() == "cars"]


def read_cars(path: Path, names: Sequence[str]) -> RasterSet:
    """Read Cars3D: a MATLAB file for each car, seen from 24 sides and 4 heights.

    Raises:
        UserError: if a file is damaged or holds another array.
    """
    files = _cars(path, names)
    per_car = CARS["elevation"] * CARS["azimuth"]

    def chunks() -> Iterator[NDArray[Any]]:
        for file in files:
            images = _car(file)  # height, width, channels, azimuth, elevation
            yield images.transpose(4, 3, 0, 1, 2).reshape(per_car, *images.shape[:3])

    height, width = _car(files[0]).shape[:2]
    levels = {**CARS, "object_type": len(files)}
    num = len(files) * per_car
    return RasterSet(
        kind="Cars3D",
        images=RasterImages(str(path), num, (height, width, 3), np.dtype("u1"), chunks),
        factors=order_factors(levels, np.arange(num)),
        factor_names=tuple(levels),
    )


def _car(path: Path) -> NDArray[Any]:
    from scipy.io import loadmat

    try:
        images = loadmat(path, variable_names=["im"])["im"]
    except Exception as error:  # whatever its reader raises on damaged files
        raise _damaged(path, " ".join(str(error).split())) from None
    expected = (3, CARS["azimuth"], CARS["elevation"])
    if images.dtype != np.uint8 or images.ndim != 5 or images.shape[2:] != expected:
        raise _damaged(path, f"its array im is {images.dtype} of shape {images.shape}")
    return np.asarray(images)
