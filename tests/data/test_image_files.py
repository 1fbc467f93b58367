"""Kinds of files by their names."""

import pytest

from unknot.data import image_files
from unknot.data.image_files import is_heic, is_picture, is_table


@pytest.mark.parametrize("name", ["a.JPG", "b/c.png", "x.tif", "y.webp", "z.avif"])
def test_pictures(name: str) -> None:
    assert is_picture(name)
    assert not is_table(name)


def test_pictures_of_telephones_need_what_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_heic("IMG_1.HEIC")
    for reads in (True, False):
        monkeypatch.setattr(image_files, "reads_heic", lambda reads=reads: reads)
        assert is_picture("IMG_1.HEIC") == reads


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("labels.csv", True),
        ("a/metadata.jsonl", True),
        ("list_attr_celeba.txt", True),
        ("identity_CelebA.txt", True),
        ("notes.txt", False),
        ("a.png", False),
    ],
)
def test_tables(name: str, expected: bool) -> None:
    assert is_table(name) == expected
