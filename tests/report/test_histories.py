"""Histories are read once, and long ones are thinned."""

import json
from pathlib import Path

import pytest

from tests.report.small import HISTORY, small_context
from unknot.report import histories
from unknot.report.chart_data import MAX_POINTS, thinned
from unknot.report.histories import Histories
from unknot.runs.run import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return small_context(tmp_path).runs[0]


def test_lines_are_those_of_the_run(run: Run) -> None:
    read = Histories()
    assert read.of(run, "train") == run.history("train")
    assert read.of(run, "validation") == run.history("validation")
    assert len(read.of(run)) == len(HISTORY)


def test_a_history_is_read_once(run: Run) -> None:
    read = Histories()
    before = read.of(run)
    run.files.history.unlink()
    assert read.of(run) == before
    assert Histories().of(run) == []


def test_of_a_long_history_the_page_keeps_what_a_chart_shows_and_the_last_lines(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "MOST_VALIDATION_LINES", 10)
    train = [HISTORY[0] | {"step": step} for step in range(1000)]
    validation = [HISTORY[1] | {"step": step} for step in range(95)]
    run.files.history.write_text("".join(json.dumps(x) + "\n" for x in (*train, *validation)))
    read = Histories()
    assert read.of(run, "train") == thinned(train)
    assert len(read.of(run, "train")) == MAX_POINTS
    steps = [line["step"] for line in read.of(run, "validation")]
    assert steps == [*range(0, 94, 10), 94]
