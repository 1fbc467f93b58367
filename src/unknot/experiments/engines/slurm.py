"""Jobs of a Slurm cluster: the runs of an experiment as one array, by plain `sbatch`.

What is submitted is a script with the names of runs in it: nothing is pickled, and nothing that
lies in the experiment's folder is executed. Each job executes `slurm_job` of this folder.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from shlex import join, quote, split

from unknot.common.errors import UserError
from unknot.common.progress import Progress
from unknot.config.checks import MOST_RUNS, at_least
from unknot.experiments.engines import Job, JobRunner
from unknot.experiments.engines.slurm_job import BETWEEN_RUNS
from unknot.experiments.engines.slurm_queue import (
    LAST,
    SlurmRecord,
    Submission,
    ask_states,
    call,
    check_there,
    element_text,
    in_queue,
    new_record,
    read_record,
    write_record,
)
from unknot.experiments.engines.slurm_runner import SlurmRunner, Submitted
from unknot.runs.experiment_folder import ExperimentFolder


@dataclass(frozen=True)
class SlurmEngine:
    """Jobs of a Slurm cluster: one array, of which each job executes a run."""

    partition: str = ""
    """That the jobs go to; by default the cluster's default."""
    account: str = ""
    """That pays for the jobs."""
    qos: str = ""
    """Quality of service."""
    time: str = ""
    """Most that a job may take: `30` minutes, `2:00:00`, `1-12`; by default the partition's."""
    memory: str = ""
    """Of each job, such as `4G`; by default the partition's."""
    cores: int = 1
    """Of each job."""
    gpus: int = 0
    """Of each job."""
    sbatch: str = ""
    """Further options of `sbatch`, such as `--constraint=a100 --exclude=node7`."""
    setup: str = ""
    """Lines of shell that each job executes first, such as `module load cuda`."""
    seconds_to_save: int = 60
    """Before its time is over a job is asked to save its run, and is put into the queue again."""
    array_size: int = 1000
    """Most jobs of one array; more runs are several arrays."""

    def __post_init__(self) -> None:
        """Check what Slurm would not explain, and whether it is there."""
        for name, least in (("cores", 1), ("gpus", 0), ("seconds_to_save", 1), ("array_size", 1)):
            at_least(name, getattr(self, name), least)
        for name in ("partition", "account", "qos", "time", "memory", "sbatch"):
            if not getattr(self, name).isprintable():
                raise UserError(f"{name} is {getattr(self, name)!r}; it must be one line of text")
        try:
            split(self.sbatch)
        except ValueError:
            raise UserError(f"sbatch is {self.sbatch!r}, in which a quote is not closed") from None
        check_there("sbatch")

    def num_jobs(self, wanted: int | None, device: str) -> int:
        """Say that all jobs may run at a time; see `Engine.num_jobs`."""
        return wanted or MOST_RUNS

    def start(self, num_jobs: int, progress: Progress | None = None) -> JobRunner:
        """Get ready to submit jobs and to follow them; see `Engine.start`."""
        return SlurmRunner(partial(self.submit, at_a_time=num_jobs))

    def leave(self, jobs: Sequence[Job], num_jobs: int) -> str:
        """Submit jobs, and one that writes evidence and page after them; see `LeavingEngine`."""
        elements = self.submit(jobs, at_a_time=num_jobs).elements
        last = self.submit_last(experiment_of(jobs))
        arrays = ", ".join(map(str, sorted({array for array, _ in elements})))
        return (
            f"{len(jobs)} jobs are in Slurm's queue ({arrays}), and one more ({last}), which "
            "writes evidence and page after them"
        )

    def submit(self, jobs: Sequence[Job], at_a_time: int) -> Submitted:
        """Submit the jobs of an experiment that are not in the queue yet.

        Args:
            jobs: of one experiment.
            at_a_time: most of them that run at a time.

        Raises:
            UserError: if Slurm refuses, or cannot be asked here.
        """
        folder = experiment_of(jobs)
        with folder.locked():
            record = read_record(folder) or new_record(folder)
            write_record(folder, record)  # so that whatever is submitted can be stopped
            waiting = in_queue(ask_states(record.name))
            record = record.only(waiting)
            queued = {run for run, element in record.elements().items() if element in waiting}
            new = [job for job in jobs if not queued.issuperset(names_of(job))]
            arrays: set[int] = set()
            for start in range(0, len(new), self.array_size):
                array = new[start : start + self.array_size]
                submission = self._submit_array(folder, record, array, at_a_time)
                record = record.with_array(submission)
                write_record(folder, record)
                arrays.add(submission.job)
        elements = record.elements()
        places = [elements[names_of(job)[0]] for job in jobs]
        return Submitted(folder=folder, name=record.name, elements=places, arrays=arrays)

    def submit_last(self, folder: ExperimentFolder) -> str:
        """Submit the job that writes evidence and page, in the place of the one there may be.

        Args:
            folder: of the experiment.

        Returns:
            Its number.

        Raises:
            UserError: if Slurm refuses, or cannot be asked here.
        """
        with folder.locked():
            record = read_record(folder) or new_record(folder)
            waiting = in_queue(ask_states(record.name))
            if (record.last_job, LAST) in waiting:
                call(["scancel", f"--name={record.name}", str(record.last_job)])
            arrays = sorted({job for job, number in waiting if number != LAST})
            after = [f"--dependency=afterany:{':'.join(map(str, arrays))}"] if arrays else []
            options = [*self._options(folder, record.name, gpus=0), *after]
            last = _submit(options, last_script(folder, self.setup))
            write_record(folder, replace(record, last_job=last))
        return element_text((last, LAST))

    def _submit_array(
        self, folder: ExperimentFolder, record: SlurmRecord, jobs: Sequence[Job], at_a_time: int
    ) -> Submission:
        options = [
            *self._options(folder, record.name, gpus=self.gpus),
            f"--array=0-{len(jobs) - 1}%{at_a_time}",
            "--requeue",
            f"--signal=B:USR1@{self.seconds_to_save}",
        ]
        number = _submit(options, array_script(folder, jobs, self.setup))
        return Submission(job=number, runs=tuple(map(names_of, jobs)))

    def _options(self, folder: ExperimentFolder, name: str, *, gpus: int) -> list[str]:
        """Write the options of `sbatch` that every job has."""
        asked = {
            "partition": self.partition,
            "account": self.account,
            "qos": self.qos,
            "time": self.time,
            "mem": self.memory,
            "gres": f"gpu:{gpus}" if gpus else "",
        }
        log = str(folder.slurm_log.absolute()).replace("%", "%%")
        return [
            f"--job-name={name}",
            "--ntasks=1",
            f"--cpus-per-task={self.cores}",
            f"--output={log}",
            "--open-mode=append",
            *(f"--{option}={value}" for option, value in asked.items() if value),
            *split(self.sbatch),
        ]


def experiment_of(jobs: Sequence[Job]) -> ExperimentFolder:
    """Give the folder of the experiment that jobs belong to."""
    return ExperimentFolder(Path(jobs[0].folders[0]).parent)


def names_of(job: Job) -> tuple[str, ...]:
    """Name the runs of a job."""
    return tuple(Path(folder).name for folder in job.folders)


def array_script(folder: ExperimentFolder, jobs: Sequence[Job], setup: str) -> str:
    """Write what each job of an array executes: the runs of its own number.

    Args:
        folder: of the experiment.
        jobs: of the array.
        setup: lines of shell that come first.
    """
    runs = "\n".join(quote(BETWEEN_RUNS.join(names_of(job))) for job in jobs)
    job = jobs[0]
    command = _command(
        folder,
        f"--device={job.device}",
        f"--scores={job.products.scores}",
        f"--pictures={job.products.pictures}",
        *([f"--stage={job.stage}"] if job.stage else []),
    )
    return (
        f"{_beginning(setup)}runs=(\n{runs}\n)\n"
        f'exec {command} --runs="${{runs[$SLURM_ARRAY_TASK_ID]}}"\n'
    )


def last_script(folder: ExperimentFolder, setup: str) -> str:
    """Write what the job executes that writes evidence and page."""
    return f"{_beginning(setup)}exec {_command(folder, '--finish')}\n"


def _beginning(setup: str) -> str:
    threads = 'export OMP_NUM_THREADS="${SLURM_CPUS_PER_TASK:-1}" PYTHONUNBUFFERED=1'
    return f"#!/bin/bash\n{setup.strip()}\n{threads}\n"


def _command(folder: ExperimentFolder, *options: str) -> str:
    """Write how this Python executes a job."""
    module = "unknot.experiments.engines.slurm_job"
    return join([sys.executable, "-P", "-m", module, str(folder.path.absolute()), *options])


def _submit(options: Sequence[str], script: str) -> int:
    """Submit a job; gives its number."""
    answer = call(["sbatch", "--parsable", *options], script)
    return int(answer.strip().split(";")[0])  # the name of the cluster may follow
