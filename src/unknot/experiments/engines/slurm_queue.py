"""The jobs of an experiment in Slurm's queue: which there are, how they are, and how to stop them.

A record in the experiment's folder says which runs were submitted as which jobs. All jobs of an
experiment have one name that nobody can guess, and only jobs of that name are looked at or stopped,
whatever else a record names. How jobs are is asked of `squeue`, which every cluster has; accounting
(`sacct`) many lack.
"""

import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

from unknot.common.errors import UserError
from unknot.common.files import write_json
from unknot.common.reading import AGAIN, UnfitError, damage_named, read_json
from unknot.common.text import on_one_line
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.field_types import check_fields

SECONDS_TO_ANSWER = 60.0
SECONDS_TO_STOP = 60.0  # Slurm ends what has not stopped by itself after 30 seconds
STOP_LOOK_SECONDS = 1.0
NAME = re.compile(r"unknot-[0-9a-f]{16}")
ENDED = frozenset(
    {
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "REVOKED",
        "TIMEOUT",
    }
)
"""States in which a job stays; in every other one it waits or is at work."""
UNKNOWN = "unknown"

LAST = -1
"""Stands in the place of an element's number for a job that is no array."""
Element = tuple[int, int]
"""A job in the queue: the number of the array, and of its element."""


@dataclass(frozen=True)
class Submission:
    """Runs that were submitted as one array of jobs.

    Attributes:
        job: number of the array's job.
        runs: of each element, the names of its runs.
    """

    job: int
    runs: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class SlurmRecord:
    """What was submitted of an experiment.

    Attributes:
        name: of every job.
        folder: the experiment's, where it was submitted.
        submissions: oldest first; those of which nothing is left in the queue may be gone.
        last_job: number of the job that writes evidence and page; 0 where there is none.
    """

    name: str
    folder: str
    submissions: tuple[Submission, ...] = ()
    last_job: int = 0

    def elements(self) -> dict[str, Element]:
        """Name of a run -> where it was submitted last."""
        return {
            run: (submission.job, number)
            for submission in self.submissions
            for number, names in enumerate(submission.runs)
            for run in names
        }

    def only(self, elements: Collection[Element]) -> "SlurmRecord":
        """Leave out the arrays that have none of some elements."""
        jobs = {job for job, _ in elements}
        kept = tuple(submission for submission in self.submissions if submission.job in jobs)
        return replace(self, submissions=kept)

    def with_array(self, submission: Submission) -> "SlurmRecord":
        """Add an array."""
        return replace(self, submissions=(*self.submissions, submission))


class SlurmState(NamedTuple):
    """How the job of a run is.

    Attributes:
        job: as Slurm's commands take it: `12_3`.
        state: as `squeue` has it, such as `PENDING`; `unknown` where it does not know any more.
    """

    job: str
    state: str


def new_record(folder: ExperimentFolder) -> SlurmRecord:
    """Give a record of nothing, with a name that no other jobs have."""
    name = f"unknot-{secrets.token_hex(8)}"
    return SlurmRecord(name=name, folder=str(folder.path.resolve()))


def read_record(folder: ExperimentFolder) -> SlurmRecord | None:
    """Read what was submitted of an experiment; None where nothing was.

    In the copy of a folder nothing was: the jobs are those of the folder that it was copied from.

    Raises:
        UserError: if the record is damaged, or a link leads out of the folder.
    """
    if not folder.slurm.exists():
        return None
    document = read_json(folder.slurm, within=folder.path, with_nan=False)
    with damage_named(folder.slurm, AGAIN):
        record = SlurmRecord(
            name=document["name"],
            folder=document["folder"],
            submissions=tuple(
                Submission(job=item["job"], runs=tuple(map(tuple, item["runs"])))
                for item in document["submissions"]
            ),
            last_job=document["last_job"],
        )
        check_fields(record)
        if not NAME.fullmatch(record.name):
            raise UnfitError("field 'name' is not the name of jobs of unknot")
    return None if _is_elsewhere(folder, record) else record


def _is_elsewhere(folder: ExperimentFolder, record: SlurmRecord) -> bool:
    """Whether a record is of another folder, which is there: another machine may call it so."""
    with suppress(OSError, ValueError):
        return not os.path.samefile(record.folder, folder.path)
    return False


def write_record(folder: ExperimentFolder, record: SlurmRecord) -> None:
    """Write what was submitted of an experiment."""
    write_json(folder.slurm, asdict(record))


def job_states(folder: ExperimentFolder) -> dict[str, SlurmState]:
    """Tell how the jobs of runs are that were submitted to Slurm; of no others.

    Args:
        folder: of the experiment.

    Returns:
        Name of the run -> its job, with the state `unknown` where Slurm has forgotten it.

    Raises:
        UserError: if Slurm cannot be asked here, or its record is damaged.
    """
    record = read_record(folder)
    if record is None:
        return {}
    states = ask_states(record.name)
    return {
        run: SlurmState(element_text(element), states.get(element, UNKNOWN))
        for run, element in record.elements().items()
    }


def jobs_shown(folder: ExperimentFolder) -> dict[str, SlurmState]:
    """Tell how the jobs of runs are, but for those that came to their end or that Slurm forgot.

    Args:
        folder: of the experiment.

    Raises:
        UserError: as of `job_states`.
    """
    states = job_states(folder).items()
    return {run: state for run, state in states if state.state not in ("COMPLETED", UNKNOWN)}


def ask_states(name: str) -> dict[Element, str]:
    """Ask Slurm for the states of all jobs of a name: those that wait, are at work or ended lately.

    Raises:
        UserError: if Slurm cannot be asked.
    """
    shown = ["--array", "--noheader", "--states=all", "--format=%F|%K|%T"]
    return parse_states(call(["squeue", f"--name={name}", *shown]))


def parse_states(text: str) -> dict[Element, str]:
    """Read what `squeue --format=%F|%K|%T` prints.

    Args:
        text: a line `12|3|RUNNING` for an element of an array, `13|N/A|PENDING` for a single job.
    """
    states: dict[Element, str] = {}
    for line in text.splitlines():
        job, number, state = line.strip().split("|")
        states[int(job), int(number) if number.isdecimal() else LAST] = state
    return states


def in_queue(states: Mapping[Element, str]) -> set[Element]:
    """Choose the jobs that wait or are at work."""
    return {element for element, state in states.items() if state not in ENDED}


def element_text(element: Element) -> str:
    """Write a job as Slurm's commands take it: `12_3`, or `13` for a single one."""
    job, number = element
    return str(job) if number == LAST else f"{job}_{number}"


def cancel_jobs(
    folder: ExperimentFolder, arrays: Collection[int] | None = None
) -> dict[Element, str]:
    """Stop the jobs of an experiment, and wait until those at work have saved their runs.

    Args:
        folder: of the experiment.
        arrays: numbers of those that are stopped; by default all.

    Returns:
        Those that were stopped, each with the state that it had.

    Raises:
        UserError: if Slurm cannot be asked here, or jobs do not stop.
    """
    record = read_record(folder)
    if record is None:
        return {}
    stopped = _queued(record.name, arrays)
    if stopped:
        jobs = sorted({str(job) for job, _ in stopped})
        call(["scancel", f"--name={record.name}", *jobs])
    began = time.monotonic()
    while left := _queued(record.name, arrays):
        if time.monotonic() - began > SECONDS_TO_STOP:
            names = ", ".join(map(element_text, sorted(left)))
            raise UserError(f"Slurm was asked to stop {names}, and has not done so yet; see squeue")
        time.sleep(STOP_LOOK_SECONDS)
    return stopped


def _queued(name: str, arrays: Collection[int] | None) -> dict[Element, str]:
    """Ask for the jobs of a name that wait or are at work."""
    states = ask_states(name)
    return {
        element: states[element]
        for element in in_queue(states)
        if arrays is None or element[0] in arrays
    }


def call(command: Sequence[str], script: str = "") -> str:
    """Call one of Slurm's commands; gives what it prints.

    Args:
        command: `sbatch`, `squeue`, ... and its arguments.
        script: for its input.

    Raises:
        UserError: if it is not there, refuses, or does not answer.
    """
    program = command[0]
    check_there(program)
    try:
        answer = subprocess.run(
            list(command),
            input=script,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS_TO_ANSWER,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"{program} does not answer; try again later") from None
    if answer.returncode:
        lines = [line.removeprefix(f"{program}: error: ") for line in answer.stderr.splitlines()]
        reason = on_one_line("; ".join(filter(None, lines))) or f"status {answer.returncode}"
        raise UserError(f"{program} was refused by Slurm ({reason})")
    return answer.stdout


def check_there(program: str) -> None:
    """Refuse a machine without Slurm.

    Args:
        program: one of its commands.

    Raises:
        UserError: if it is not there.
    """
    if shutil.which(program) is None:
        raise UserError(
            f"there is no {program} here; give this command on a machine that has those of Slurm, "
            "such as the cluster's login node"
        )


def _environment() -> dict[str, str]:
    """Leave out what a job of Slurm's has in its environment, where this process is in one."""
    kept = ("SLURM_CONF", "SLURM_CLUSTERS")
    return {k: v for k, v in os.environ.items() if not k.startswith("SLURM_") or k in kept}
