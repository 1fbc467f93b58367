"""How far an experiment is, in lines."""

from dataclasses import replace
from pathlib import Path

from unknot.common.locks import Holder
from unknot.experiments.display.status_text import MOST_RUNS, status_text
from unknot.experiments.status import EngineJob, ExperimentStatus, RunStatus
from unknot.report.live_runs import FAILED, FINISHED, TRAINING

DONE = RunStatus(
    name="beta-1_seed-0",
    state=FINISHED,
    step=1000,
    steps=1000,
    loss=1234.56,
    rate=7.0,
    steps_per_second=None,
    seconds=None,
    problem="",
    holder=None,
    job=None,
    finished=1.0,
)
FAILING = replace(DONE, name="beta-2_seed-0", state=FAILED, step=3, problem="no\x1b[2J memory")
AT_WORK = replace(
    DONE,
    name="beta-4_seed-0",
    state=TRAINING,
    step=10,
    steps_per_second=2.0,
    holder=Holder(7, "node3", 1.0),
    job=EngineJob("17_4", "RUNNING"),
)


def _text(*runs: RunStatus, with_all: bool = False) -> list[str]:
    seen = ExperimentStatus(Path("runs/e"), runs, "", "not there yet", "runs/e/report.html", 1e9)
    return status_text(seen, with_all=with_all).splitlines()


def test_every_run_has_a_line() -> None:
    assert _text(DONE, FAILING, AT_WORK) == [
        "runs/e: 1 of 3 runs is finished, 1 is training, 1 failed. About 8 minutes left.",
        "run            state               step     loss  rate  steps/s",
        "beta-1_seed-0  finished  1,000 of 1,000  1,234.6  7.00",
        "beta-2_seed-0  failed        3 of 1,000  1,234.6  7.00           no\\x1b[2J memory",
        "beta-4_seed-0  training     10 of 1,000  1,234.6  7.00      2.0  "
        "process 7 on node3; job 17_4 RUNNING",
        "evidence: not there yet",
        "page: runs/e/report.html",
    ]


def test_of_many_runs_those_that_need_a_look_have_a_line() -> None:
    many = [DONE] * (MOST_RUNS + 1)
    lines = _text(*many, FAILING, AT_WORK)
    assert [line.split("  ")[0] for line in lines[2:4]] == ["beta-2_seed-0", "beta-4_seed-0"]
    assert lines[4] == f"{MOST_RUNS + 1} more runs, finished or waiting: --all lists them"
    assert len(_text(*many, with_all=True)) == MOST_RUNS + 5


def test_an_engine_that_cannot_be_asked_is_named() -> None:
    seen = ExperimentStatus(Path("e"), [DONE], "slurm: no squeue", "", "", 1e9)
    assert "jobs: not known (slurm: no squeue)" in status_text(seen).splitlines()
