"""Where runs are executed: one engine a file, named in `ENGINES`.

An entry is a frozen dataclass with the methods of `Engine`; its fields, each with a default, are
its options, which a user sets in the table `[engine]` of a TOML file. A file, and one line here, is
all that a new engine needs. Where some `concurrent.futures.Executor` does already, none is needed:
what is handed to it, `elsewhere.execute_job`, executes a job on whatever machine it runs.

A job needs its folders and the cache of images on a file system that it sees. Its result is the
exit status of its process: 0, 2 if a user can mend what stopped a run, 130, 143 or 129 after Ctrl-C
or another request to stop, 75 where another process is at a run, 1 for a fault, negative for a
signal that killed the process; what went wrong stands at the end of each run's log.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from unknot.common.plugins import build_plugin
from unknot.common.progress import Progress
from unknot.config.execution import ALL_PRODUCTS, Products

ENGINES = {
    "local": "unknot.experiments.engines.local:LocalEngine",
    "inline": "unknot.experiments.engines.inline:InlineEngine",
    "slurm": "unknot.experiments.engines.slurm:SlurmEngine",
    "ray": "unknot.experiments.engines.ray:RayEngine",
    "dask": "unknot.experiments.engines.dask:DaskEngine",
}
"""Name -> `module:class`."""
HERE = ("local", "inline")
"""Engines that execute runs on this machine, whose devices and memory are known beforehand."""


class Job(NamedTuple):
    """One run to execute, or several as one batched program; paths and names alone.

    Device and threads are resolved where the job runs.

    Attributes:
        folders: of the runs, with their descriptions; absolute paths.
        device: as the user asked for it: `auto`, `cpu`, ...
        jobs_per_machine: that share a machine's cores.
        max_cores: of its share that it takes; None for all.
        products: what is made of each run beside its weights, losses and codes.
        stage: folder of the machine's own disk that prepared images are copied to; none if empty.
        order: path of a file; once it is gone, the job saves and stops. Empty where there is none.
    """

    folders: tuple[str, ...]
    device: str
    jobs_per_machine: int
    max_cores: int | None = None
    products: Products = ALL_PRODUCTS
    stage: str = ""
    order: str = ""

    @property
    def is_wanted(self) -> bool:
        """Whether the job is to go on; the file is opened, since NFS remembers what was there."""
        if not self.order:
            return True
        try:
            with Path(self.order).open():
                return True
        except FileNotFoundError:
            return False
        except OSError:  # the file system may answer at the next look
            return True


class JobRunner(Protocol):
    """Executes jobs; each job's result is the exit status of its process."""

    def submit(self, job: Job) -> "Future[int]":
        """Have a job executed."""

    def stop(self) -> None:
        """Drop what has not begun, and ask what is at work to save and stop."""

    def close(self) -> None:
        """Wait until nothing is at work, and end what was started."""


class Engine(Protocol):
    """Where runs are executed."""

    def num_jobs(self, wanted: int | None, device: str) -> int:
        """Say how many jobs run at a time on one machine.

        Args:
            wanted: by the user; None leaves it to the engine.
            device: as the user asked for it.
        """

    def start(self, num_jobs: int, progress: Progress | None) -> JobRunner:
        """Get ready for jobs.

        Args:
            num_jobs: at a time on each machine.
            progress: for an engine that leaves the caller no time to look how far the runs are;
                called as `progress(name of the run, steps done, steps in all)`.
        """


@runtime_checkable
class LeavingEngine(Engine, Protocol):
    """An engine whose jobs need nobody who waits for them."""

    def leave(self, jobs: Sequence[Job], num_jobs: int) -> str:
        """Submit jobs of one experiment, and one that writes evidence and page after them.

        Args:
            jobs: to be executed; those that were submitted before are left as they are.
            num_jobs: at a time.

        Returns:
            A line on what was submitted.
        """


def no_queue_text(what: str) -> str:
    """Say that nothing can be left to an engine that has no queue.

    Args:
        what: has none.
    """
    return (
        f"detach leaves runs to a cluster's queue, which {what} has not: take engine 'slurm', or "
        "leave detach out (nohup unknot compare ... & goes on when its terminal is closed)"
    )


def build_engine(name: str, options: Mapping[str, Any]) -> Engine:
    """Build an engine from its options.

    Args:
        name: in `ENGINES`.
        options: its fields; those left out have their defaults.

    Raises:
        UserError: if there is no such engine or option, or an option has another type.
    """
    engine: Engine = build_plugin("engine", name, ENGINES, options)
    return engine
