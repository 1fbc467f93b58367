"""Runs as tasks of a Dask cluster, or of one on this machine that is started for them."""

import logging
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from unknot.common.errors import UserError
from unknot.common.machine import num_cores
from unknot.common.progress import Progress
from unknot.config.checks import MOST_RUNS, at_least
from unknot.experiments.engines import Job, JobRunner
from unknot.experiments.engines.clusters import (
    SECONDS_TO_ANSWER,
    check_answers,
    check_installed,
    refused,
)
from unknot.experiments.engines.elsewhere import ElsewhereRunner, execute_job

if TYPE_CHECKING:
    from distributed import Client

OWN_PORT = "127.0.0.1:0"
"""Any free port, which this machine alone sees: Dask opens one even without a dashboard."""


@dataclass(frozen=True)
class DaskEngine:
    """Tasks of a Dask cluster, each of which executes a run."""

    address: str = ""
    """Of the scheduler, such as `tcp://head:8786`; by default a cluster is started on this machine,
    and ended when all runs are over."""
    cores: int = 1
    """Of each job. A worker executes as many jobs at a time as it has threads."""
    resources: str = ""
    """What each job takes of the resources that workers were started with: `GPU=1 MEMORY=4e9`."""
    retries: int = 3
    """How often a job is executed again of which the scheduler says that its workers died."""

    def __post_init__(self) -> None:
        """Check the numbers, and whether Dask is installed."""
        at_least("cores", self.cores, 1)
        at_least("retries", self.retries, 0)
        if resources_of(self.resources) and not self.address:
            raise UserError("resources are those of a cluster's workers; give its address too")
        check_installed("distributed", "dask")

    def num_jobs(self, wanted: int | None, device: str) -> int:
        """Say how many jobs run at a time: as many as the cluster takes; see `Engine.num_jobs`."""
        here = MOST_RUNS if self.address else max(1, num_cores() // self.cores)
        return min(wanted or here, here)

    def start(self, num_jobs: int, progress: Progress | None = None) -> JobRunner:
        """Connect to the cluster, or start one; see `Engine.start`."""
        if self.address:
            check_answers("Dask", self.address)
        from distributed import KilledWorker

        with ExitStack() as stack:
            stack.enter_context(_silence())
            client = self._connect(num_jobs, stack)
            end = stack.pop_all().close
        return ElsewhereRunner(
            partial(self._send, client),
            at_a_time=num_jobs,
            retries=self.retries,
            lost=(KilledWorker,),
            end=end,
        )

    def _connect(self, num_jobs: int, stack: ExitStack) -> "Client":
        """Connect to the scheduler, or start one with a worker in this process.

        The worker's jobs are processes of their own, as everywhere.
        """
        from distributed import Client, LocalCluster

        if self.address:
            try:
                client = Client(self.address, timeout=SECONDS_TO_ANSWER, set_as_default=False)
            except (OSError, ValueError) as error:
                raise refused("Dask", self.address, error) from None
            return stack.enter_context(client)
        cluster = LocalCluster(
            n_workers=1,
            threads_per_worker=num_jobs,
            processes=False,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": OWN_PORT},
            worker_dashboard_address=OWN_PORT,
            memory_limit=0,
        )
        return stack.enter_context(Client(stack.enter_context(cluster), set_as_default=False))

    def _send(self, client: "Client", job: Job) -> "Future[int]":
        """Have a task execute a job."""
        job = job._replace(jobs_per_machine=1, max_cores=self.cores)
        task = client.submit(
            execute_job, job, pure=False, resources=resources_of(self.resources) or None
        )
        answer: Future[int] = Future()
        task.add_done_callback(partial(_pass_on, answer))
        return answer


def resources_of(text: str) -> dict[str, float]:
    """Read what a job takes: `GPU=1 MEMORY=4e9`.

    Raises:
        UserError: if it is something else.
    """
    try:
        pairs = [pair.split("=") for pair in text.split()]
        return {name: float(amount) for name, amount in pairs}
    except ValueError:
        raise UserError(
            f"resources is {text!r}; give names and amounts, such as 'GPU=1 MEMORY=4e9'"
        ) from None


def _pass_on(answer: "Future[int]", task: Any) -> None:
    """Give what came of a task, where nobody has canceled it."""
    if not answer.set_running_or_notify_cancel():
        return
    if task.status == "finished":
        answer.set_result(task.result())
    elif task.status == "error":
        answer.set_exception(task.exception())
    else:
        answer.set_exception(ConnectionError("the Dask scheduler is gone"))


@contextmanager
def _silence() -> Iterator[None]:
    """Keep what Dask logs out of what a user reads, while the block runs."""
    import distributed  # sets up its loggers

    logger = logging.getLogger(distributed.__name__)
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)
