"""Files of arrays and benchmarks that are damaged, lie, or hold what is not opened."""

import gzip
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.data.bad_files.archives import ENDINGS, encrypted
from tests.data.bad_files.case import Case, alone, damaged, write
from tests.data.bad_files.pictures import zeros
from tests.data.bad_files.seeds import (
    ARRAYS,
    NUM,
    good_pictures,
    h5,
    idx,
    mat,
    norb,
    npy,
    npz,
    parquet,
    pixels,
    zipped,
)

GOOD = pixels(NUM, 32, 32)


class Trap:
    """Something that runs code where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("Traceback (most recent call last): a pickle was opened",)


def cases() -> Iterator[Case]:
    """Give every bad file of several images."""
    for name, content in ARRAYS.items():
        if not name.endswith(ENDINGS):
            for done, bad in damaged(content(), name):
                yield Case("arrays, damaged", f"{name} {done}", alone(name, lambda b=bad: b))
            yield Case("arrays, damaged", f"{name} empty", alone(name, bytes), must_refuse=True)
    for name, make in ARRAY_FILES.items():
        yield Case("arrays, lying", name, alone(name.split()[0], make), must_refuse=True)
    for name, make_folder in FOLDERS.items():
        yield Case("arrays, in folders", name, make_folder)


def lying_npy(shape: str, descr: str = "'|u1'") -> bytes:
    """Begin an npy of any shape and type, which may be a lie."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def members(**contents: bytes) -> bytes:
    """Write an npz of npy files that are given as they are."""
    return zipped({f"{name}.npy": content for name, content in contents.items()})


def _bomb_member(num: int) -> bytes:
    """Write an npz whose array of zeros is so long; it packs a thousandfold."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("images.npy", "w", force_zip64=True) as file,
    ):
        file.write(lying_npy(f"({num}, 64, 64)"))
        for _ in range(num):
            file.write(bytes(4096))
    return buffer.getvalue()


def _sparse_h5(shape: tuple[int, ...], chunks: tuple[int, ...], **more: NDArray[Any]) -> bytes:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("images", shape=shape, dtype="u1", chunks=chunks)
        for name, array in more.items():
            file.create_dataset(name, data=array)
    return buffer.getvalue()


def _linking_h5() -> bytes:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["images"] = h5py.ExternalLink("/etc/passwd", "/")
        file["labels"] = h5py.SoftLink("/labels")
    return buffer.getvalue()


def _external_h5() -> bytes:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        size = 4 * 32 * 32
        file.create_dataset("images", (4, 32, 32), "u1", external=[("/etc/passwd", 0, size)])
    return buffer.getvalue()


def _circular_h5() -> bytes:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        group = file.create_group("a")
        group["b"] = file["/"]
        file["c"] = group
    return buffer.getvalue()


def _v4_mat(rows: int, columns: int) -> bytes:
    return struct.pack("<5i", 0, rows, columns, 0, 7) + b"images\0" + bytes(800)


def _lying_mat() -> bytes:
    """Write a matrix of version 5 whose dimensions are giants."""
    content = bytearray(mat(images=GOOD)[:128])
    dims = struct.pack("<II3i4x", 5, 12, 2**30, 2**10, 2**10)
    flags = struct.pack("<IIII", 6, 8, 9, 0)
    name = struct.pack("<II8s", 1, 6, b"images")
    body = flags + dims + name + struct.pack("<II", 2, 2**31 - 8) + bytes(64)
    return bytes(content) + struct.pack("<II", 14, len(body)) + body


def _packed_mat_bomb() -> bytes:
    head = mat(images=GOOD)[:128]
    packed = zeros(3 * 2**30)
    return head + struct.pack("<II", 15, len(packed)) + packed


ARRAY_FILES: dict[str, Callable[[], bytes]] = {
    "giant.npy of 10^12 images": lambda: lying_npy(
        "(10**12, 64, 64)".replace("10**12", "1" + "0" * 12)
    ),
    "minus.npy of -1 images": lambda: lying_npy("(-1, 64, 64)"),
    "deep.npy whose header nests 10,000 times": lambda: lying_npy("(" * 10_000 + ")" * 10_000),
    "digits.npy of a length of 5,000 digits": lambda: lying_npy(f"({'9' * 5_000}, 64, 64)"),
    "code.npy whose header calls something": lambda: lying_npy("__import__('os').system('true')"),
    "type.npy of an unknown type": lambda: lying_npy("(3, 32, 32)", "'|q9'"),
    "record.npy of records": lambda: lying_npy("(3, 32, 32)", "[('a', '|u1'), ('b', '|O')]"),
    "pickle.npy": lambda: npy(np.array([Trap()] * 3, dtype=object)),
    "pickles.npz": lambda: npz(images=np.array([Trap()] * 3, dtype=object)),
    "labels.npz pickled": lambda: npz(images=GOOD, labels=np.array([Trap()] * NUM, dtype=object)),
    "complex.npz": lambda: npz(images=GOOD.astype(complex)),
    "dates.npz": lambda: npz(images=GOOD.astype("M8[s]")),
    "words.npz": lambda: npz(images=GOOD.astype(str)),
    "nan.npz": lambda: npz(images=np.full((NUM, 32, 32), np.nan)),
    "inf.npz": lambda: npz(images=np.where(GOOD > 200, np.inf, GOOD)),
    "flat.npz of one number": lambda: npz(images=np.float32(1)),
    "none.npz without arrays": lambda: npz(),
    "zero.npz of no images": lambda: npz(images=GOOD[:0]),
    "side.npz of images of no height": lambda: npz(images=GOOD[:, :0]),
    "five.npz of five axes": lambda: npz(images=pixels(3, 4, 4, 4, 4)),
    "nine.npz of nine channels": lambda: npz(images=pixels(3, 32, 32, 9)),
    "few.npz with labels of fewer": lambda: npz(images=GOOD, labels=np.arange(5)),
    "inflabels.npz": lambda: npz(images=GOOD, labels=np.full(NUM, np.inf)),
    "giant.npz of 10^12 images": lambda: members(images=lying_npy(f"({10**12}, 64, 64)")),
    "bomb.npz of 1.2 GB of zeros": lambda: _bomb_member(300_000),
    "long.npz longer than its header": lambda: members(images=npy(GOOD) + bytes(10)),
    "short.npz shorter than its header": lambda: members(images=npy(GOOD)[:-10]),
    "names.npz of 10^11 empty names": lambda: members(
        images=npy(GOOD),
        labels=npy(GOOD[:, :2, 0]),
        factor_names=lying_npy(f"({10**11},)", "'<U0'"),
    ),
    "names2.npz of names of 4 GB": lambda: members(
        images=npy(GOOD), labels=npy(GOOD[:, :2, 0]), factor_names=lying_npy("(2,)", f"'<U{10**9}'")
    ),
    "names3.npz of names that are the same": lambda: npz(
        images=GOOD, labels=GOOD[:, :2, 0], factor_names=np.array(["a", "a"])
    ),
    "names4.npz of names that are numbers": lambda: npz(
        images=GOOD, labels=GOOD[:, :2, 0], factor_names=np.arange(10**6)
    ),
    "labels2.npz of 10^11 empty labels": lambda: members(
        images=npy(GOOD), labels=lying_npy(f"({NUM}, {10**11})", "'<U0'")
    ),
    "fortran.npz of 2 TB by columns": lambda: members(
        images=lying_npy(f"({2**30}, 64, 64)").replace(b"False", b"True ")
    ),
    "locked.npz": encrypted,
    "image.npz is a PNG": lambda: good_pictures()["000.png"],
    "image.h5 is a PNG": lambda: good_pictures()["000.png"],
    "sparse.h5 of 10^12 images": lambda: _sparse_h5((10**12, 64, 64), (1, 64, 64)),
    "sparse2.h5 of 4 GB never written": lambda: _sparse_h5((10**6, 64, 64), (10_000, 64, 64)),
    "chunk.h5 of one chunk of 3 GB": lambda: _sparse_h5((800_000, 64, 64), (800_000, 64, 64)),
    "links.h5": _linking_h5,
    "external.h5": _external_h5,
    "circle.h5": _circular_h5,
    "words.h5": lambda: h5(images=np.array([[b"a"] * 32] * 32)),
    "giant.mat of version 4": lambda: _v4_mat(2**31 - 1, 2**31 - 1),
    "minus.mat of version 4": lambda: _v4_mat(-5, -5),
    "giant5.mat": _lying_mat,
    "bomb.mat of 3 GB of zeros": _packed_mat_bomb,
    "cells.mat": lambda: mat(images={"a": GOOD}),
    "text.mat": lambda: b"this is no matrix\n" * 40,
    "text.h5": lambda: b"this is no HDF5\n" * 40,
    "zeros.mat": lambda: bytes(1_000),
    "pictures.parquet of numbers": lambda: parquet({"image": [1, 2, 3]}),
    "nulls.parquet": lambda: parquet({"image": [None, None, b""]}),
    "foot.parquet with a wrong footer": lambda: (
        ARRAYS["set.parquet"]()[:-8] + struct.pack("<I", 2**31) + b"PAR1"
    ),
    "train-images-idx3-ubyte of 2^32 images": lambda: (
        bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**32 - 1, 2**16, 2**16)
    ),
    "train-images-idx3-ubyte of wrong type": lambda: bytes([0, 0, 13, 3]) + idx(GOOD)[4:],
    "train-images-idx3-ubyte.gz cut": lambda: gzip.compress(idx(pixels(NUM, 28, 28)))[:5_000],
    "data_batch_1.bin of 100 bytes": lambda: bytes(100),
    "smallnorb-5x-training-dat.mat alone": lambda: norb(pixels(4, 2, 96, 96)),
}
"""Files of arrays that must be refused."""


def _zarr(folder: Path, description: dict[str, Any], chunk: bytes = b"") -> list[str]:
    write(folder / "set.zarr", {".zarray": json.dumps(description).encode(), "0.0.0": chunk})
    return [str(folder / "set.zarr")]


PLAIN_ZARR: dict[str, Any] = {
    "zarr_format": 2,
    "shape": [NUM, 32, 32],
    "chunks": [NUM, 32, 32],
    "dtype": "|u1",
    "compressor": None,
    "fill_value": 0,
    "order": "C",
    "filters": None,
}
PICKLED = {"id": "pickle", "protocol": 5}


def _zarr_of(**changes: Any) -> Callable[[Path], list[str]]:
    return partial(_zarr, description={**PLAIN_ZARR, **changes})


def _zarr_text(text: bytes) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        write(folder / "set.zarr", {".zarray": text})
        return [str(folder / "set.zarr")]

    return make


def _folder(**files: bytes) -> Callable[[Path], list[str]]:
    return lambda folder: [str(write(folder, {k.replace("__", "-"): v for k, v in files.items()}))]


FOLDERS: dict[str, Callable[[Path], list[str]]] = {
    "zarr never written, of 10^9 images": _zarr_of(shape=[10**9, 64, 64], chunks=[1, 64, 64]),
    "zarr of one chunk of 4 TB": _zarr_of(shape=[10**9, 64, 64], chunks=[10**9, 64, 64]),
    "zarr of negative shape": _zarr_of(shape=[-5, 32, 32]),
    "zarr of chunks of no length": _zarr_of(chunks=[0, 32, 32]),
    "zarr of objects": _zarr_of(dtype="|O", filters=[PICKLED]),
    "zarr of an unknown type": _zarr_of(dtype="|q9"),
    "zarr nested 100,000 deep": _zarr_text(b"[" * 100_000),
    "zarr of no JSON": _zarr_text(b"\xff\xfe\x00"),
    "zarr with numbers of 5,000 digits": _zarr_text(b'{"shape": [' + b"9" * 5_000 + b"]}"),
    "zarr empty": _zarr_text(b""),
    "idx with fewer labels": _folder(
        **{
            "train-images-idx3-ubyte": idx(pixels(NUM, 28, 28)),
            "train-labels-idx1-ubyte": idx(pixels(5)),
        }
    ),
    "SmallNORB of other shapes": _folder(
        **{
            "smallnorb-5x-training-dat.mat": norb(pixels(4, 2, 96, 96)),
            "smallnorb-5x-training-cat.mat": norb(np.zeros(3, "<i4"), 0x1E3D4C54),
            "smallnorb-5x-training-info.mat": norb(np.zeros((4, 4), "<i4"), 0x1E3D4C54),
        }
    ),
    "SmallNORB of negative shape": _folder(
        **{
            "smallnorb-5x-training-dat.mat": struct.pack("<II4i", 0x1E3D4C55, 4, -1, 2, -96, 96),
            "smallnorb-5x-training-cat.mat": b"",
            "smallnorb-5x-training-info.mat": b"",
        }
    ),
    "Cars3D of text": lambda folder: [str(write(folder, {"cars/car_001_mesh.mat": b"x" * 500}))],
    "Cars3D of another array": lambda folder: [
        str(write(folder, {"cars/car_001_mesh.mat": mat(im=GOOD)}))
    ],
    "CIFAR of both kinds": _folder(**{"data_batch_1.bin": bytes(3073), "train.bin": bytes(3074)}),
    "CIFAR's pickles": _folder(
        **dict.fromkeys(("data_batch_1", "test_batch", "batches.meta"), b"\x80\x04.")
    ),
}
"""Folders of arrays."""
