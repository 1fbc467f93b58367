"""What the names of pictures tell: given splits, classes, groups, and which pictures are masks.

Only names are looked at, so folders, zips and tars are read alike.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.splits import TEST, TRAIN, VALIDATION

SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("val", "valid", "validation", "dev"), VALIDATION),
    **dict.fromkeys(("test", "testing"), TEST),
}
"""What splits are called -> their position in `SPLITS`."""
_SPLIT = re.compile(rf"({'|'.join(SPLIT_NAMES)})([-_ ]?(set|data|images|imgs|\d{{4}}))?")
TOP_FOLDER = "(top folder)"  # the label of pictures that lie in no sub-folder
MAX_CLASSES = 64
MIN_CLASS_IMAGES = 20
MAX_NAMED = 5
_MASK_FOLDERS = frozenset(
    [
        *("mask", "masks", "seg", "segmentation", "segmentations", "segmentationclass"),
        *("segmentationobject", "annotation", "annotations", "label", "labels", "gt"),
        *("groundtruth", "ground_truth", "ground-truth", "trimap", "trimaps", "matte", "mattes"),
    ]
)
_MASK_ANNOTATION = re.compile(r"mask[-_]?anno", re.IGNORECASE)
_MASK_STEM = re.compile(r"(.+)[-_](mask|masks|seg|segmentation|gt|label|matte|trimap)", re.I)
_PARTS_OF_MASK_NAMES = ("mask", "seg", "anno", "label", "gt", "ground", "trimap", "matte")


@dataclass(frozen=True, eq=False)
class Layout:
    """What the names of pictures tell.

    Attributes:
        split: positions in `SPLITS`, int8, shape `(num,)`; None where folders are no splits.
        classes: class of each picture, int32, shape `(num,)`; None where folders are no classes.
        class_names: one per class.
        groups: group of each picture, int32, shape `(num,)`; None where folders are no groups.
        group_names: one per group.
        notes: what was taken, and what could be, one line each.
    """

    split: NDArray[np.int8] | None
    classes: NDArray[np.int32] | None
    class_names: tuple[str, ...]
    groups: NDArray[np.int32] | None
    group_names: tuple[str, ...]
    notes: tuple[str, ...]


def read_layout(names: Sequence[str], *, group: str, keep_splits: bool = True) -> Layout:
    """Find splits, classes and groups in the paths of pictures.

    A folder that holds everything else is looked through, and so is one of splits.

    Args:
        names: relative paths with forward slashes.
        group: `none`, `folder`, `classes` or `people`, as the user asked for it.
        keep_splits: whether folders that are called like splits are taken as splits; they are never
            classes.

    Raises:
        UserError: if classes or groups are asked for and all pictures lie in one folder.
    """
    paths = _without_common(_folders(names))
    split, notes = _given_split(paths)
    if split is not None:
        paths = _without_common([path[1:] for path in paths])
        if not keep_splits:
            split, notes = None, ("the folders' own splits are not kept: --split",)
    tops = [path[0] if path else "" for path in paths]
    if group == "none" and split is not None and _are_classes_of_splits(tops, split):
        group = "classes"
    sizes = Counter(tops)
    if group != "none" and len(sizes) < 2:
        raise UserError(f"group is {group!r}, but the images do not lie in two or more sub-folders")
    if group == "folder":
        group = "classes" if _are_classes(sizes) else "people"
    return Layout(
        split=split,
        classes=_numbers(tops) if group == "classes" else None,
        class_names=tuple(name or TOP_FOLDER for name in sorted(sizes))
        if group == "classes"
        else (),
        groups=_numbers(tops) if group == "people" else None,
        group_names=tuple(sorted(sizes)) if group == "people" else (),
        notes=(*notes, *_group_notes(group, sizes)),
    )


def photographs(names: Sequence[str]) -> tuple[list[int], int]:
    """Find the pictures that are no masks of others.

    A mask lies in a folder called like one and is named after a photograph, or beside it with an
    ending such as `_mask`.

    Returns:
        The photographs' positions, and how many masks there are.
    """
    text = "\n".join(names).lower()
    if not any(part in text for part in _PARTS_OF_MASK_NAMES):  # as with nearly all data
        return list(range(len(names))), 0
    in_mask_folder = [_is_in_mask_folder(name) for name in names]
    outside = {_stem(name) for name, inside in zip(names, in_mask_folder) if not inside}
    beside = {name.rsplit(".", 1)[0] for name in names}
    masks = {
        i
        for i, (name, inside) in enumerate(zip(names, in_mask_folder))
        if (inside and _is_mask_of(name, outside)) or _is_mask_beside(name, beside)
    }
    photos = [i for i in range(len(names)) if i not in masks]
    return (photos, len(masks)) if photos else (list(range(len(names))), 0)


def _folders(names: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(name.split("/")[:-1]) for name in names]


def _without_common(paths: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Leave out the leading folders that all have in common."""
    first, last = min(paths), max(paths)
    common = 0
    while common < min(len(first), len(last)) and first[common] == last[common]:
        common += 1
    return [path[common:] for path in paths] if common else paths


def _given_split(paths: list[tuple[str, ...]]) -> tuple[NDArray[np.int8] | None, tuple[str, ...]]:
    """Take first folders as splits if all pictures lie in such."""
    tops = Counter(path[0] if path else "" for path in paths)
    named = {name: position for name in tops if (position := split_position(name)) is not None}
    if len(set(named.values())) < 2 or TRAIN not in named.values():
        return None, ()
    others = [name or TOP_FOLDER for name in tops if name not in named]
    if others:
        here = ", ".join(sorted(named))
        return None, (f"folders {here} are not taken as splits: pictures lie beside them too",)
    split = np.array([named[path[0]] for path in paths], np.int8)
    return split, (f"splits as given by the folders {', '.join(sorted(named))}",)


def split_position(name: str) -> int | None:
    """Find which split a name stands for: its position in `SPLITS`, or None."""
    match = _SPLIT.fullmatch(name.lower())
    return SPLIT_NAMES[match[1]] if match else None


def _are_classes(sizes: Counter[str]) -> bool:
    """Whether folders are few and large; pictures in none of them do not count."""
    folders = [num for name, num in sizes.items() if name]
    return 1 < len(folders) <= MAX_CLASSES and min(folders) >= MIN_CLASS_IMAGES


def _are_classes_of_splits(tops: list[str], split: NDArray[np.int8]) -> bool:
    """Whether the same sub-folders, few and large, lie under more than one split."""
    sizes = Counter(tops)
    if len(sizes) < 2 or "" in sizes or not _are_classes(sizes):
        return False
    splits_of: dict[str, set[int]] = {}
    for top, position in zip(tops, split.tolist()):
        splits_of.setdefault(top, set()).add(position)
    return all(len(positions) > 1 for positions in splits_of.values())


def _numbers(tops: list[str]) -> NDArray[np.int32]:
    number = {name: i for i, name in enumerate(sorted(set(tops)))}
    return np.array([number[top] for top in tops], np.int32)


def _group_notes(group: str, sizes: Counter[str]) -> tuple[str, ...]:
    largest = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    names = ", ".join(f"{name or TOP_FOLDER} ({num:,})" for name, num in largest[:MAX_NAMED])
    more = f" and {len(sizes) - MAX_NAMED:,} more" if len(sizes) > MAX_NAMED else ""
    folders = f"{len(sizes):,} folders: {names}{more}"
    if group == "classes":
        return (f"classes (labels) are the {folders}",)
    if group == "people":
        return (f"images that belong together are those of the {folders}",)
    if len(sizes) > 1:
        return (f"not used as labels: {folders}; --group folder uses them",)
    return ()


def _stem(name: str) -> str:
    return name.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _is_in_mask_folder(name: str) -> bool:
    folders = name.split("/")[:-1]
    return any(f.lower() in _MASK_FOLDERS or _MASK_ANNOTATION.search(f) for f in folders)


def _is_mask_of(name: str, stems: set[str]) -> bool:
    if any(_MASK_ANNOTATION.search(folder) for folder in name.split("/")[:-1]):
        return True
    stem = _stem(name)
    match = _MASK_STEM.fullmatch(stem)
    return stem in stems or (match is not None and match[1] in stems)


def _is_mask_beside(name: str, whole_stems: set[str]) -> bool:
    match = _MASK_STEM.fullmatch(name.rsplit(".", 1)[0])
    return match is not None and match[1] in whole_stems
