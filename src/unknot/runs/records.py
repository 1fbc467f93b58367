"""The small documents of a run and an experiment: which images, when it was done, on what."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypedDict

from unknot.common.reading import UnfitError
from unknot.data.splits import SPLITS
from unknot.data.visible_channels import CHANNEL_NAMES
from unknot.runs.field_types import check_fields, check_least, check_table

DIGEST = re.compile(r"([0-9a-f]{64})  ([\w.]+)")
IMAGES = "# images: "
"""How the line about the images begins; `sha256sum --check` passes over it."""


class ImagesRecord(NamedTuple):
    """Which images a run was trained on, as `images.json` holds it.

    Attributes:
        fingerprint: of their content, preparation and splits.
        shape: `(num, channel, height, width)`.
        prepared: the folder in the cache where they were.
    """

    fingerprint: str
    shape: tuple[int, ...]
    prepared: str

    @property
    def text(self) -> str:
        """Fingerprint and shape, as `done` has them: `4f123ac0, 400x1x32x32`."""
        return f"{self.fingerprint}, {'x'.join(map(str, self.shape))}"

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "ImagesRecord":
        """Read back what `_asdict` gave.

        Raises:
            UnfitError: if it is something else.
        """
        record = cls(
            fingerprint=document["fingerprint"],
            shape=document["shape"],
            prepared=document["prepared"],
        )
        check_fields(record)
        record = record._replace(shape=tuple(record.shape))
        _check_shape(record.shape)
        if "\0" in record.prepared:
            raise UnfitError("field 'prepared' is no path")
        return record


@dataclass(frozen=True)
class DoneRecord:
    """When a run was finished, and with which content, as `done` holds it.

    After the date its lines are those of `sha256sum`, so that `sha256sum --check done` in the run's
    folder does what unknot does when it reads these files.

    Attributes:
        finished: date and time.
        images: their fingerprint and shape; empty in runs of version 0.1.0.
        digests: name of each file that stays as it is -> its SHA-256; empty in these.
    """

    finished: str
    images: str
    digests: Mapping[str, str]

    def as_text(self) -> str:
        """Write it down."""
        lines = [self.finished]
        lines += [f"{IMAGES}{self.images}"] if self.images else []
        lines += [f"{digest}  {name}" for name, digest in self.digests.items()]
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def from_text(cls, text: str) -> "DoneRecord":
        """Read back what `as_text` gave, or the date alone, which is what version 0.1.0 wrote.

        Raises:
            UnfitError: if it is something else.
        """
        finished, *lines = text.splitlines() or [""]
        digests, images = {}, ""
        for line in lines:
            match = DIGEST.fullmatch(line)
            if match:
                digests[match[2]] = match[1]
            elif line.startswith(IMAGES) and not images:
                images = line.removeprefix(IMAGES)
            else:
                raise UnfitError("a line of it is no digest")
        if not _is_date(finished) or not text.endswith("\n"):
            raise UnfitError("it does not begin with a date")
        return cls(finished=finished, images=images, digests=digests)


def content_digest(content: bytes) -> str:
    """Give the SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


class _Preparation(TypedDict):
    crop: str | int


class _Data(TypedDict):
    source: str
    kind: str
    shape: list[int]
    preparation: _Preparation
    split_by: str
    splits: dict[str, int]
    repeatable: bool
    num_duplicates: int
    unreadable: dict[str, str]
    notes: list[str]
    attribute_names: list[str]
    factor_names: list[str]
    group_names: list[str]


class _Environment(TypedDict):
    versions: dict[str, str]
    processor: str
    data_fingerprint: str
    data: _Data


def checked_environment(document: Any) -> dict[str, Any]:
    """Check what is shown and used of `environment.json`; more may stand in it.

    Raises:
        UnfitError: if something is missing or of another kind.
    """
    check_table(document, _Environment)
    data = document["data"]
    _check_shape(data["shape"])
    for split in SPLITS:
        check_least(f"splits.{split}", 0, data["splits"][split])
    if missing := {"unknot", "torch", "python"} - document["versions"].keys():
        raise UnfitError(f"no version of {', '.join(sorted(missing))}")
    return dict(document)


def _check_shape(shape: Any) -> None:
    """Refuse what no images can have: number, channels, height, width."""
    if len(shape) != 4 or min(shape) < 1 or shape[1] not in CHANNEL_NAMES:
        raise UnfitError(f"field 'shape' is {list(shape)[:8]}, which no images have")


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
