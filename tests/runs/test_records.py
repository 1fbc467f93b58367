"""The small documents of a run and an experiment."""

import contextlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.small import ENVIRONMENT
from unknot.common.reading import UnfitError
from unknot.runs.records import DoneRecord, ImagesRecord, checked_environment, content_digest

DONE = DoneRecord(
    "2026-11-28T02:37:00+00:00", "4f12, 20x1x8x8", {"codes.npz": content_digest(b"codes")}
)
IMAGES = {"fingerprint": "4f12", "shape": [20, 1, 8, 8], "prepared": "/cache/4f12"}


def test_the_record_of_a_finished_run_comes_back() -> None:
    assert DoneRecord.from_text(DONE.as_text()) == DONE
    old = DoneRecord.from_text("2026-11-28T02:37:00+00:00\n")  # as version 0.1.0 wrote it
    assert (old.images, dict(old.digests)) == ("", {})


def test_it_is_one_that_sha256sum_checks(tmp_path: Path) -> None:
    (tmp_path / "codes.npz").write_bytes(b"codes")
    (tmp_path / "done").write_text(DONE.as_text())
    command = ["sha256sum", "--check", "done"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert checked.stdout == "codes.npz: OK\n"


@pytest.mark.parametrize(
    "text",
    ["", "\n", "today\n", DONE.as_text()[:-1], DONE.as_text()[:-30] + "\n", DONE.as_text() * 2],
)
def test_a_damaged_record_is_refused(text: str) -> None:
    with pytest.raises(UnfitError):
        DoneRecord.from_text(text)


@given(st.text())
def test_any_text_is_a_record_or_refused(text: str) -> None:
    for tried in (text, DONE.as_text() + text):
        with contextlib.suppress(UnfitError):
            DoneRecord.from_text(tried)


def test_which_images_a_run_had_comes_back() -> None:
    record = ImagesRecord.from_dict(IMAGES)
    assert record == ImagesRecord("4f12", (20, 1, 8, 8), "/cache/4f12")
    assert record.text == DONE.images


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [20, 1, 8]},
        {"shape": [20, 9, 8, 8]},
        {"shape": [20, 1, 0, 8]},
        {"shape": "2018"},
        {"shape": [20, 1, 8, 10**20]},
        {"fingerprint": 5},
        {"prepared": None},
        {"prepared": "a\0b"},
    ],
)
def test_images_that_cannot_be_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(UnfitError, match="field"):
        ImagesRecord.from_dict(IMAGES | change)


def test_an_environment_has_what_the_page_shows() -> None:
    assert checked_environment(ENVIRONMENT) == ENVIRONMENT
    data = ENVIRONMENT["data"]
    for spoiled in (
        ENVIRONMENT | {"versions": {"unknot": "0.2.0"}},
        ENVIRONMENT | {"processor": 5},
        ENVIRONMENT | {"data": data | {"shape": [200, 7, 8, 8]}},
        ENVIRONMENT | {"data": data | {"splits": {"train": 1}}},
        ENVIRONMENT | {"data": data | {"splits": {"train": -1, "validation": 1, "test": 1}}},
        ENVIRONMENT | {"data": data | {"notes": "all"}},
        {key: value for key, value in ENVIRONMENT.items() if key != "data"},
        [ENVIRONMENT],
    ):
        with pytest.raises((UnfitError, KeyError)):
            checked_environment(spoiled)
