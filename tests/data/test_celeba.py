"""CelebA's label files."""

from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.data.celeba import celeba_files, is_celeba_file, read_celeba

ATTRIBUTES = b"3\r\nSmiling Bald\r\n000001.jpg  1 -1\r\n000002.jpg -1 -1\r\n000003.jpg  1  1\r\n"
CSV = b"\xef\xbb\xbfimage_id,Smiling,Bald\n000001.jpg,1,-1\n000002.jpg,-1,-1\n000003.jpg,1,1\n"
PARTITION = b"000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n"
NAMES = ["a/000003.jpg", "a/000001.jpg"]


def _read(names: list[str], **files: bytes):
    return read_celeba(names, {k.replace("__", "."): (lambda v=v: v) for k, v in files.items()})


@pytest.mark.parametrize(
    "file", [{"list_attr_celeba__txt": ATTRIBUTES}, {"list_attr_celeba__csv": CSV}]
)
def test_attributes_go_to_the_image_of_their_row(file: dict[str, bytes]) -> None:
    labels = _read(NAMES, **file)
    assert labels.attribute_names == ("Smiling", "Bald")
    assert labels.attributes.tolist() == [[1, 1], [1, 0]]
    (note,) = labels.notes
    assert note.startswith("1 rows of list_attr_celeba.")


def test_official_splits_and_people() -> None:
    identity = b"000001.jpg 2880\n000002.jpg 17\n000003.jpg 17\n"
    labels = _read(NAMES, list_eval_partition__txt=PARTITION, identity_CelebA__txt=identity)
    assert labels.split is not None
    assert labels.split.tolist() == [2, 0]
    assert labels.group_names == ("17", "2880")
    assert labels.groups.tolist() == [0, 1]


def test_the_png_edition_has_the_same_rows() -> None:
    assert _read(["000002.png"], list_attr_celeba__txt=ATTRIBUTES).attributes.tolist() == [[0, 0]]


def test_the_images_of_celeba_hq_are_found_by_their_mapping() -> None:
    mapping = b"idx orig_idx orig_file\n0 2 000003.jpg\n1 0 000001.jpg\n"
    own = b"2\nHat\n0.jpg 1\n1.jpg -1\n"
    labels = _read(
        ["CelebA-HQ-img/0.jpg", "CelebA-HQ-img/1.jpg"],
        **{
            "CelebA-HQ-to-CelebA-mapping__txt": mapping,
            "CelebAMask-HQ-attribute-anno__txt": own,
            "list_eval_partition__txt": PARTITION,
        },
    )
    assert labels.attributes.tolist() == [[1], [0]]
    assert labels.split.tolist() == [2, 0]


def test_other_files_of_celeba_are_named() -> None:
    labels = _read(NAMES, list_attr_celeba__csv=CSV, list_bbox_celeba__csv=b"x")
    assert labels.notes[-1] == "not used: list_bbox_celeba.csv (boxes, landmarks or poses)"
    assert read_celeba(NAMES, {"labels.csv": lambda: b""}) is None


def test_an_image_without_a_row_misses_its_labels() -> None:
    labels = _read([*NAMES, "000009.jpg"], list_attr_celeba__txt=ATTRIBUTES)
    assert labels.attributes[2].tolist() == [-1, -1]
    assert any("no row for 1 of 3 images ('000009'...)" in note for note in labels.notes)
    with pytest.raises(UserError, match="no row for any of the 1 images"):
        _read(["x.jpg"], list_attr_celeba__txt=ATTRIBUTES)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"3\r\n", b"4\r\n", "says it has 4 rows but has 3"),
        (b"3.jpg  1  1", b"3.jpg  1", "line 5: 1 values where 2 are expected"),
        (b"3.jpg  1  1", b"3.jpg  1 7", "'7' where only -1, 0, 1 may stand"),
        (b"Smiling", b"\xff", "not a text file"),
        (b"3\r\n", b"x\r\n", "does not begin with a count"),
    ],
)
def test_damaged_files(old: bytes, new: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        _read(NAMES, list_attr_celeba__txt=ATTRIBUTES.replace(old, new, 1))


def test_files_are_found_beside_the_images_wherever_they_are_usual(tmp_path: Path) -> None:
    for name in ("Anno/list_attr_celeba.txt", "Eval/list_eval_partition.txt", "Anno/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    images = tmp_path / "Img" / "img_align_celeba"
    images.mkdir(parents=True)
    names = {path.name for path in celeba_files(images)}
    assert names == {"list_attr_celeba.txt", "list_eval_partition.txt"}
    assert celeba_files(tmp_path / "photos") == []
    assert is_celeba_file("x/identity_CelebA.txt")
    assert not is_celeba_file("list.txt")
