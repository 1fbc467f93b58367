"""Seconds and memory around decoding: large folders, tables of labels, tars, large archives.

    python benchmarks/your_data.py [--num 200000] [--tar] [--archive] [--json]

A folder of many small PNGs in nested folders, and a csv of forty labels with a row for each, are
made in a temporary place and loaded: the first time (decoding takes most of it), again from the
cache, and once more without labels. `--tar` packs 100,000 JPEGs of noise into ten tars of 1 GB in
all and loads them from the tars and from a folder, alternating. `--archive` streams an npz like
MPI3D's of 5 GB. Peaks are of anonymous memory (`VmHWM` less what is mapped from files), in
processes of their own.
"""

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from common import machine

LABELS = 40
SHARDS = 10
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--num", type=int, default=200_000)
    parser.add_argument("--tar", action="store_true")
    parser.add_argument("--archive", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result: dict[str, object] = {"machine": machine()}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        result |= measure_folder(folder / "folder", options.num)
        if options.tar:
            result |= measure_tar(folder / "tar")
        if options.archive:
            result |= measure_archive(folder / "large.npz")
    print(json.dumps(result, indent=2) if options.json else as_text(result))


def measure_folder(folder: Path, num: int) -> dict[str, object]:
    """Load a folder of many small pictures with forty labels, twice, and once without labels."""
    images = folder / "images"
    write_pictures(images, num, small=True)
    write_labels(folder / "labels.csv", images)
    first, second = load(images), load(images)
    bare = load(images, "--bare")
    return {
        f"{num} files with {LABELS} labels, first start": first,
        "the same, second start": second,
        "listing and matching the labels, beyond decoding": {
            "seconds": round(first["scan and labels"], 2)
        },
        "without labels, first start": bare,
    }


def measure_tar(folder: Path, num: int = 100_000) -> dict[str, object]:
    """Load the same pictures from ten tars and from a folder, alternating."""
    images = folder / "images"
    write_pictures(images, num, small=False)
    files = sorted(images.rglob("*.jpg"))
    shards = folder / "shards"
    shards.mkdir()
    for shard in range(SHARDS):
        with tarfile.open(shards / f"part-{shard:06d}.tar", "w") as archive:
            for file in files[shard::SHARDS]:
                archive.add(file, file.name)
    num_bytes = sum(file.stat().st_size for file in shards.iterdir())
    ratios = []
    for _ in range(ROUNDS):
        from_folder, from_tar = load(images, "--fresh"), load(shards, "--fresh")
        ratios.append(from_folder["seconds"] / from_tar["seconds"])
    return {
        f"{num} pictures in {SHARDS} tars of {num_bytes / 2**30:.2f} GiB": {
            "speed beside the folder's, median": round(median(ratios), 3),
            "rounds": [round(ratio, 3) for ratio in ratios],
        }
    }


def measure_archive(path: Path, num: int = 420_000) -> dict[str, object]:
    """Load an npz of 64x64x3 images like MPI3D's, of 5 GB, which does not fit into memory here."""
    rng = np.random.default_rng(0)
    block = rng.integers(0, 256, (1000, 64, 64, 3), np.uint8)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (num, 64, 64, 3)}
    )
    with (
        zipfile.ZipFile(path, "w") as archive,
        archive.open("images.npy", "w", force_zip64=True) as f,
    ):
        f.write(header.getvalue())
        for start in range(0, num, len(block)):
            f.write(np.roll(block, start // len(block)).data)
    size = path.stat().st_size / 2**30
    return {f"an npz of {num} images, {size:.2f} GiB": load(path)}


def write_pictures(folder: Path, num: int, *, small: bool) -> None:
    """Write pictures into folders of a thousand."""
    rng = np.random.default_rng(0)
    if small:
        kinds = [encode(Image.new("L", (32, 32), value), "PNG") for value in range(256)]
    else:
        noise = rng.integers(0, 256, (64, 72, 72, 3), np.uint8)
        kinds = [encode(Image.fromarray(pixels), "JPEG") for pixels in noise]
    ending = "png" if small else "jpg"
    for i in range(num):
        if i % 1000 == 0:
            (folder / f"{i // 1000:03d}").mkdir(parents=True)
        (folder / f"{i // 1000:03d}" / f"{i:06d}.{ending}").write_bytes(kinds[i % len(kinds)])


def encode(picture: Image.Image, format: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format, quality=95)
    return buffer.getvalue()


def write_labels(path: Path, folder: Path) -> None:
    """Write forty labels of each picture, by its name."""
    names = sorted(file.name for file in folder.rglob("*.png"))
    rng = np.random.default_rng(0)
    with path.open("w") as file:
        file.write(",".join(["file_name", *(f"label_{i}" for i in range(LABELS))]) + "\n")
        for name in names:
            file.write(name + "," + ",".join(map(str, rng.integers(0, 2, LABELS))) + "\n")


def load(source: Path, *flags: str) -> dict[str, float]:
    """Load in a process of its own; seconds, what surrounded decoding, and the peak in MiB."""
    command = [sys.executable, __file__, "--load", str(source), *flags]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(result.stdout)
    return measured


def load_here(source: str, flags: list[str]) -> None:
    """Load, and print what it took."""
    if "--fresh" in flags:
        os.environ["UNKNOT_CACHE"] = tempfile.mkdtemp(dir=Path(source).parent)
    else:
        os.environ["UNKNOT_CACHE"] = str(Path(source).parent / "cache")
    from unknot.data import decode
    from unknot.data.load import load_images
    from unknot.data.sources import encoded, files

    decoding = 0.0

    def timed(*args, **kwargs):
        nonlocal decoding
        begin = time.perf_counter()
        result = decode.decode_all(*args, **kwargs)
        decoding += time.perf_counter() - begin
        return result

    encoded.decode_all = timed
    if "--bare" in flags:
        files.tables_beside = lambda path, names: []
    begin = time.perf_counter()
    images = load_images(source, size=32 if Path(source).name == "images" else 64)
    seconds = time.perf_counter() - begin
    document = {
        "images": len(images),
        "labels": len(images.labels.attribute_names),
        "seconds": round(seconds, 2),
        "scan and labels": round(seconds - decoding, 2),
        "peak MiB": round(anonymous_peak() / 2**20),
    }
    print(json.dumps(document))
    if "--fresh" in flags:
        shutil.rmtree(os.environ["UNKNOT_CACHE"])


def anonymous_peak() -> int:
    """Give the largest resident size so far less what is mapped from files now, in bytes."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    kilobytes = {name: int(fields[name].split()[0]) for name in ("VmHWM", "RssFile")}
    return (kilobytes["VmHWM"] - kilobytes["RssFile"]) * 1024


def as_text(result: dict[str, object]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in result.items())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        load_here(sys.argv[2], sys.argv[3:])
    else:
        main()
