"""What each row of the table on the page "Your data" describes, made small.

Picture number i has brightness i, and what is known of it follows from i: a test can tell whether
the right picture has the right labels and the right split.
"""

import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
from PIL import Image
from scipy.io import savemat

NUM = 60


class Expected(NamedTuple):
    """What is taken: names of attributes and factors, and whether splits are given.

    Attributes:
        attributes: of which the first is 1 where the number is odd.
        factors: of which the first is the number's remainder of division by 5.
        test: the first number of the test images, where splits are given.
    """

    attributes: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    test: int | None = None


def picture(i: int, size: int = 32, mode: str = "L", format: str = "PNG") -> bytes:
    """Encode a picture of brightness i."""
    buffer = io.BytesIO()
    Image.new(mode, (size, size), i if mode == "L" else (i, i, i)).save(buffer, format, quality=100)
    return buffer.getvalue()


def write(folder: Path, members: dict[str, bytes]) -> None:
    """Write files into a folder."""
    for name, content in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def pictures(folder: Callable[[int], str] = lambda i: "", ending: str = "png") -> dict[str, bytes]:
    """Name pictures, each in the folder that is made of its number."""
    format = "JPEG" if ending == "jpg" else "PNG"
    return {f"{folder(i)}{i:06d}.{ending}": picture(i, format=format) for i in range(NUM)}


def split_of(i: int) -> str:
    """Name the split of a picture, as folders are called."""
    return "train" if i < 40 else "val" if i < 50 else "test"


def table(column: str = "file_name", ending: str = "png") -> bytes:
    """Write a csv of each picture's oddness and remainder."""
    rows = [f"{i:06d}.{ending},{i % 2},{i % 5}" for i in range(NUM)]
    return "\n".join([f"{column},odd,rest", *rows]).encode()


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _tar(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def plain(place: Path) -> Expected:
    write(place / "photos", pictures(lambda i: f"{i % 3}/"))
    return Expected()


def given_splits(place: Path) -> Expected:
    write(place / "photos", pictures(lambda i: f"{split_of(i)}/{'odd' if i % 2 else 'zeven'}/"))
    return Expected(attributes=("odd", "zeven"), test=50)


def classes(place: Path) -> Expected:
    write(place / "photos", pictures(lambda i: "a-odd/" if i % 2 else "even/"))
    return Expected(attributes=("a-odd", "even"))


def people(place: Path) -> Expected:
    write(place / "photos", pictures(lambda i: f"person-{i % 7}/"))
    return Expected()


def table_beside(place: Path) -> Expected:
    write(place, {"labels.csv": table(), **pictures(lambda i: "photos/")})
    return Expected(attributes=("odd",), factors=("rest",))


def metadata(place: Path) -> Expected:
    lines = [
        json.dumps({"file_name": f"{i:06d}.png", "odd": i % 2, "rest": i % 5}) for i in range(NUM)
    ]
    write(place / "photos", {"metadata.jsonl": "\n".join(lines).encode(), **pictures()})
    return Expected(attributes=("odd",), factors=("rest",))


def table_elsewhere(place: Path) -> Expected:
    write(place, {"table.csv": table("Bild"), **pictures(lambda i: "photos/deep/")})
    return Expected(attributes=("odd",), factors=("rest",))


def zipped(place: Path) -> Expected:
    members = {**pictures(lambda i: "photos/"), "photos/metadata.csv": table()}
    write(place, {"photos.zip": _zip(members)})
    return Expected(attributes=("odd",), factors=("rest",))


def web_dataset(place: Path) -> Expected:
    members = pictures()
    for i in range(NUM):
        members[f"{i:06d}.json"] = json.dumps({"odd": i % 2, "rest": i % 5}).encode()
    write(place, {"photos.tar": _tar(members)})
    return Expected(attributes=("odd",), factors=("rest",))


def shards(place: Path) -> Expected:
    for split in ("train", "val", "test"):
        own = {
            name: content
            for i, (name, content) in enumerate(pictures().items())
            if split_of(i) == split
        }
        write(place / "shards", {f"{split}-000000.tar": _tar(own)})
    return Expected(test=50)


def parquet(place: Path) -> Expected:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (place / "data").mkdir()
    for split in ("train", "val", "test"):
        own = [i for i in range(NUM) if split_of(i) == split]
        columns = {
            "image": [{"bytes": picture(i), "path": f"{i}.png"} for i in own],
            "odd": [i % 2 for i in own],
            "rest": [i % 5 for i in own],
        }
        pq.write_table(pa.table(columns), place / "data" / f"{split}-00000-of-00001.parquet")
    return Expected(attributes=("odd",), factors=("rest",), test=50)


def celeba_of_its_authors(place: Path) -> Expected:
    names = [f"{i:06d}.jpg" for i in range(NUM)]
    flags = [f"{name} {1 if i % 2 else -1}" for i, name in enumerate(names)]
    parts = ("train", "val", "test")
    splits = [f"{name} {parts.index(split_of(i))}" for i, name in enumerate(names)]
    files = {
        "Anno/list_attr_celeba.txt": "\n".join([str(NUM), "Odd", *flags]).encode(),
        "Eval/list_eval_partition.txt": "\n".join(splits).encode(),
    }
    write(place / "CelebA", files | pictures(lambda i: "Img/img_align_celeba/", "jpg"))
    return Expected(attributes=("Odd",), test=50)


def celeba_of_kaggle(place: Path) -> Expected:
    names = [f"{i:06d}.jpg" for i in range(NUM)]
    parts = ("train", "val", "test")
    flags = [f"{name},{1 if i % 2 else -1}" for i, name in enumerate(names)]
    splits = [f"{name},{parts.index(split_of(i))}" for i, name in enumerate(names)]
    members = {
        "list_attr_celeba.csv": "\n".join(["image_id,Odd", *flags]).encode(),
        "list_eval_partition.csv": "\n".join(["image_id,partition", *splits]).encode(),
        **pictures(lambda i: "img_align_celeba/img_align_celeba/", "jpg"),
    }
    write(place, {"archive.zip": _zip(members)})
    return Expected(attributes=("Odd",), test=50)


def celeba_mask_hq(place: Path) -> Expected:
    flags = [f"{i}.jpg {1 if i % 2 else -1}" for i in range(NUM)]
    members = {f"CelebA-HQ-img/{i}.jpg": picture(i, format="JPEG") for i in range(NUM)}
    members["CelebAMask-HQ-attribute-anno.txt"] = "\n".join([str(NUM), "Odd", *flags]).encode()
    for i in range(NUM):
        members[f"CelebAMask-HQ-mask-anno/0/{i:05d}_hair.png"] = picture(200)
    write(place / "CelebAMask-HQ", members)
    return Expected(attributes=("Odd",))


def dsprites(place: Path) -> Expected:
    number = np.arange(NUM)
    images = np.zeros((NUM, 64, 64), np.uint8)
    images[:, 0, :6] = number[:, None] >> np.arange(6) & 1
    latents = np.stack([number * 0, number % 5, *[number % 3] * 4], 1)
    np.savez(place / "dsprites.npz", imgs=images, latents_classes=latents)
    return Expected(factors=("shape", "scale", "orientation", "posX", "posY"))


def cars(place: Path) -> Expected:
    number = np.arange(96).reshape(4, 24)
    im = np.broadcast_to(number.T[None, None, None], (32, 32, 3, 24, 4)).astype(np.uint8)
    (place / "cars").mkdir()
    savemat(place / "cars" / "car_001.mat", {"im": im})
    return Expected(factors=("object_type", "elevation", "azimuth"))


def falcor(place: Path) -> Expected:
    write(place / "Falcor3D", pictures(lambda i: "images/"))
    names = ("lighting_intensity", "lighting_x", "lighting_y", "lighting_z")
    return Expected(factors=(*names, "camera_x", "camera_y", "camera_z"))


def mnist(place: Path) -> Expected:
    number = np.arange(NUM, dtype=np.uint8)
    for stem, values in (("train", number[:50]), ("t10k", number[50:])):
        images = np.broadcast_to(values[:, None, None], (len(values), 28, 28))
        for kind, array in (("images-idx3", images), ("labels-idx1", values % 5)):
            head = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            write(place / "mnist", {f"{stem}-{kind}-ubyte": head + array.tobytes()})
    return Expected(factors=("class",), test=50)


def one_idx_file(place: Path) -> Expected:
    number = np.arange(NUM, dtype=np.uint8)
    images = np.broadcast_to(number[:, None, None], (NUM, 28, 28))
    for kind, array in (("images-idx3", images), ("labels-idx1", number % 5)):
        head = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        write(place, {f"train-{kind}-ubyte.gz": gzip.compress(head + array.tobytes())})
    return Expected(factors=("class",))


def cifar(place: Path) -> Expected:
    number = np.arange(NUM, dtype=np.uint8)[:, None]
    rows = np.hstack([number % 5, np.repeat(number, 3072, 1)])
    folder = place / "cifar-10-batches-bin"
    write(folder, {"data_batch_1.bin": rows[:50].tobytes(), "test_batch.bin": rows[50:].tobytes()})
    return Expected(factors=("class",), test=50)


def arrays(place: Path) -> Expected:
    number = np.arange(NUM, dtype=np.uint8)
    images = np.broadcast_to(number[:, None, None], (NUM, 32, 32))
    np.savez(place / "images.npz", imgs=images, labels=number % 5, factor_names=["rest"])
    with h5py.File(place / "images.h5", "w") as file:
        file["images"], file["factors"] = images, number % 5
    return Expected(factors=("rest",))


BUILDERS = (
    plain,
    given_splits,
    classes,
    people,
    table_beside,
    metadata,
    table_elsewhere,
    zipped,
    web_dataset,
    shards,
    parquet,
    celeba_of_its_authors,
    celeba_of_kaggle,
    celeba_mask_hq,
    dsprites,
    cars,
    falcor,
    mnist,
    one_idx_file,
    cifar,
    arrays,
)
"""One for each row of the table that a command loads from files, in their order."""
