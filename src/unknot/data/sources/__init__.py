"""Where images come from: one kind of source a file, named in `SOURCES`.

An entry knows what it can read, scans it without reading it, and writes its pixels when they are
not in the cache yet. `unknot.data.load` does the rest: the cache, the splits, the fingerprint. A
file, and one line here, is all that a new format needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from unknot.common.errors import UserError
from unknot.common.plugins import load_plugin
from unknot.common.progress import Progress
from unknot.data.preparation import MAX_PIXELS, Preparation

if TYPE_CHECKING:  # the names below must be had without numpy
    import numpy as np
    from numpy.typing import NDArray

SOURCES = {
    "faces": "unknot.data.sources.synthetic:FACES",
    "sprites": "unknot.data.sources.synthetic:SPRITES",
    "benchmark": "unknot.data.sources.benchmark_files:BENCHMARK",
    "archive": "unknot.data.sources.archive:ARCHIVE",
    "parquet": "unknot.data.sources.parquet:PARQUET",
    "folder": "unknot.data.sources.files:FOLDER",
    "zip": "unknot.data.sources.files:ZIP",
    "tar": "unknot.data.sources.files:TAR",
    "data_frame": "unknot.data.sources.data_frame:DATA_FRAME",
    "memory": "unknot.data.sources.memory:MEMORY",
}
"""Name -> `module:object`, in the order in which they are asked. The object is a `Source`."""

BUILT_IN = ("faces", "sprites")
"""The entries that a user asks for by name; all others by a path or by the images themselves."""


@dataclass(frozen=True)
class LoadOptions:
    """How images shall be loaded; the fields are `load_images`' arguments.

    Attributes:
        preparation: size, crop and color.
        frames: `first`, or `all` pages or frames of a file that holds several.
        labels: the file of a table of labels, or a data frame; None for what lies with the images.
        label_columns: the columns to take; all that can be labels where empty.
        group: `none`, `folder`, `classes` or `people`.
        split: `auto`, `hash`, or shares such as `60/20/20`.
        images_key: the array that holds the images, in a file of arrays.
        factors_key: the array that holds their factors.
        max_pixels: that one picture may have.
        num: how many images to draw, or None for the usual number.
        seed: of the images that are drawn.
        attributes: name -> binary labels of images in memory.
        factors: name -> values of a known cause of images in memory.
        workers: threads; None for one per core.
        progress: called as the work goes on.
    """

    preparation: Preparation
    frames: str = "first"
    labels: Any = None
    label_columns: tuple[str, ...] = ()
    group: str = "none"
    split: str = "auto"
    images_key: str = ""
    factors_key: str = ""
    max_pixels: int = MAX_PIXELS
    num: int | None = None
    seed: int = 0
    attributes: Mapping[str, Any] = field(default_factory=dict)
    factors: Mapping[str, Any] = field(default_factory=dict)
    workers: int | None = None
    progress: Progress | None = None

    def as_dict(self) -> dict[str, Any]:
        """Give what is recorded with the images, for JSON: all but their preparation."""
        is_file = isinstance(self.labels, str | Path)
        return {
            "frames": self.frames,
            "labels": str(self.labels) if is_file else "",
            "label_columns": list(self.label_columns),
            "group": self.group,
            "split": self.split,
            "images_key": self.images_key,
            "factors_key": self.factors_key,
            "max_pixels": self.max_pixels,
        }

    def limits(self) -> list[int]:
        """Give the limits that are not the usual ones, for the name of an entry in the cache."""
        return [] if self.max_pixels == MAX_PIXELS else [self.max_pixels]


@dataclass(frozen=True)
class Written:
    """What a source knows of the images that it has written, in their order.

    Attributes:
        kind: what the source is, for people.
        image_shape: channels, height, width.
        names: the relative path of each image, or what stands for it.
        files: the file that each image is from; images of one file share a split. None where each
            has one of its own.
        digests: of each image's content; images of one digest share a split.
        attributes: binary labels, int8, shape `(num, num_attributes)`: 1, 0, or -1 if missing.
        attribute_names: one per column.
        factors: known causes, float64, shape `(num, num_factors)`.
        factor_names: one per column.
        groups: the group of each image, int32.
        group_names: one per group.
        factor_levels: name -> the text of each number, of a factor that was text.
        split: positions in `SPLITS`, int8, -1 where not known; None where no splits are given.
        split_by: where given splits come from, for people.
        num_found: how many there were with those that could not be read; None if all could.
        unreadable: the name and the reason of each that could not.
        passing: names of those whose reason may pass: the next start tries them again.
        notes: what the user should know, one line each.
    """

    kind: str
    image_shape: tuple[int, int, int]
    names: Sequence[str]
    digests: Sequence[bytes]
    files: Sequence[str] | None = None
    attributes: NDArray[np.int8] | None = None
    attribute_names: tuple[str, ...] = ()
    factors: NDArray[np.float64] | None = None
    factor_names: tuple[str, ...] = ()
    factor_levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    groups: NDArray[np.int32] | None = None
    group_names: tuple[str, ...] = ()
    split: NDArray[np.int8] | None = None
    split_by: str = "official"
    num_found: int | None = None
    unreadable: Mapping[str, str] = field(default_factory=dict)
    passing: Sequence[str] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scan:
    """What a source knows before it reads any pixel.

    Attributes:
        source: what the user would give to have the same images.
        key: what the pixels and labels depend on (names, sizes, times, options); it names the
            entry in the cache. Anything that JSON can hold.
        preparation: as it will be done.
        num_bytes: the most that the pixels can take.
        write: writes uint8 pixels `(num, channel, height, width)` to a file; called only when the
            cache does not have them.
        notes: what was found and is not used, one line each; not part of the cache's entry.
        repeatable: whether `source` alone gives the same images.
        in_memory: what `write` will give, where the images are in memory; their content then goes
            into the key.
    """

    source: str
    key: tuple[Any, ...]
    preparation: Preparation
    num_bytes: int
    write: Callable[[Path], Written]
    notes: tuple[str, ...] = ()
    repeatable: bool = True
    in_memory: Written | None = None


class Source(Protocol):
    """Where images come from."""

    def matches(self, given: Any) -> bool:
        """Say whether this is what the user gave: a path, the name of built-in data, an object."""

    def scan(self, given: Any, options: LoadOptions) -> Scan:
        """Look at what was given without reading pixels or labels.

        Raises:
            UserError: if there are no images, or an option does not go with them.
        """


def find_source(given: Any) -> Source | None:
    """Import the first source that knows what was given; None if there is none."""
    for name in SOURCES:
        source: Source = load_plugin("source", name, SOURCES)
        if source.matches(given):
            return source
    return None


def as_path(given: Any) -> Path | None:
    """Give the path that a user means, `~` expanded; None if it is something else.

    Raises:
        UserError: if it begins with `~` and no home folder is known.
    """
    if not isinstance(given, str | Path):
        return None
    try:
        return Path(given).expanduser()
    except RuntimeError:
        raise UserError(f"{given}: no home folder is known; write the path in full") from None
