"""A document that was changed after it was written is told from one that was not."""

import json
from pathlib import Path

import pytest

from unknot.runs.own_digest import is_as_written, tell_if_edited, with_own_digest

DOCUMENT = {"a": 1, "b": [1.5, None, float("nan")], "c": {"é": "\udc80", "d": (1, 2)}}


def test_a_document_comes_back_as_it_was_written() -> None:
    written = with_own_digest(DOCUMENT)
    assert list(written) == ["a", "b", "c", "sha256"]
    assert is_as_written(json.loads(json.dumps(written, indent=2)))
    assert is_as_written(DOCUMENT)  # as earlier versions wrote them


@pytest.mark.parametrize("change", [{"a": 2}, {"b": [1.5]}, {"sha256": "0"}, {"more": 1}])
def test_every_change_is_seen_and_said(
    change: dict[str, object], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    document = with_own_digest(DOCUMENT) | change
    assert not is_as_written(document)
    tell_if_edited(document, tmp_path / "e.json")
    tell_if_edited(document, tmp_path / "e.json")
    (record,) = caplog.records
    assert record.getMessage().startswith(f"note: {tmp_path}/e.json is not as unknot wrote it: ")
