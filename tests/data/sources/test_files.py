"""Folders and zips of pictures."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import fill, picture
from unknot.common.errors import UserError
from unknot.data.load import load_images
from unknot.data.sources.files import TOP_FOLDER, ImageFiles, group_by_folder


def test_a_nested_folder(tmp_path: Path) -> None:
    fill(tmp_path / "a" / "b", 20)
    fill(tmp_path / "c", 10, ".JPG")
    (tmp_path / "notes.txt").write_text("no image")
    fill(tmp_path / ".hidden", 3)
    images = load_images(tmp_path, size=32)
    assert images.images.shape == (30, 3, 32, 32)
    assert images.names[0] == "a/b/0000.png"
    expected = np.asarray(picture(0).resize((32, 32), Image.Resampling.BICUBIC))
    assert np.array_equal(images.images[0], expected.transpose(2, 0, 1))
    assert images.info["num_duplicates"] == 10 - 10  # JPEG and PNG files differ in their bytes


def test_folders_as_groups_and_labels(tmp_path: Path) -> None:
    fill(tmp_path / "cats", 10)
    fill(tmp_path / "dogs", 20)
    images = load_images(tmp_path, size=32, group="folder")
    assert images.labels.group_names == ("cats", "dogs")
    assert images.labels.attribute_names == ("cats", "dogs")
    assert images.labels.attributes[:, 0].sum() == 10
    assert (images.labels.groups == images.labels.attributes[:, 1]).all()
    with pytest.raises(UserError, match="sub-folders"):
        load_images(tmp_path / "cats", size=32, group="folder")


def test_grey_images_have_one_channel_unless_told(tmp_path: Path) -> None:
    fill(tmp_path, 10, mode="L")
    assert load_images(tmp_path, size=32).image_shape == (1, 32, 32)
    assert load_images(tmp_path, size=32, color="rgb").image_shape == (3, 32, 32)


def test_a_zip_equals_its_folder(tmp_path: Path) -> None:
    fill(tmp_path / "images", 12)
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for file in sorted((tmp_path / "images").iterdir()):
            archive.write(file, f"images/{file.name}")
        archive.writestr("__MACOSX/images/._0000.png", b"x")
    packed = load_images(tmp_path / "images.zip", size=32)
    assert np.array_equal(packed.images, load_images(tmp_path / "images", size=32).images)


def test_unreadable_files_among_good_ones_are_named_skipped_and_counted(tmp_path: Path) -> None:
    fill(tmp_path, 38)
    good = (tmp_path / "0003.png").read_bytes()
    (tmp_path / "0003x.png").write_bytes(good[: len(good) // 2])
    (tmp_path / "0005x.jpg").write_text("a text file")
    images = load_images(tmp_path, size=32)
    assert len(images) == 38
    assert list(images.info["unreadable"]) == ["0003x.png", "0005x.jpg"]
    assert images.names == tuple(f"{i:04d}.png" for i in range(38))
    for i in (0, 3, 4, 5, 6, 37):
        expected = np.asarray(picture(i).resize((32, 32), Image.Resampling.BICUBIC))
        assert np.array_equal(images.images[i], expected.transpose(2, 0, 1))


def test_too_many_unreadable_files_are_an_error(tmp_path: Path) -> None:
    fill(tmp_path, 10)
    for i in range(2):
        (tmp_path / f"bad{i}.jpg").write_text("text")
    with pytest.raises(UserError, match=r"2 of 12 .*bad0.jpg: not a picture.*1 in 10"):
        load_images(tmp_path, size=32)


def test_a_zip_that_points_outside_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../evil.png", b"x")
    with pytest.raises(UserError, match="points outside the zip"):
        load_images(tmp_path / "evil.zip")


def test_a_damaged_zip_member_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "images.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(20):
            buffer = io.BytesIO()
            picture(i).save(buffer, "BMP")
            archive.writestr(f"{i:02d}.bmp", buffer.getvalue())
        offset = archive.getinfo("07.bmp").header_offset
    content = bytearray(path.read_bytes())
    content[offset + 60 : offset + 200] = bytes(140)
    path.write_bytes(content)
    images = load_images(path, size=32)
    assert list(images.info["unreadable"]) == ["07.bmp"]


def test_a_picture_that_lies_in_no_sub_folder_has_a_label_of_its_own(tmp_path: Path) -> None:
    fill(tmp_path / "cats", 10)
    fill(tmp_path, 5)
    images = load_images(tmp_path, size=32, group="folder")
    assert images.labels.attribute_names == (TOP_FOLDER, "cats")
    assert images.labels.attributes[:, 0].sum() == 5


def test_many_groups_are_no_labels() -> None:
    files = ImageFiles(names=[f"{i}/a.png" for i in range(65)], stamps=[], read=lambda i: b"")
    grouped = group_by_folder(files)
    assert len(grouped.group_names) == 65
    assert grouped.attributes is None
