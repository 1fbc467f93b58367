"""Runs that are left to a cluster: submitted, and finished by jobs of their own."""

from unknot.common.errors import UserError
from unknot.common.progress import Say
from unknot.config.execution import ExecutionConfig
from unknot.config.experiment import ExperimentConfig
from unknot.data.image_set import ImageSet
from unknot.experiments.core_plan import widest_plan
from unknot.experiments.dispatch import described_runs, jobs_for
from unknot.experiments.engines import LeavingEngine, build_engine, no_queue_text
from unknot.runs.experiment_folder import ExperimentFolder


def check_leavable(
    config: ExperimentConfig, execution: ExecutionConfig, *, needs_process: bool
) -> None:
    """Refuse to leave runs alone that somebody has to wait for.

    Args:
        config: what the experiment is.
        execution: where and how its runs are executed.
        needs_process: whether they need this process: its network or its executor.

    Raises:
        UserError: names what they need.
    """
    engine = build_engine(execution.engine, execution.engine_options)
    if needs_process or not isinstance(engine, LeavingEngine):
        what = "an executor or a network of your own" if needs_process else repr(execution.engine)
        raise UserError(no_queue_text(what))
    if config.until_clear:
        raise UserError(
            "until_clear decides on further seeds when runs are done, so it has to wait for them; "
            "leave out detach or until_clear"
        )


def leave_all(
    config: ExperimentConfig,
    images: ImageSet,
    folder: ExperimentFolder,
    execution: ExecutionConfig,
    tell: Say | None,
) -> bool:
    """Leave every run that is not finished to an engine that needs nobody who waits for it.

    Args:
        config: what the experiment is.
        images: on what.
        folder: of the experiment.
        execution: where and how its runs are executed; its engine is a `LeavingEngine`.
        tell: called with a line on what was submitted.

    Returns:
        Whether there was any.
    """
    _, pending = described_runs(config, images, folder, execution.products)
    if not pending:
        return False
    engine = build_engine(execution.engine, execution.engine_options)
    assert isinstance(engine, LeavingEngine)
    num_jobs = engine.num_jobs(execution.workers, execution.device)
    plan = widest_plan(-(-len(pending) // execution.stack_runs), num_jobs)
    line = engine.leave(jobs_for(pending, execution, plan), plan.at_a_time)
    if tell:
        tell(line)
    return True
