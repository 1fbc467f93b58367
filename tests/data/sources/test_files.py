"""Folders and zips of pictures."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import fill, make_celeba, picture
from unknot.common.errors import UserError
from unknot.data.load import load_images


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


def test_folders_as_classes(tmp_path: Path) -> None:
    fill(tmp_path / "cats", 20)
    fill(tmp_path / "dogs", 30)
    images = load_images(tmp_path, size=32, group="folder")
    assert images.labels.attribute_names == ("cats", "dogs")
    assert images.labels.group_names == ()
    is_cat = [name.startswith("cats/") for name in images.names]
    assert images.labels.attributes[:, 0].tolist() == is_cat
    with pytest.raises(UserError, match="sub-folders"):
        load_images(tmp_path / "cats", size=32, group="folder")


def test_folders_as_people(tmp_path: Path) -> None:
    fill(tmp_path / "anna", 4)
    fill(tmp_path / "ben", 6)
    images = load_images(tmp_path, size=32, group="folder")
    assert images.labels.attribute_names == ()
    assert images.labels.group_names == ("anna", "ben")
    assert images.labels.groups.tolist() == [0] * 4 + [1] * 6


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


def test_a_zip_that_points_outside_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../evil.png", b"x")
    with pytest.raises(UserError, match="points outside the archive"):
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


def test_celeba_layout(tmp_path: Path) -> None:
    images = load_images(make_celeba(tmp_path), size=32)
    assert images.info["kind"] == "CelebA"
    assert images.info["split_by"] == "official"
    assert [len(images.indices(s)) for s in ("train", "validation", "test")] == [20, 5, 5]
    assert images.labels.attribute_names == ("Smiling", "Bald")
    assert images.labels.attributes[:4].tolist() == [[0, 0], [1, 0], [1, 0], [0, 0]]
    assert images.info["notes"] == [
        "5 rows of list_attr_celeba.txt name images that are not here: ignored",
        "5 rows of list_eval_partition.txt name images that are not here: ignored",
    ]
    whole = Image.open(tmp_path / "img_align_celeba" / "0000.jpg")
    cropped = whole.resize((32, 32), Image.Resampling.BICUBIC, box=(15, 35, 163, 183))
    assert np.array_equal(images.images[0], np.asarray(cropped).transpose(2, 0, 1))


def test_celeba_as_a_zip_and_by_its_image_folder(tmp_path: Path) -> None:
    make_celeba(tmp_path)
    by_folder = load_images(tmp_path / "img_align_celeba", size=32)
    assert by_folder.labels.attribute_names == ("Smiling", "Bald")
    with zipfile.ZipFile(tmp_path / "img_align_celeba.zip", "w") as archive:
        for file in (tmp_path / "img_align_celeba").iterdir():
            archive.write(file, f"img_align_celeba/{file.name}")
            file.unlink()
    (tmp_path / "img_align_celeba").rmdir()
    assert np.array_equal(load_images(tmp_path, size=32).images, by_folder.images)


def test_a_part_of_celeba_that_has_one_official_split(tmp_path: Path) -> None:
    images = load_images(make_celeba(tmp_path, num=19, extra_rows=15), size=32)
    assert images.info["split_by"] == "official"
    assert any("no official validation or test" in note for note in images.info["notes"])
    assert all(len(images.indices(s)) for s in ("train", "validation", "test"))


@pytest.mark.real_data
def test_real_celeba_subset(celeba: Path) -> None:
    images = load_images(celeba, crop="none")
    splits = [len(images.indices(s)) for s in ("train", "validation", "test")]
    assert splits == [24_152, 2_945, 2_903]
    assert len(images.labels.attribute_names) == 40
    smiling = images.labels.attributes[:, images.labels.attribute_names.index("Smiling")]
    assert 0.45 < smiling.mean() < 0.52


def test_every_place_from_which_celeba_may_be_given(tmp_path: Path) -> None:
    make_celeba(tmp_path / "made")
    root = tmp_path / "CelebA"
    images = root / "Img" / "img_align_celeba"
    images.parent.mkdir(parents=True)
    (tmp_path / "made" / "img_align_celeba").rename(images)
    for folder, name in (("Anno", "list_attr_celeba.txt"), ("Eval", "list_eval_partition.txt")):
        (root / folder).mkdir()
        (tmp_path / "made" / name).rename(root / folder / name)
    for given in (root, root / "Img", images):
        found = load_images(given, size=32)
        assert found.info["kind"] == "CelebA"
        assert found.info["split_by"] == "official"
        assert found.labels.attributes[:4].tolist() == [[0, 0], [1, 0], [1, 0], [0, 0]]


def test_given_splits_are_kept_unless_they_are_dealt_anew(tmp_path: Path) -> None:
    for folder, num in (("train", 40), ("val", 6), ("test", 4)):
        fill(tmp_path / folder, num)
    images = load_images(tmp_path, size=32)
    assert images.info["split_by"] == "folders"
    for i, split in enumerate(("train", "validation", "test")):
        folder = "val" if split == "validation" else split
        assert {images.names[j].split("/")[0] for j in images.indices(split)} == {folder}
        assert (images.labels.split == i).sum() == (40, 6, 4)[i]
    dealt = load_images(tmp_path, size=32, split="hash")
    assert dealt.info["split_by"] == "name"
    assert dealt.labels.split.tolist() != images.labels.split.tolist()
    shares = load_images(tmp_path, size=32, split="50/25/25")
    assert shares.info["split_by"] == "name, 50/25/25"
    assert len(shares.indices("train")) < len(dealt.indices("train"))


def test_labels_beside_the_folder_and_given_ones(tmp_path: Path) -> None:
    folder = fill(tmp_path / "images", 20)
    rows = [f"{i:04d}.png,{i % 2}" for i in range(20)]
    (tmp_path / "labels.csv").write_text("\n".join(["file_name,odd", *rows]))
    images = load_images(folder, size=32)
    assert images.labels.attribute_names == ("odd",)
    assert images.labels.attributes[:, 0].tolist() == [i % 2 for i in range(20)]
    other = {"name": [f"{i:04d}" for i in range(20)], "big": [int(i > 9) for i in range(20)]}
    assert load_images(folder, size=32, labels=other).labels.attribute_names == ("big",)
    (tmp_path / "labels.csv").write_text("\n".join(["file_name,even", *rows]))
    assert load_images(folder, size=32).labels.attribute_names == ("even",)


def test_what_is_not_used_is_said_each_time(tmp_path: Path) -> None:
    folder = fill(tmp_path / "images", 20)
    (folder / "clip.mp4").touch()
    first = load_images(folder, size=32)
    assert (
        "1 video not used: ffmpeg -i FILE frame-%06d.png takes its pictures out"
        in first.info["notes"]
    )
    (folder / "clip.mp4").unlink()
    second = load_images(folder, size=32)
    assert second.folder == first.folder
    assert second.info["notes"] == []


def test_masks_beside_photographs_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path / "images", 20)
    fill(tmp_path / "masks", 20, mode="L")
    images = load_images(tmp_path, size=32)
    assert len(images) == 20
    assert all(name.startswith("images/") for name in images.names)
    assert any(
        note.startswith("20 masks of a photograph not used") for note in images.info["notes"]
    )
