"""Zips and tars of pictures."""

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from zstandard import ZstdCompressor

from unknot.common.errors import UserError
from unknot.data.load import load_images
from unknot.data.sources import packed
from unknot.data.sources.packed import list_tars, list_zips


def picture(value: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (32, 32), value).save(buffer, "PNG")
    return buffer.getvalue()


def write_tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_tar_of_folders(tmp_path: Path) -> None:
    members = {f"pets/{'cat' if i % 2 else 'dog'}/{i:02d}.png": picture(i) for i in range(60)}
    path = write_tar(tmp_path / "pets.tar", {**members, "pets/._x.png": b"", "pets/a.txt": b""})
    images = load_images(path, size=32, group="folder")
    assert images.labels.attribute_names == ("cat", "dog")
    is_odd = images.images[:, 0, 0, 0] % 2
    assert images.labels.attributes[:, 0].tolist() == is_odd.tolist()
    assert "1 hidden file or note of a system not used: left out" in images.info["notes"]
    assert "1 file of another kind not used: .txt" in images.info["notes"]


def test_packed_tars_are_the_same(tmp_path: Path) -> None:
    plain = write_tar(tmp_path / "a.tar", {f"{i}.png": picture(10 * i) for i in range(10)})
    zstandard = pytest.importorskip("zstandard")
    content = plain.read_bytes()
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(content))
    (tmp_path / "a.tar.zst").write_bytes(zstandard.compress(content))
    expected = load_images(plain, size=32)
    for name in ("a.tar.gz", "a.tar.zst"):
        images = load_images(tmp_path / name, size=32)
        assert np.array_equal(images.images, expected.images)


def test_shards_with_the_labels_beside_each_picture(tmp_path: Path) -> None:
    for split, start in (("train", 0), ("val", 40), ("test", 50)):
        members = {}
        for i in range(start, start + (40 if split == "train" else 10)):
            members[f"{i:03d}.png"] = picture(i)
            members[f"{i:03d}.cls"] = str(i % 3).encode()
            members[f"{i:03d}.json"] = json.dumps({"age": i / 2, "box": [1, 2]}).encode()
        write_tar(tmp_path / f"{split}-000000.tar", members)
    images = load_images(tmp_path, size=32)
    values = images.images[:, 0, 0, 0]
    assert images.labels.factor_names == ("class", "age")
    assert images.labels.factors[:, 0].tolist() == (values % 3).tolist()
    assert images.labels.factors[:, 1].tolist() == (values / 2).tolist()
    assert sorted(values[images.indices("test")].tolist()) == list(range(50, 60))
    assert sorted(values[images.indices("validation")].tolist()) == list(range(40, 50))


def test_a_folder_of_zips(tmp_path: Path) -> None:
    for part in (1, 2):
        members = {f"{i}.png": picture(100 * part + i) for i in range(10)}
        write_zip(tmp_path / f"part{part}.zip", members)
    images = load_images(tmp_path, size=32)
    assert images.names[0] == "part1/0.png"
    assert images.images[:, 0, 0, 0].tolist() == [*range(100, 110), *range(200, 210)]
    assert images.info["notes"][0] == "images are read from part1.zip, part2.zip"


def test_a_table_in_a_zip(tmp_path: Path) -> None:
    members = {f"data/{i:02d}.png": picture(i) for i in range(20)}
    rows = "\n".join(["file_name,odd", *(f"{i:02d}.png,{i % 2}" for i in range(20))])
    path = write_zip(tmp_path / "data.zip", {**members, "data/metadata.csv": rows.encode()})
    images = load_images(path, size=32)
    assert images.labels.attribute_names == ("odd",)
    odd = images.images[:, 0, 0, 0] % 2
    assert images.labels.attributes[:, 0].tolist() == odd.tolist()


def test_kaggles_celeba_as_it_is_downloaded(tmp_path: Path) -> None:
    members = {f"img_align_celeba/img_align_celeba/{i:06d}.jpg": picture(i) for i in range(20)}
    names = [f"{i:06d}.jpg" for i in range(20)]
    members["list_attr_celeba.csv"] = "\n".join(
        ["image_id,Odd", *(f"{name},{2 * (i % 2) - 1}" for i, name in enumerate(names))]
    ).encode()
    members["list_eval_partition.csv"] = "\n".join(
        ["image_id,partition", *(f"{name},{i // 8}" for i, name in enumerate(names))]
    ).encode()
    images = load_images(write_zip(tmp_path / "archive.zip", members), size=32)
    assert images.info["kind"] == "CelebA"
    values = images.images[:, 0, 0, 0]
    assert images.labels.attributes[:, 0].tolist() == (values % 2).tolist()
    assert images.labels.split.tolist() == (values // 8).tolist()


@pytest.mark.parametrize("write", [write_tar, write_zip])
def test_a_path_that_points_outside_is_refused(write, tmp_path: Path) -> None:
    path = write(tmp_path / ("e.zip" if write is write_zip else "e.tar"), {"../evil.png": b"x"})
    with pytest.raises(UserError, match="points outside the archive"):
        (list_zips if write is write_zip else list_tars)([path])


def test_damaged_tars_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"no tar" * 1000)
    with pytest.raises(UserError, match="not a tar that can be read"):
        load_images(tmp_path / "a.tar")
    (tmp_path / "a.tar.gz").write_bytes(b"no gzip")
    with pytest.raises(UserError, match="not a tar that can be read"):
        load_images(tmp_path / "a.tar.gz")
    (tmp_path / "b.tar").write_bytes(b"")
    with pytest.raises(UserError, match=r"b\.tar"):
        load_images(tmp_path / "b.tar")


def test_a_member_that_ends_early_is_skipped(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {f"{i:02d}.png": picture(i) for i in range(20)})
    files = list_tars([path])
    content = path.read_bytes()
    start = content.rindex(b"\x89PNG")
    path.write_bytes(content[:start])
    with pytest.raises(Exception, match="ends early"):
        files.read(19)


def test_bytes_of_several_names_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("0.png", b"x" * 100)
        (first,) = archive.infolist()
        again = zipfile.ZipInfo("1.png")
        again.header_offset, again.CRC = first.header_offset, first.CRC
        again.compress_size, again.file_size = first.compress_size, first.file_size
        archive.filelist.append(again)
    with pytest.raises(UserError, match="gives the same bytes several names"):
        list_zips([tmp_path / "a.zip"])


@pytest.mark.parametrize("pack", [gzip.compress, lambda b: ZstdCompressor().compress(b)])
def test_a_packed_tar_that_is_hardly_anything_is_refused(
    pack: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "MAX_UNPACKED_BYTES", 2**20)
    ending = "gz" if pack is gzip.compress else "zst"
    (tmp_path / f"a.tar.{ending}").write_bytes(pack(bytes(2**23)))
    with pytest.raises(UserError, match="bytes when unpacked, which pictures never have"):
        list_tars([tmp_path / f"a.tar.{ending}"])
