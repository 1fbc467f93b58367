"""Some of the bad inputs of `benchmarks/robust_data.py`, which tries all of them."""

import warnings
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest

from tests.data.bad_files import archives, arrays, folders, pictures, tables
from tests.data.bad_files.case import Case
from unknot.common.errors import UserError
from unknot.data.load import load_images

SLOW = ("GB", "million", "10^", "MB", "300,000", "100,000", "60,000", "20,000", "a thousand")
"""What stands in the names of cases that take more than a moment to write."""
EVERY = 9
MODULES = (pictures, arrays, archives, tables, folders)
CASES = [
    case
    for module in MODULES
    for case in islice(module.cases(), 0, None, EVERY)
    if not any(word in case.name for word in SLOW)
]


def test_there_are_many() -> None:
    assert len(CASES) > 40
    assert sum(1 for module in MODULES for _ in module.cases()) > 500


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}: {case.name}")
def test_a_bad_input_is_refused_or_its_good_part_is_used(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UNKNOT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    words = case.make(tmp_path / "data")
    options = {"labels": words[2]} if len(words) > 1 else {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with suppress(UserError):
            images = load_images(words[0], size=28, workers=1, **options)
            is_said = any("again" in note for note in images.info["notes"])
            assert images.info["unreadable"] or is_said or not case.must_refuse
    assert capfd.readouterr() == ("", "")
