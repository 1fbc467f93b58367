"""Train every run of an experiment that is not finished, by an engine or in this process."""

import time
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from unknot.common.errors import Interrupted, UserError
from unknot.common.interruption import STATUSES, interrupted_status
from unknot.common.locks import HeldError, Lock
from unknot.common.machine import num_cores
from unknot.common.progress import Progress, Say
from unknot.config.execution import ExecutionConfig, Products
from unknot.config.experiment import ExperimentConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.experiments.core_plan import CorePlan, plan_for_runs, plan_line, widest_plan
from unknot.experiments.display.run_progress import LOOK_SECONDS, RunProgress, follow_runs
from unknot.experiments.display.time_left import TimeLeft
from unknot.experiments.engines import HERE, Job, JobRunner, build_engine
from unknot.experiments.engines.elsewhere import ElsewhereRunner, execute_job
from unknot.experiments.engines.local import LocalEngine
from unknot.experiments.engines.worker import EXIT_HELD, PATIENCE
from unknot.experiments.execute import execute_run, lacks_products
from unknot.models.device import choose_device
from unknot.models.networks import NetworkBuilder
from unknot.report.live_runs import STOPPED, TRAINING, WAITING
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.folder import ERROR, RunFolder
from unknot.runs.soundness import reopen_if_damaged

OF_PYTHON = (ThreadPoolExecutor, ProcessPoolExecutor)
"""Executors of which it is known that they execute jobs on this machine."""


def train_all(
    config: ExperimentConfig,
    images: ImageSet,
    folder: ExperimentFolder,
    execution: ExecutionConfig,
    executor: Executor | None,
    networks: NetworkBuilder | None,
    progress: Progress | None,
    *,
    seconds_after: float = 0.0,
    tell: Say | None = None,
) -> None:
    """Train every run that is not finished; those that other processes train are waited for.

    Args:
        config: what the experiment is.
        images: on what.
        folder: of the experiment.
        execution: where and how its runs are executed.
        executor: the user's own, in place of the engine.
        networks: a user's own builder; such runs are trained one by one in this process.
        progress: called as `progress(name of the run, steps done, steps in all)`.
        seconds_after: that what follows the runs takes, about; see `TimeLeft`.
        tell: called with a line on how the cores are divided, and on what is waited for.

    Raises:
        Interrupted: after Ctrl-C, once every run is saved.
    """
    runs, pending = described_runs(config, images, folder, execution.products)
    if not pending:
        return
    engine = LocalEngine() if executor else build_engine(execution.engine, execution.engine_options)
    num_jobs = 1 if networks else engine.num_jobs(execution.workers, execution.device)
    plan = widest_plan(-(-len(pending) // execution.stack_runs), num_jobs)
    is_elsewhere = executor is not None and not isinstance(executor, OF_PYTHON)
    if is_elsewhere:
        plan = CorePlan(at_a_time=plan.at_a_time, cores_each=1)
    is_planned = isinstance(engine, LocalEngine) and not (networks or is_elsewhere)
    if is_planned and num_cores() > 1 and choose_device(execution.device).type == "cpu":
        plan = plan_for_runs(config, pending, execution, num_jobs)
        if tell:
            tell(plan_line(plan, num_cores()))
    turns = JobTurns(jobs_for(pending, execution, plan))
    at_a_time = plan.at_a_time * execution.stack_runs if execution.engine in HERE else None
    time_left = TimeLeft(time.monotonic, at_a_time, seconds_after)
    follower = follow_runs(progress, runs, time_left, turns.now) if progress else None
    runner: JobRunner
    if networks:
        runner = NetworkRunner(images, networks, follower.hear if follower else None)
    elif executor:
        runner = ElsewhereRunner(
            lambda job: executor.submit(execute_job, job),
            at_a_time=execution.workers,
            drops_queued=True,
        )
    else:
        runner = engine.start(plan.at_a_time, follower.hear if follower else None)
    _follow(runner, turns, folder, follower, tell)


class JobTurns:
    """Whose turn it is, of jobs that are submitted in their order.

    Args:
        jobs: of runs.

    Attributes:
        jobs: likewise.
        futures: of those that were submitted.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = jobs
        self.futures: list[Future[int]] = []
        self._locks: dict[int, list[tuple[RunFolder, Lock]]] = {}

    def now(self) -> dict[str, str]:
        """Name of the run -> `WAITING`, `TRAINING` once its turn has come, then `STOPPED`."""
        return {
            Path(folder).name: self._turn(number)
            for number, job in enumerate(self.jobs)
            for folder in job.folders
        }

    @property
    def interrupted(self) -> int:
        """The exit status of the first job that a signal has stopped; 0 where none has."""
        ended = [future for future in self.futures if future.done() and not future.cancelled()]
        statuses = [future.result() for future in ended if not future.exception()]
        return next((status for status in statuses if status in STATUSES), 0)

    @property
    def num_held(self) -> int:
        """Jobs of which another process has a run."""
        return sum(map(_is_held, self.futures))

    @property
    def are_over(self) -> bool:
        """Whether every job has come to its end, none left to another process."""
        return all(future.done() and not _is_held(future) for future in self.futures)

    def take_over(self, runner: JobRunner) -> None:
        """Submit jobs again that were left to other processes, which have made way since."""
        for number, future in enumerate(self.futures):
            if not _is_held(future):
                continue
            if number not in self._locks:
                folders = map(RunFolder, self.jobs[number].folders)
                self._locks[number] = [(folder, folder.lock()) for folder in folders]
            if all(folder.is_done or lock.is_free for folder, lock in self._locks[number]):
                self.futures[number] = runner.submit(self.jobs[number])

    def _turn(self, number: int) -> str:
        if number >= len(self.futures):  # a runner may execute a job while it is being submitted
            return TRAINING if number == len(self.futures) else WAITING
        future = self.futures[number]
        if future.done():
            return TRAINING if _is_held(future) else STOPPED
        return TRAINING if future.running() else WAITING


class NetworkRunner:
    """Executes runs of a user's own network in this process, when they are submitted.

    Args:
        images: of all runs.
        networks: the user's builder.
        progress: called as `progress(name of the run, steps done, steps in all)`.
    """

    def __init__(
        self, images: ImageSet, networks: NetworkBuilder, progress: Progress | None
    ) -> None:
        self._images, self._networks, self._progress = images, networks, progress

    def submit(self, job: Job) -> "Future[int]":
        """Execute a run; an error of the user's goes into its log, as a worker's does."""
        future: Future[int] = Future()
        (path,) = job.folders
        folder = RunFolder(path)
        try:
            execute_run(
                folder,
                images=self._images,
                networks=self._networks,
                device=job.device,
                progress=self._progress,
                patience=PATIENCE,
                products=job.products,
            )
        except HeldError:
            future.set_result(EXIT_HELD)
            return future
        except UserError as error:
            folder.append_log(f"{ERROR}{error}")
        future.set_result(0)
        return future

    def stop(self) -> None:
        """Nothing is at work between two runs."""

    def close(self) -> None:
        """Nothing was started."""


def described_runs(
    config: ExperimentConfig, images: ImageSet, folder: ExperimentFolder, products: Products
) -> tuple[list[tuple[RunConfig, RunFolder]], list[RunFolder]]:
    """Write the description of every run.

    Args:
        config: what the experiment is.
        images: on what.
        folder: of the experiment.
        products: what is made of each run.

    Returns:
        Every run with its folder, and the folders of those with work to do.
    """
    runs = [(run, folder.run(run)) for run in config.runs()]
    for run, run_folder in runs:
        run_folder.create(run, images)
        reopen_if_damaged(run_folder, run)
    pending = [
        run_folder
        for _, run_folder in runs
        if not run_folder.is_done or lacks_products(run_folder, products)
    ]
    return runs, pending


def jobs_for(pending: Sequence[RunFolder], execution: ExecutionConfig, plan: CorePlan) -> list[Job]:
    """Divide runs into jobs.

    Args:
        pending: their folders.
        execution: how they are executed.
        plan: how cores are divided among them.
    """
    size = execution.stack_runs
    jobs = [
        Job(
            folders=tuple(str(folder.path.absolute()) for folder in pending[i : i + size]),
            device=execution.device,
            jobs_per_machine=plan.at_a_time,
            max_cores=plan.cores_each,
            products=execution.products,
            stage=execution.stage,
        )
        for i in range(0, len(pending), size)
    ]
    num_last = plan.num_last(len(jobs))
    first, last = jobs[: len(jobs) - num_last], jobs[len(jobs) - num_last :]
    return first + [
        job._replace(jobs_per_machine=num_last, max_cores=plan.cores_of_last) for job in last
    ]


def waiting_line(num: int) -> str:
    """Say that so many jobs are left to another process."""
    what = "a run is" if num == 1 else f"{num} runs are"
    return f"{what} being trained by another process, which is waited for"


def _is_held(future: "Future[int]") -> bool:
    """Whether a job was left to another process."""
    is_over = future.done() and not future.cancelled() and not future.exception()
    return is_over and future.result() == EXIT_HELD


def _follow(
    runner: JobRunner,
    turns: JobTurns,
    folder: ExperimentFolder,
    follower: RunProgress | None,
    tell: Say | None,
) -> None:
    """Have jobs executed, and follow them to their end, or until one of them is interrupted."""
    interrupted = 0
    try:
        for job in turns.jobs:
            turns.futures.append(runner.submit(job))
        has_told = False
        while not turns.are_over:
            if turns.num_held and tell and not has_told:
                tell(waiting_line(turns.num_held))
                has_told = True
            if follower:
                follower.look()
            time.sleep(LOOK_SECONDS)
            turns.take_over(runner)
            if turns.interrupted:
                runner.stop()
                break
    except KeyboardInterrupt as stopped:
        interrupted = interrupted_status(stopped)
        runner.stop()
    finally:
        runner.close()
    if follower:
        follower.look()
    interrupted = interrupted or turns.interrupted
    if interrupted:
        where = f"stopped; every run is saved in {folder.path}"
        raise Interrupted(where, interrupted - 128)
    for future in turns.futures:
        future.result()
