"""Folders and caches that are no plain ones: pipes, links, devices, spoiled files."""

import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tests.data.bad_files.case import Case, write
from tests.data.bad_files.seeds import good_pictures

CACHE = "UNKNOT_CACHE"


def cases() -> Iterator[Case]:
    """Give every odd folder, and every spoiled cache."""
    for name, make in FOLDERS.items():
        yield Case("folders", name, make)
    for name, spoil in CACHES.items():
        yield Case("caches", name, _spoiled(spoil), must_refuse=True)


def _with(change: Callable[[Path], object]) -> Callable[[Path], list[str]]:
    """Change a folder of good pictures."""

    def make(folder: Path) -> list[str]:
        write(folder / "pictures", good_pictures())
        change(folder / "pictures")
        return [str(folder / "pictures")]

    return make


def _given(name: str, change: Callable[[Path], object]) -> Callable[[Path], list[str]]:
    """Give a path as the data that is no file of images."""

    def make(folder: Path) -> list[str]:
        change(folder / name)
        return [str(folder / name)]

    return make


def _labels(
    change: Callable[[Path], object], name: str = "labels.csv"
) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        write(folder / "pictures", good_pictures())
        change(folder / name)
        return [str(folder / "pictures"), "--labels", str(folder / name)]

    return make


def _socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's name is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)
    os.chdir(here)


def _sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


def _chain(path: Path) -> None:
    for i in range(100):
        (path / f"{i}.png").symlink_to(f"{i + 1}.png")


def _deep(path: Path) -> None:
    place = path
    for _ in range(400):
        place = place / "deep"
    os.makedirs(place)
    (place / "x.png").write_bytes(good_pictures()["000.png"])


FOLDERS: dict[str, Callable[[Path], list[str]]] = {
    "a pipe called like a picture": _with(lambda p: os.mkfifo(p / "x.png")),
    "a pipe called like a table": _with(lambda p: os.mkfifo(p / "metadata.csv")),
    "a pipe beside the folder": _with(lambda p: os.mkfifo(p.parent / "labels.csv")),
    "a link to a pipe": _with(
        lambda p: (os.mkfifo(p.parent / "pipe"), (p / "x.png").symlink_to(p.parent / "pipe"))
    ),
    "a link to a device": _with(lambda p: (p / "x.png").symlink_to("/dev/zero")),
    "a link to a device as a table": _with(lambda p: (p / "metadata.csv").symlink_to("/dev/zero")),
    "a link to a device beside it": _with(
        lambda p: (p.parent / "labels.csv").symlink_to("/dev/zero")
    ),
    "a socket": _with(lambda p: _socket(p / "x.png")),
    "a link to itself": _with(lambda p: (p / "x.png").symlink_to("x.png")),
    "a chain of links": _with(_chain),
    "a link to the folder above": _with(lambda p: (p / "again").symlink_to("..")),
    "a broken link": _with(lambda p: (p / "x.png").symlink_to("/nowhere/x.png")),
    "folders 400 deep": _with(_deep),
    "a picture of 6 GB of nothing": _with(lambda p: _sparse(p / "x.png", 6 * 2**30)),
    "a table of 6 GB of nothing": _with(lambda p: _sparse(p / "metadata.csv", 6 * 2**30)),
    "a name that is not UTF-8": _with(
        lambda p: Path(os.fsdecode(os.fsencode(p) + b"/\xff\xfe.png")).write_bytes(b"x")
    ),
    "a name with a line feed": _with(lambda p: (p / "a\nb\x1b[31m.png").write_bytes(b"x")),
    "a folder called like a picture": _with(lambda p: (p / "x.png").mkdir()),
    "a folder called like a table": _with(lambda p: (p / "metadata.csv").mkdir()),
    "an empty folder": _given("empty", lambda p: p.mkdir()),
    "a folder of text": lambda folder: [str(write(folder / "text", {"a.md": b"x", "b": b""}))],
    "two pictures": lambda folder: [str(write(folder, dict(list(good_pictures().items())[:2])))],
    "copies of one picture": lambda folder: [
        str(write(folder, {f"{i}.png": good_pictures()["000.png"] for i in range(9)}))
    ],
    "a pipe": _given("pipe", os.mkfifo),
    "a pipe called npz": _given("set.npz", os.mkfifo),
    "a pipe called npy": _given("set.npy", os.mkfifo),
    "a pipe called h5": _given("set.h5", os.mkfifo),
    "a pipe called mat": _given("set.mat", os.mkfifo),
    "a pipe called zip": _given("set.zip", os.mkfifo),
    "a pipe called zarr": _given("set.zarr", os.mkfifo),
    "a pipe called parquet": _given("set.parquet", os.mkfifo),
    "a pipe called idx": _given("train-images-idx3-ubyte", os.mkfifo),
    "a pipe in zarr": _given("set.zarr", lambda p: (p.mkdir(), os.mkfifo(p / ".zarray"))),
    "a device": lambda folder: ["/dev/zero"],
    "a link to a device called npz": _given("set.npz", lambda p: p.symlink_to("/dev/zero")),
    "a link to a device called mat": _given("set.mat", lambda p: p.symlink_to("/dev/zero")),
    "a link to itself as the folder": _given("loop", lambda p: p.symlink_to(p)),
    "a folder called npz": _given("set.npz", lambda p: p.mkdir()),
    "a folder called npy": _given("set.npy", lambda p: p.mkdir()),
    "a folder called h5": _given("set.h5", lambda p: p.mkdir()),
    "a folder called mat": _given("set.mat", lambda p: p.mkdir()),
    "a file called zarr": _given("set.zarr", lambda p: p.write_bytes(b"x")),
    "a name of 300 letters": lambda folder: [str(folder / ("x" * 300))],
    "a name with a NUL": lambda folder: [str(folder / "a\0b")],
    "a name that is half a character": lambda folder: [str(folder / "\ud800")],
    "nothing": lambda folder: [""],
    "labels that are a pipe": _labels(os.mkfifo),
    "labels that are a device": _labels(lambda p: p.symlink_to("/dev/zero")),
    "labels that are a folder": _labels(lambda p: p.mkdir()),
    "labels that are not there": _labels(lambda p: None),
    "labels that are a loop": _labels(lambda p: p.symlink_to(p)),
    "labels of 6 GB of nothing": _labels(lambda p: _sparse(p, 6 * 2**30)),
    "labels of 6 GB called parquet": _labels(lambda p: _sparse(p, 6 * 2**30), "labels.parquet"),
    "labels that are no name": lambda folder: [
        str(write(folder, good_pictures())),
        "--labels",
        "\0",
    ],
}
"""Folders, and things that are no folders."""


def _spoiled(spoil: Callable[[Path], object]) -> Callable[[Path], list[str]]:
    """Prepare good pictures, then spoil what was kept of them."""

    def make(folder: Path) -> list[str]:
        from unknot.data.load import load_images
        from unknot.data.pca import cached_spectrum

        write(folder / "pictures", good_pictures())
        os.environ[CACHE] = str(folder / "cache")
        images = load_images(folder / "pictures", size=28, workers=1)
        images.training_moments()
        cached_spectrum(images, 3)
        spoil(images.folder)
        return [str(folder / "pictures")]

    return make


def _info(**changes: object) -> Callable[[Path], object]:
    def spoil(entry: Path) -> None:
        info = json.loads((entry / "info.json").read_text())
        (entry / "info.json").write_text(json.dumps({**info, **changes}))

    return spoil


def _replaced(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda entry: (entry / name).write_bytes(content)


def _instead(name: str, make: Callable[[Path], object]) -> Callable[[Path], object]:
    def spoil(entry: Path) -> None:
        (entry / name).unlink()
        make(entry / name)

    return spoil


def _as_a_whole(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def spoil(entry: Path) -> None:
        shutil.rmtree(entry)
        make(entry)

    return spoil


def _noise(entry: Path) -> None:
    size = (entry / "images.u8").stat().st_size
    (entry / "images.u8").write_bytes(np.random.default_rng(0).bytes(size))


def _labels_npz(**arrays: object) -> Callable[[Path], object]:
    def spoil(entry: Path) -> None:
        with np.load(entry / "labels.npz") as stored:
            whole = dict(stored)
        np.savez(entry / "labels.npz", **{**whole, **arrays})  # type: ignore[arg-type]

    return spoil


CACHES: dict[str, Callable[[Path], object]] = {
    "info of no JSON": _replaced("info.json", b"{"),
    "info of a list": _replaced("info.json", b"[]"),
    "info nested 100,000 deep": _replaced("info.json", b"[" * 100_000),
    "info of a number": _replaced("info.json", b"1"),
    "info of another shape": _info(shape=[12, 1, 14, 56]),
    "info of a shape of text": _info(shape="x"),
    "info of a shape of null": _info(shape=None),
    "info of a shape of floats": _info(shape=[12.0, 1, 28, 28]),
    "info of a negative shape": _info(shape=[-12, -1, 28, 28]),
    "info of a shape of 10^30": _info(shape=[10**30, 1, 28, 28]),
    "info of no shape": _info(shape=[]),
    "info of fewer names": _info(names=["a"]),
    "info of names of numbers": _info(names=[1] * 12),
    "info without names": _info(names=None),
    "info without a fingerprint": _info(fingerprint=None),
    "info without splits": _info(split_by=None),
    "info of notes of numbers": _info(notes=5),
    "info of other labels' names": _info(attribute_names=["a", "b"]),
    "info of factors' names of text": _info(factor_names="abc"),
    "info of passing names out of the folder": _info(passing=["../../../../dev/zero"]),
    "info of passing names of numbers": _info(passing=[1]),
    "info that is a folder": _instead("info.json", lambda p: p.mkdir()),
    "info that is a pipe": _instead("info.json", os.mkfifo),
    "info that is a device": _instead("info.json", lambda p: p.symlink_to("/dev/zero")),
    "pixels cut": lambda entry: os.truncate(entry / "images.u8", 1_000),
    "pixels of other length": lambda entry: os.truncate(entry / "images.u8", 10**6),
    "pixels of nothing": _replaced("images.u8", b""),
    "pixels replaced by noise": _noise,
    "pixels that are a pipe": _instead("images.u8", os.mkfifo),
    "pixels that are a device": _instead("images.u8", lambda p: p.symlink_to("/dev/zero")),
    "pixels that are gone": _instead("images.u8", lambda p: None),
    "labels of no npz": _replaced("labels.npz", b"x" * 100),
    "labels of other length": _labels_npz(split=np.zeros(5, np.int8)),
    "labels of other splits": _labels_npz(split=np.full(12, 99, np.int8)),
    "labels of splits of text": _labels_npz(split=np.array(["a"] * 12)),
    "labels of factors of text": _labels_npz(factors=np.array([["a"]] * 12)),
    "labels of fewer factors": _labels_npz(factors=np.zeros((3, 1))),
    "labels of fewer attributes": _labels_npz(attributes=np.zeros((3, 1), np.int8)),
    "labels of pickles": _labels_npz(groups=np.array([{}] * 12, dtype=object)),
    "labels that are a pipe": _instead("labels.npz", os.mkfifo),
    "moments of no npz": _replaced("moments.npz", b"x"),
    "an entry that is a file": _as_a_whole(lambda p: p.write_bytes(b"x")),
    "an entry that is a pipe": _as_a_whole(os.mkfifo),
    "an entry that is a broken link": _as_a_whole(lambda p: p.symlink_to("/nowhere")),
    "an entry that is a link to a folder": _as_a_whole(
        lambda p: ((p.parent / "else").mkdir(), p.symlink_to(p.parent / "else"))
    ),
    "an entry that is empty": _as_a_whole(lambda p: p.mkdir()),
    "a cache that is a file": lambda entry: (
        shutil.rmtree(entry.parent),
        entry.parent.write_bytes(b"x"),
    ),
    "a cache that is a pipe": lambda entry: (shutil.rmtree(entry.parent), os.mkfifo(entry.parent)),
    "a lock that is a folder": lambda entry: (
        shutil.rmtree(entry),
        (entry.parent / f"{entry.name}.lease").unlink(missing_ok=True),
        (entry.parent / f"{entry.name}.lease").mkdir(),
    ),
}
"""What may have become of a prepared data set."""
