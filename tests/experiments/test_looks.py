"""Seeds in looks: which are trained next, and when it ends."""

from dataclasses import replace

import pytest

from tests.report.small import small_answers, small_config, small_evidence
from unknot.config.experiment import ExperimentConfig
from unknot.evidence.answers import BETA, CANNOT_TELL, YES
from unknot.evidence.evidence import Evidence
from unknot.experiments.looks import Looks


def _config(**changes: object) -> ExperimentConfig:
    config = small_config(betas=(0.5, 2.0, 8.0), until_clear=True)
    return replace(config, **changes)


def _evidence(answer: str) -> Evidence:
    answers = [
        replace(each, answer=answer, p_value=0.08) if each.question == BETA else each
        for each in small_answers()
    ]
    return small_evidence(answers=answers)


def test_seeds_are_added_look_by_look() -> None:
    lines: list[str] = []
    looks = Looks(_config(), lines.append)
    first = looks.first()
    assert first.seeds == (0, 1, 2)
    second = looks.after(first, _evidence(CANNOT_TELL))
    assert second is not None
    assert second.seeds == (0, 1, 2, 3, 4)
    third = looks.after(second, _evidence(CANNOT_TELL))
    assert third is not None
    assert third.seeds == tuple(range(8))
    assert looks.after(third, _evidence(CANNOT_TELL)) is None
    assert lines[0].startswith(
        "after 3 seeds of each beta it is not clear yet (p .080); next come seeds 3 4, about "
    )
    assert lines[1].startswith(
        "after 5 seeds of each beta it is not clear yet (p .080); next come seeds 5 6 7, about "
    )
    assert (
        lines[2] == "after 8 seeds of each beta it is not clear (p .080), and no more were planned"
    )


def test_a_clear_answer_ends_it() -> None:
    lines: list[str] = []
    looks = Looks(_config(), lines.append)
    assert looks.after(looks.first(), _evidence(YES)) is None
    assert lines == ["after 3 seeds of each beta it is clear (p .080)"]


def test_the_budget_ends_it_before_seeds_that_it_does_not_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = iter([0.0, 300.0, 300.0, 300.0, 300.0])
    monkeypatch.setattr("unknot.experiments.looks.time.monotonic", lambda: next(times))
    lines: list[str] = []
    looks = Looks(_config(budget="6m"), lines.append)  # one seed is there: two took 300 seconds
    assert looks.after(looks.first(), _evidence(CANNOT_TELL)) is None
    assert lines == [
        "after 3 seeds of each beta it is not clear (p .080), and the budget of 6m is too short "
        "for 5 seeds"
    ]


def test_what_is_there_already_is_gone_on_from() -> None:
    assert Looks(_config(seeds=(0, 1, 2, 7))).first().seeds == (0, 1, 2, 7, 3)
    assert Looks(_config(seeds=tuple(range(5)))).first().seeds == tuple(range(5))
    assert Looks(_config(seeds=tuple(range(8)))).first().seeds == tuple(range(8))


def test_a_look_that_cannot_reach_its_level_is_skipped() -> None:
    """Three seeds of two betas cannot fall to 1.5%."""
    assert Looks(_config(betas=(0.5, 2.0))).first().seeds == (0, 1, 2, 3, 4)


def test_without_a_finished_run_it_ends() -> None:
    looks = Looks(_config())
    assert looks.after(looks.first(), None) is None
