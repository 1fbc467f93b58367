"""Benchmarks in files that end in `.mat`: SmallNORB's matrices and Cars3D.

SmallNORB: LeCun et al. 2004. Cars3D: Reed et al. 2015. Nothing is unpickled.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.benchmark_factors import order_factors
from unknot.data.sources.array_images import RasterImages
from unknot.data.sources.array_probe import check_openable
from unknot.data.sources.raster_set import (
    RasterSet,
    check_length,
    damaged_error,
    opened,
    take_bytes,
    train_and_test,
)

ROWS = 500  # images that are read at once
NORB = re.compile(r"smallnorb-.*-(training|testing)-(dat|cat|info)\.mat(\.gz)?", re.IGNORECASE)
NORB_KINDS: dict[int, np.dtype[Any]] = {0x1E3D4C55: np.dtype("u1"), 0x1E3D4C54: np.dtype("<i4")}
NORB_NAMES = ("category", "instance", "elevation", "azimuth", "lighting")
CARS = {"object_type": 0, "elevation": 4, "azimuth": 24}


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
    shapes = [_check_norb(parts[stem]) for stem in order]
    if len({shape[1:] for shape in shapes}) > 1:
        raise UserError(f"{path} holds images of several sizes; keep one set of SmallNORB's files")
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
        split=train_and_test([stem == "testing" for stem in order], nums),
        notes=("of each pair of images the left camera's is taken",),
    )


def _check_norb(files: Mapping[str, Path]) -> tuple[int, ...]:
    """Check that a part's matrices belong together; give the shape of its pairs of images."""
    shape, dtype, _ = norb_header(files["dat"])
    if len(shape) != 4 or shape[1] != 2 or dtype != np.uint8:
        raise damaged_error(files["dat"], f"it holds {dtype} of shape {shape}, not pairs of images")
    for kind, expected in (("cat", shape[:1]), ("info", (shape[0], 4))):
        table_shape = norb_header(files[kind])[0]
        if table_shape != expected:
            raise damaged_error(files[kind], f"its shape is {table_shape}, not {expected}")
    return shape


def norb_header(path: Path) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Read the shape, the type and the length of the header of one of SmallNORB's matrices.

    Raises:
        UserError: if it is none.
    """
    with opened(path) as file:
        magic, ndim = np.frombuffer(take_bytes(path, file, 8), "<u4").tolist()
        if magic not in NORB_KINDS or not 1 <= ndim <= 4:
            raise damaged_error(path, "it does not begin like one of SmallNORB's matrices")
        shape = np.frombuffer(take_bytes(path, file, 4 * max(3, ndim)), "<i4").tolist()
    if min(shape[:ndim]) < 1:
        raise damaged_error(path, f"its shape is {shape[:ndim]}")
    dtype, offset = NORB_KINDS[magic], 8 + 4 * max(3, ndim)
    check_length(path, offset + prod(shape[:ndim]) * dtype.itemsize)
    return tuple(shape[:ndim]), dtype, offset


def _norb_rows(path: Path) -> Iterator[NDArray[Any]]:
    shape, dtype, offset = norb_header(path)
    row_bytes = prod(shape[1:]) * dtype.itemsize
    with opened(path) as file:
        take_bytes(path, file, offset)
        for start in range(0, shape[0], ROWS):
            rows = min(ROWS, shape[0] - start)
            content = take_bytes(path, file, rows * row_bytes)
            yield np.frombuffer(content, dtype).reshape(rows, *shape[1:])


def _norb_table(path: Path) -> NDArray[Any]:
    return np.concatenate(list(_norb_rows(path)))


def cars_files(path: Path, names: Sequence[str]) -> list[Path]:
    """The MATLAB files of Cars3D, one for each car, in a folder `cars`."""
    files = sorted(path.resolve() / name for name in names if name.lower().endswith(".mat"))
    return [file for file in files if file.parent.name.lower() == "cars"]


def read_cars(path: Path, names: Sequence[str]) -> RasterSet:
    """Read Cars3D: a MATLAB file for each car, seen from 24 sides and 4 heights.

    Raises:
        UserError: if a file is damaged or holds another array.
    """
    files = cars_files(path, names)
    per_car = CARS["elevation"] * CARS["azimuth"]

    def chunks() -> Iterator[NDArray[Any]]:
        check_openable(files)
        for file in files:
            images = _car(file)  # height, width, channels, azimuth, elevation
            yield images.transpose(4, 3, 0, 1, 2).reshape(per_car, *images.shape[:3])

    check_openable(files[:1])
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
        raise damaged_error(path, " ".join(str(error).split())) from None
    expected = (3, CARS["azimuth"], CARS["elevation"])
    if images.dtype != np.uint8 or images.ndim != 5 or images.shape[2:] != expected:
        raise damaged_error(path, f"its array im is {images.dtype} of shape {images.shape}")
    return np.asarray(images)
