"""Documents with a digest of themselves, by which a changed figure is seen."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unknot.common.notices import give_notice

OWN_DIGEST = "sha256"
"""The key of the digest, which is that of all else in the document."""


def with_own_digest(document: Mapping[str, Any]) -> dict[str, Any]:
    """Add the digest of a document, as the last of its keys."""
    return {**document, OWN_DIGEST: _digest(document)}


def is_as_written(document: Mapping[str, Any]) -> bool:
    """Whether a document has the digest that it was written with.

    Documents of earlier versions have none, and pass.
    """
    others = {key: value for key, value in document.items() if key != OWN_DIGEST}
    return document.get(OWN_DIGEST) in (None, _digest(others))


def tell_if_edited(document: Mapping[str, Any], path: Path) -> None:
    """Say in one line that a file was changed since unknot wrote it; it is used all the same.

    Args:
        document: as it was read.
        path: it was read from.
    """
    if not is_as_written(document):
        give_notice(
            f"{path} is not as unknot wrote it: something in it was changed or is damaged, and is "
            "shown as it stands there now"
        )


def _digest(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
