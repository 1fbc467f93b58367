"""Runs as tasks of a Ray cluster, or of one on this machine that is started for them."""

import os
import re
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

from unknot.common.errors import UserError
from unknot.common.machine import num_cores
from unknot.common.progress import Progress
from unknot.config.checks import MOST_RUNS, at_least
from unknot.experiments.engines import Job, JobRunner
from unknot.experiments.engines.clusters import check_answers, check_installed, refused
from unknot.experiments.engines.elsewhere import ElsewhereRunner, execute_job

AUTO = "auto"
STORE_BYTES = 80_000_000  # the least that Ray takes; nothing of ours is in it
HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""How a client of gRPC begins (RFC 9113, 3.4): a fixed text and empty settings."""
UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGT]?)B?")


@dataclass(frozen=True)
class RayEngine:
    """Tasks of a Ray cluster, each of which executes a run."""

    address: str = ""
    """Of the cluster's head, such as `head:6379`, or `auto` for one that runs on this machine; by
    default a cluster is started on this machine, and ended when all runs are over."""
    cores: int = 1
    """Of each job."""
    gpus: float = 0.0
    """Of each job; 0.5 has two jobs share one."""
    memory: str = ""
    """That Ray sets aside for each job, such as `4G`; by default none."""
    retries: int = 3
    """How often a job whose machine was lost is executed again."""

    def __post_init__(self) -> None:
        """Check the numbers, and whether Ray is installed."""
        at_least("cores", self.cores, 1)
        if self.gpus < 0:
            raise UserError(f"gpus is {self.gpus:g}; it must be 0 or more")
        at_least("retries", self.retries, 0)
        size_in_bytes(self.memory)
        check_installed("ray", "ray")

    def num_jobs(self, wanted: int | None, device: str) -> int:
        """Say how many jobs run at a time: as many as the cluster takes; see `Engine.num_jobs`."""
        here = MOST_RUNS if self.address else max(1, num_cores() // self.cores)
        return min(wanted or here, here)

    def start(self, num_jobs: int, progress: Progress | None = None) -> JobRunner:
        """Connect to the cluster, or start one; see `Engine.start`."""
        if self.address not in ("", AUTO):
            check_answers("Ray", self.address, HELLO)
        import ray

        end = self._connect()
        needs: dict[str, Any] = {
            "num_cpus": self.cores,
            "num_gpus": self.gpus,
            "memory": size_in_bytes(self.memory) or None,
            "max_retries": 0,
            "scheduling_strategy": "SPREAD",
        }
        errors = ray.exceptions
        return ElsewhereRunner(
            partial(self._send, ray.remote(execute_job).options(**needs)),
            at_a_time=num_jobs,
            retries=self.retries,
            lost=(
                errors.WorkerCrashedError,
                errors.NodeDiedError,
                errors.OutOfMemoryError,
                errors.LocalRayletDiedError,
            ),
            end=end,
        )

    def _send(self, task: Any, job: Job) -> "Future[int]":
        """Have a task execute a job; one that asks for no GPU computes on none."""
        device = "cpu" if job.device == "auto" and not self.gpus else job.device
        job = job._replace(device=device, jobs_per_machine=1, max_cores=self.cores)
        future: Future[int] = task.remote(job).future()
        return future

    def _connect(self) -> Any:
        """Connect to the cluster, or start one; gives what ends that again.

        Raises:
            UserError: if the cluster does not answer, or does not take this version of Ray.
        """
        import ray

        if ray.is_initialized():
            return None  # the user's own connection, which stays
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if self.address:
            _initialize(self.address, **options)
            return ray.shutdown
        place = TemporaryDirectory(prefix="unknot-ray-", ignore_cleanup_errors=True)
        options |= {
            "num_cpus": num_cores(),
            "include_dashboard": False,
            "object_store_memory": STORE_BYTES,
            "_temp_dir": place.name,
        }
        end = partial(_end, place)
        try:
            _initialize("local", **options)
        except BaseException:
            end()
            raise
        return end


def size_in_bytes(text: str) -> int:
    """Read a size such as `512M` or `4G`; 0 where it is empty.

    Raises:
        UserError: if it is none.
    """
    match = SIZE.fullmatch(text.strip().upper()) if text else None
    if text and not match:
        raise UserError(f"memory is {text!r}; give a size such as '512M' or '4G'")
    return int(float(match[1]) * UNITS[match[2]]) if match else 0


def _initialize(address: str, **options: Any) -> None:
    """Connect, without a word to Ray's makers, and leave the handlers of signals as they are."""
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        with _handlers_kept():
            ray.init(address, **options)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise refused("Ray", address, error) from None


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Put back the handlers of signals that the block changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(place: "TemporaryDirectory[str]") -> None:
    """End the cluster that was started here, and remove its files."""
    import ray

    ray.shutdown()
    place.cleanup()
