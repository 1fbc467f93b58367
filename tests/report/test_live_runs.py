"""How an experiment is, in words and for the page."""

import json

import pytest

from tests.report.small import small_live_run
from unknot.report.live_runs import (
    FAILED,
    FINISHED,
    SCORING,
    STOPPED,
    TRAINING,
    WAITING,
    LiveExperiment,
)


@pytest.mark.parametrize(
    ("states", "is_finished", "sentence"),
    [
        ([], False, "The experiment has not begun."),
        ([TRAINING], False, "The run is training. About 3 seconds of training left."),
        (
            [WAITING, TRAINING, FINISHED, FAILED],
            False,
            "1 of 4 runs is finished, 1 is training, 1 is waiting, 1 failed. About 6 seconds of "
            "training left.",
        ),
        ([TRAINING] * 2, False, "2 of 2 runs are training. About 3 seconds of training left."),
        ([SCORING, STOPPED], False, "1 of 2 runs is being scored, 1 is stopped."),
        (
            [FINISHED, FAILED],
            False,
            "1 of 2 runs is finished, 1 failed. The answers are being worked out.",
        ),
        ([FINISHED] * 3, True, "All is done: 3 of 3 runs are finished."),
        ([FAILED], True, "All is done: the run failed."),
    ],
)
def test_it_is_told_how_far_all_of_it_is(
    states: list[str], is_finished: bool, sentence: str
) -> None:
    runs = tuple(small_live_run(state=state) for state in states)
    assert LiveExperiment(runs, is_finished).sentence == sentence


def test_no_time_is_told_where_no_run_has_a_pace() -> None:
    seen = LiveExperiment((small_live_run(pace=None),), is_finished=False)
    assert seen.sentence == "The run is training."


def test_the_document_is_json() -> None:
    seen = LiveExperiment((small_live_run(), small_live_run(frame=None)), is_finished=False)
    document = json.loads(json.dumps(seen.as_dict(), allow_nan=False))
    first, second = document["runs"]
    assert first["curve"] == {"steps": [3, 6], "distortion": [900.0, 800.0], "rate": [1.0, 1.5]}
    assert first["frame"]["step"] == 5
    assert second["frame"] is None
    assert document["sentence"] == seen.sentence
