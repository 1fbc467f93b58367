"""What the names of pictures tell."""

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.data.layout import TOP_FOLDER, photographs, read_layout, split_position
from unknot.data.splits import TEST, TRAIN, VALIDATION


def _names(**folders: int) -> list[str]:
    """Name some pictures in each folder; `__` stands for a slash."""
    places = {folder.replace("__", "/"): num for folder, num in folders.items()}
    return [f"{place}/{i:03d}.png" for place, num in places.items() for i in range(num)]


def test_folders_of_splits_are_kept() -> None:
    layout = read_layout(_names(train=5, valid=2, test=3), group="none")
    assert layout.split is not None
    assert layout.split.tolist() == [TRAIN] * 5 + [VALIDATION] * 2 + [TEST] * 3
    assert layout.notes == ("splits as given by the folders test, train, valid",)


def test_classes_under_splits_become_labels_by_themselves() -> None:
    names = _names(a__train__cat=20, a__train__dog=20, a__val__cat=4, a__val__dog=3)
    layout = read_layout(names, group="none")
    assert layout.class_names == ("cat", "dog")
    assert layout.classes is not None
    assert layout.classes.tolist() == [0] * 20 + [1] * 20 + [0] * 4 + [1] * 3
    assert layout.split is not None
    assert np.bincount(layout.split).tolist() == [40, 7]


@pytest.mark.parametrize(
    ("name", "position"),
    [
        ("train", TRAIN),
        ("Training", TRAIN),
        ("train2017", TRAIN),
        ("val", VALIDATION),
        ("valid_set", VALIDATION),
        ("validation", VALIDATION),
        ("dev", VALIDATION),
        ("test", TEST),
        ("Test-Images", TEST),
        ("testament", None),
        ("trainers", None),
        ("cat", None),
    ],
)
def test_names_of_splits(name: str, position: int | None) -> None:
    assert split_position(name) == position


def test_splits_are_not_taken_where_pictures_lie_beside_them() -> None:
    layout = read_layout(_names(train=5, test=5, plane=5), group="none")
    assert layout.split is None
    assert layout.notes[0] == (
        "folders test, train are not taken as splits: pictures lie beside them too"
    )


def test_one_folder_called_train_is_looked_through() -> None:
    layout = read_layout(_names(train__cat=30, train__dog=30), group="folder")
    assert layout.split is None
    assert layout.class_names == ("cat", "dog")


def test_splits_that_are_not_kept_are_no_classes() -> None:
    names = _names(train__a=30, test__a=30, train__b=30, test__b=30)
    layout = read_layout(names, group="folder", keep_splits=False)
    assert layout.split is None
    assert layout.class_names == ("a", "b")


def test_few_large_folders_are_classes_and_others_people() -> None:
    classes = read_layout(_names(cat=20, dog=25), group="folder")
    assert classes.class_names == ("cat", "dog")
    assert classes.groups is None
    people = read_layout(_names(anna=19, ben=25), group="folder")
    assert people.group_names == ("anna", "ben")
    assert people.classes is None
    assert people.notes == (
        "images that belong together are those of the 2 folders: ben (25), anna (19)",
    )
    many = read_layout(_names(**{f"p{i}": 20 for i in range(65)}), group="folder")
    assert many.classes is None
    assert len(many.group_names) == 65


def test_a_loose_picture_does_not_make_classes_people() -> None:
    layout = read_layout(["loose.png", *_names(cat=20, dog=25)], group="folder")
    assert layout.class_names == (TOP_FOLDER, "cat", "dog")


def test_what_folders_are_can_be_said() -> None:
    assert read_layout(_names(cat=20, dog=25), group="people").group_names == ("cat", "dog")
    assert read_layout(_names(anna=1, ben=2), group="classes").class_names == ("anna", "ben")


def test_a_picture_in_no_sub_folder_has_a_class_of_its_own() -> None:
    layout = read_layout(["x.png", *_names(cats=2)], group="classes")
    assert layout.class_names == (TOP_FOLDER, "cats")


def test_folders_that_are_not_used_are_said() -> None:
    layout = read_layout(_names(cat=20, dog=25), group="none")
    assert layout.notes == (
        "not used as labels: 2 folders: dog (25), cat (20); --group folder uses them",
    )
    assert read_layout(_names(cat=3), group="none").notes == ()


def test_one_folder_cannot_be_grouped() -> None:
    with pytest.raises(UserError, match="two or more sub-folders"):
        read_layout(_names(a__b=3), group="people")


def test_masks_are_no_photographs() -> None:
    names = [*_names(images=3), *_names(masks=3), "images/000_mask.png", "images/my_mask.png"]
    photos, num = photographs(names)
    assert [names[i] for i in photos] == [*_names(images=3), "images/my_mask.png"]
    assert num == 4


def test_masks_of_parts_of_faces_are_none_either() -> None:
    names = ["CelebA-HQ-img/0.jpg", "CelebAMask-HQ-mask-anno/0/00000_hair.png"]
    assert photographs(names) == ([0], 1)


def test_classes_called_like_masks_are_photographs() -> None:
    names = ["mask/a1.png", "mask/a2.png", "no mask/b1.png"]
    assert photographs(names) == ([0, 1, 2], 0)
    assert photographs(["masks/a.png", "masks/b.png"]) == ([0, 1], 0)
