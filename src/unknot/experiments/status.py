"""How far an experiment is, from its folder alone: on any machine that sees it, without torch.

Whether a run is at work now follows from its lock, which is looked at and never taken: who holds it
renews its stamp. What an engine knows besides, such as the number of a job in a queue, comes from
the functions in `JOB_STATES`.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from unknot.common.durations import duration_text
from unknot.common.errors import UserError
from unknot.common.locks import MAKES_WAY_AFTER, Holder
from unknot.common.plugins import load_plugin
from unknot.common.reading import file_stamp
from unknot.common.text import on_one_line, shortened
from unknot.config.run import RunConfig
from unknot.report.live_runs import (
    FAILED,
    FINISHED,
    SCORING,
    STOPPED,
    TRAINING,
    WAITING,
    counts_text,
)
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.folder import ERROR, RunFolder
from unknot.runs.history import HistoryEnd, read_history_end
from unknot.runs.last_words import STOPS, last_words

JOB_STATES = {"slurm": "unknot.experiments.engines.slurm_queue:jobs_shown"}
"""Engine -> `module:function` of an `ExperimentFolder`, which gives name of run -> id and state of
its job: nothing where the engine has none of it. It raises `UserError` where the engine cannot be
asked here, and imports nothing heavy."""

JobStates = Callable[[ExperimentFolder], Mapping[str, tuple[str, str]]]
AT_WORK = (TRAINING, SCORING)
"""States of a run whose process is there."""
RECENT_SECONDS = 600.0
"""Where no step tells how long it takes, the runs that were finished in so many seconds do."""
LEAST_FINISHED = 3  # of them
MOST_LETTERS = 300  # of a reason


class EngineJob(NamedTuple):
    """What an engine says of a run.

    Attributes:
        id: of the job that has it.
        state: in the engine's own words.
    """

    id: str
    state: str


@dataclass(frozen=True)
class RunStatus:
    """How far one run is.

    Attributes:
        name: of its folder.
        state: one of `unknot.report.live_runs.STATES`.
        step: that it has come to.
        steps: that it is to take.
        loss: mean over the last steps that were logged, in nats per image; None before the first.
        rate: likewise.
        steps_per_second: over its last minute; None where that is not known.
        seconds: of its training so far; None before its first line.
        problem: why it failed or stopped, in words; empty where it did neither.
        holder: which process is at it; None where none is.
        job: what the engine says of it; None where it says nothing.
        finished: when it was finished, in seconds since 1970; 0 before.
    """

    name: str
    state: str
    step: int
    steps: int
    loss: float | None
    rate: float | None
    steps_per_second: float | None
    seconds: float | None
    problem: str
    holder: Holder | None
    job: EngineJob | None
    finished: float

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a JSON document."""
        return {
            **asdict(self),
            "holder": self.holder._asdict() if self.holder else None,
            "job": self.job._asdict() if self.job else None,
        }


@dataclass(frozen=True)
class ExperimentStatus:
    """How far all runs are.

    Attributes:
        folder: of the experiment.
        runs: in the order of its description.
        no_jobs: why an engine could not be asked for its jobs, in words; empty where it could.
        evidence: whether it is there and of all runs that are finished, in words.
        page: likewise.
        looked: when, in seconds since 1970.
    """

    folder: Path
    runs: Sequence[RunStatus]
    no_jobs: str
    evidence: str
    page: str
    looked: float

    @property
    def sentence(self) -> str:
        """How far all of it is, in words."""
        counts = counts_text([run.state for run in self.runs])
        left = self.seconds_left
        after = f" About {duration_text(left)} left." if left else ""
        return f"{counts[0].upper()}{counts[1:]}.{after}"

    @property
    def seconds_left(self) -> float | None:
        """How long the runs that are waiting or at work take; None where nothing tells.

        The steps that are left go at the pace of all runs at work. Where no step says how fast they
        are, the runs that are left go as those that were finished lately.
        """
        left = [run for run in self.runs if run.state in (WAITING, *AT_WORK)]
        if not any(run.state in AT_WORK for run in left):
            return None
        pace = sum(run.steps_per_second or 0.0 for run in left if run.state == TRAINING)
        if pace:
            return sum(run.steps - run.step for run in left) / pace
        moments = [run.finished for run in self.runs if self.looked - run.finished < RECENT_SECONDS]
        if len(moments) < LEAST_FINISHED:
            return None
        return len(left) * (self.looked - min(moments)) / len(moments)

    def as_dict(self) -> dict[str, Any]:
        """For a JSON document."""
        return {
            "folder": str(self.folder),
            "sentence": self.sentence,
            "seconds_left": self.seconds_left,
            "no_jobs": self.no_jobs,
            "evidence": self.evidence,
            "page": self.page,
            "runs": [run.as_dict() for run in self.runs],
        }


def experiment_status(path: Path) -> ExperimentStatus:
    """Tell how far an experiment is; nothing in its folder is written, and no lock is taken.

    Args:
        path: of its folder.

    Raises:
        UserError: if no experiment is there, or its description is damaged.
    """
    folder = ExperimentFolder(path)
    configs = folder.read_config().runs()
    jobs, no_jobs = engine_jobs(folder)
    runs = [run_status(folder.run(config), config, jobs.get(config.name)) for config in configs]
    newest = max((run.finished for run in runs), default=0.0)
    return ExperimentStatus(
        folder=path,
        runs=runs,
        no_jobs=no_jobs,
        evidence=_state_of_file(folder.evidence, newest),
        page=_state_of_file(folder.report, newest),
        looked=time.time(),
    )


def engine_jobs(folder: ExperimentFolder) -> tuple[dict[str, EngineJob], str]:
    """Ask every engine what it has for the runs of an experiment.

    Args:
        folder: of the experiment.

    Returns:
        Name of a run -> its job, and why an engine could not be asked, or an empty string.
    """
    jobs: dict[str, EngineJob] = {}
    refusals: list[str] = []
    for engine in JOB_STATES:
        ask: JobStates = load_plugin("engine", engine, JOB_STATES)
        try:
            jobs |= {name: EngineJob(*job) for name, job in ask(folder).items()}
        except UserError as error:
            refusals.append(f"{engine}: {error}")
    return jobs, on_one_line("; ".join(refusals))


def run_status(folder: RunFolder, config: RunConfig, job: EngineJob | None = None) -> RunStatus:
    """Tell how far a run is; a file that cannot be read is what is wrong with it.

    Args:
        folder: may be absent yet.
        config: the run's description.
        job: what an engine says of it.
    """
    steps = config.training.optimization().steps
    end = HistoryEnd()
    holder = None if folder.is_done else folder.lock().holder
    try:
        end = read_history_end(folder.history)
        state, problem = _state(folder, end, steps, holder)
    except UserError as error:
        state, problem = FAILED, str(error)
    done = file_stamp(folder.done) if state == FINISHED else None
    return RunStatus(
        name=folder.name,
        state=state,
        step=steps if state == FINISHED else min(end.step, steps),
        steps=steps,
        loss=end.loss,
        rate=end.rate,
        steps_per_second=end.steps_per_second if state == TRAINING else None,
        seconds=end.seconds,
        problem=shortened(on_one_line(problem), MOST_LETTERS),
        holder=holder if state in AT_WORK else None,
        job=job,
        finished=done.nanoseconds / 1e9 if done else 0.0,
    )


def _state(
    folder: RunFolder, end: HistoryEnd, steps: int, holder: Holder | None
) -> tuple[str, str]:
    """Tell the state of a run, and why it failed or stopped."""
    if folder.is_done:
        return FINISHED, ""
    if holder and holder.quiet_seconds < MAKES_WAY_AFTER:
        return (SCORING if end.step >= steps else TRAINING), ""
    reason = _newest_words(folder)
    if reason and not reason.startswith(STOPS):
        return FAILED, reason.removeprefix(ERROR)
    if not reason and not end.step and not folder.checkpoint.is_dir():
        return WAITING, ""
    at = f"stopped at step {min(end.step, steps):,} of {steps:,}"
    if holder:
        return STOPPED, f"{at}; no word from it for {duration_text(holder.quiet_seconds)}"
    return STOPPED, at


def _newest_words(folder: RunFolder) -> str:
    """Say what stopped a run, unless it has gone on since; empty where nothing did."""
    log, history = file_stamp(folder.log), file_stamp(folder.history)
    if log is None or (history and history.nanoseconds > log.nanoseconds):
        return ""
    return last_words(folder)


def _state_of_file(path: Path, newest: float) -> str:
    """Say whether a file of the experiment is there, and of the newest finished run."""
    stamp = file_stamp(path)
    if stamp is None:
        return "not there yet"
    is_old = stamp.nanoseconds / 1e9 < newest
    return f"{path}, from before the last run was finished" if is_old else str(path)
