"""Train every run of an experiment that is not finished, by an engine or in this process."""

import time
from collections.abc import Sequence
from concurrent.futures import Executor, Future

from unknot.common.errors import Interrupted, UserError
from unknot.common.progress import Progress
from unknot.config.execution import ExecutionConfig
from unknot.config.experiment import ExperimentConfig
from unknot.data.image_set import ImageSet
from unknot.experiments.engines import Job, JobRunner, build_engine
from unknot.experiments.engines.local import ExecutorRunner, LocalEngine
from unknot.experiments.engines.worker import EXIT_INTERRUPTED
from unknot.experiments.execute import execute_run
from unknot.models.networks import NetworkBuilder
from unknot.runs.folder import ERROR, ExperimentFolder, RunFolder
from unknot.runs.history import last_step

POLL_SECONDS = 0.5


def train_all(
    config: ExperimentConfig,
    images: ImageSet,
    folder: ExperimentFolder,
    execution: ExecutionConfig,
    executor: Executor | None,
    networks: NetworkBuilder | None,
    progress: Progress | None,
) -> None:
    """Train every run that is not finished.

    Args:
        config: what the experiment is.
        images: on what.
        folder: of the experiment.
        execution: where and how its runs are executed.
        executor: the user's own, in place of the engine.
        networks: a user's own builder; such runs are trained one by one in this process.
        progress: called as `progress(name of the run, steps done, steps in all)`.

    Raises:
        Interrupted: after Ctrl-C, once every run is saved.
    """
    for run in config.runs():
        folder.run(run).create(run, images)
    pending = [folder.run(run) for run in config.runs() if not folder.run(run).is_done]
    if networks:
        for run_folder in pending:
            _run_here(run_folder, images, networks, execution.device, progress)
    elif pending:
        num_groups = -(-len(pending) // execution.stack_runs)
        if executor:
            num_jobs = LocalEngine().num_jobs(execution.workers, execution.device)
            runner: JobRunner = ExecutorRunner(executor)
        else:
            engine = build_engine(execution.engine, execution.engine_options)
            num_jobs = engine.num_jobs(execution.workers, execution.device)
            runner = engine.start(min(num_jobs, num_groups), progress)
        jobs = _jobs(pending, execution, min(num_jobs, num_groups))
        _follow(runner, jobs, config, folder, progress)


def _run_here(
    folder: RunFolder,
    images: ImageSet,
    networks: NetworkBuilder,
    device: str,
    progress: Progress | None,
) -> None:
    """Execute a run in this process; an error of the user's goes into its log, as a worker's."""
    try:
        execute_run(folder, images=images, networks=networks, device=device, progress=progress)
    except UserError as error:
        folder.append_log(f"{ERROR}{error}")


def _jobs(
    pending: Sequence[RunFolder], execution: ExecutionConfig, jobs_per_machine: int
) -> list[Job]:
    """Divide the unfinished runs into jobs."""
    size = execution.stack_runs
    return [
        Job(
            folders=tuple(str(folder.path.absolute()) for folder in pending[i : i + size]),
            device=execution.device,
            jobs_per_machine=jobs_per_machine,
        )
        for i in range(0, len(pending), size)
    ]


def _follow(
    runner: JobRunner,
    jobs: Sequence[Job],
    config: ExperimentConfig,
    folder: ExperimentFolder,
    progress: Progress | None,
) -> None:
    """Have jobs executed, and follow them to their end."""
    futures: list[Future[int]] = []
    try:
        futures += [runner.submit(job) for job in jobs]
        while not all(future.done() for future in futures):
            _tell(progress, config, folder)
            time.sleep(POLL_SECONDS)
        statuses = [future.result() for future in futures]
    except KeyboardInterrupt:
        runner.stop()
        statuses = [EXIT_INTERRUPTED]
    finally:
        runner.close()
    _tell(progress, config, folder)
    if EXIT_INTERRUPTED in statuses:
        raise Interrupted(f"stopped; every run is saved in {folder.path}")


def _tell(progress: Progress | None, config: ExperimentConfig, folder: ExperimentFolder) -> None:
    """Tell how far every run is."""
    if progress is None:
        return
    steps = config.training.optimization().steps
    for run in config.runs():
        run_folder = folder.run(run)
        done = steps if run_folder.is_done else min(last_step(run_folder.history), steps)
        progress(run.name, done, steps)
