"""CelebA's layout."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import make_celeba
from unknot.common.errors import UserError
from unknot.data.load import load_images


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


def test_partial_celeba_without_an_official_split_is_split_by_name(tmp_path: Path) -> None:
    images = load_images(make_celeba(tmp_path, num=15, extra_rows=15), size=32)
    assert images.info["split_by"] == "name"
    assert any("no official validation or test" in note for note in images.info["notes"])
    assert all(len(images.indices(s)) for s in ("train", "validation", "test"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("35\r\n", "34\r\n", "says it has 34 rows but has 35"),
        ("0003.jpg  -1 -1", "0003.jpg  -1", "line 6: 1 values where 2 are expected"),
        ("0003.jpg", "9999.jpg", "no row for 1 of 30 images"),
        ("0003.jpg  -1 -1", "0003.jpg  -1 7", "'7' where only -1, 1 may stand"),
    ],
)
def test_attribute_rows_that_do_not_match(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = make_celeba(tmp_path) / "list_attr_celeba.txt"
    path.write_bytes(path.read_bytes().replace(old.encode(), new.encode(), 1))
    with pytest.raises(UserError, match=message):
        load_images(tmp_path, size=32)


@pytest.mark.real_data
def test_real_celeba_subset(celeba: Path) -> None:
    images = load_images(celeba, crop="none")
    splits = [len(images.indices(s)) for s in ("train", "validation", "test")]
    assert splits == [24_152, 2_945, 2_903]
    assert len(images.labels.attribute_names) == 40
    smiling = images.labels.attributes[:, images.labels.attribute_names.index("Smiling")]
    assert 0.45 < smiling.mean() < 0.52
