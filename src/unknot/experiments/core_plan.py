"""How a machine's cores are divided among the runs of an experiment, so that all is done first.

A run on several cores gains less than several runs on one each, but cores without a run gain
nothing. A small model weighs both. It takes a run's steps by Amdahl's law (1967): on `t` cores a
run is `1 / (1 - p + p / t)` times as fast as on one. `p` follows from what is measured on two cores
(docs/benchmarks.md, training): data-parallel, one run computes 1,041 images a second in float32 and
1,577 in bfloat16, which is 1.68 and 1.55 times what each of two runs side by side has (1,240 / 2
and 2,029 / 2). Beyond two cores nothing has been measured.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from unknot.common.machine import num_cores
from unknot.config.execution import ExecutionConfig
from unknot.config.experiment import ExperimentConfig
from unknot.models.device import choose_device
from unknot.runs.folder import RunFolder
from unknot.training.checkpoint import threads_before
from unknot.training.fit import part_that_needs_whole_batch
from unknot.training.gradients import MIN_SHARE, can_share

SPEED_OF_TWO = 1.62
"""Of a run on two cores over one on one while the others are busy: the mean of 1.68 and 1.55."""
IMAGES_PER_SECOND = 600.0
"""Of a run on one core, in float32 (docs/benchmarks.md, training)."""
SECONDS_BESIDE_STEPS = 10.0
"""Scores and pictures of a run, which are made on one core (docs/speed.md)."""
LEAST_GAIN = 0.05
"""By which more cores for each run must be faster. The model is no more exact than that, and cores
that are far from each other make one run slower, never several."""


class CorePlan(NamedTuple):
    """How cores are divided.

    Attributes:
        at_a_time: runs that are executed beside each other, a process each.
        cores_each: of each run.
        cores_of_last: of each of the runs that are left over when the others have begun, where
            these leave them more cores; else 0.
    """

    at_a_time: int
    cores_each: int
    cores_of_last: int = 0

    def num_last(self, num_runs: int) -> int:
        """Count the runs that have `cores_of_last`."""
        return num_runs % self.at_a_time if self.cores_of_last else 0


def plan_cores(num_runs: int, cores: int, batch_size: int, steps: int) -> CorePlan:
    """Choose how many runs at a time, and how many cores each, are done first.

    Args:
        num_runs: that are not finished.
        cores: of the machine.
        batch_size: images; each core of a run takes `MIN_SHARE` or more of them.
        steps: of a run.
    """
    plans = list(_possible_plans(num_runs, cores, max_cores_each(batch_size)))
    seconds = [seconds_of_all(num_runs, plan, batch_size, steps) for plan in plans]
    fast_enough = min(seconds) / (1 - LEAST_GAIN)
    return next(plan for plan, each in zip(plans, seconds) if each <= fast_enough)


def plan_for_runs(
    config: ExperimentConfig,
    pending: Sequence[RunFolder],
    execution: ExecutionConfig,
    num_jobs: int,
) -> CorePlan:
    """Choose how this machine's cores are divided among runs of an experiment.

    Runs that were begun go on with as many threads as before, for equal bits, and those that begin
    beside them get as many. Where batches cannot be divided among processes, there are as many runs
    at a time as can be.

    Args:
        config: what the experiment is.
        pending: its runs that are not finished.
        execution: how they are executed; its `workers` are not changed.
        num_jobs: that are executed at a time at most, a core or more each.
    """
    recipe = config.rows()[0].training.optimization()
    num_groups = -(-len(pending) // execution.stack_runs)
    widest = widest_plan(num_groups, num_jobs)
    if not _are_divisible(config, execution, recipe.batch_size):
        return widest
    if execution.workers:
        most = max_cores_each(recipe.batch_size)
        return widest._replace(cores_each=min(widest.cores_each, most))
    threads = max(map(threads_before, pending))
    if threads:
        return CorePlan(min(num_groups, max(1, num_jobs // threads)), threads)
    return plan_cores(num_groups, num_jobs, recipe.batch_size, recipe.steps)


def widest_plan(num_groups: int, num_jobs: int) -> CorePlan:
    """Execute as much at a time as can be, and give each its share of the cores.

    Args:
        num_groups: of runs; those of a group are one process.
        num_jobs: that are executed at a time at most.
    """
    at_a_time = min(num_jobs, num_groups)
    return CorePlan(at_a_time, max(1, num_cores() // at_a_time))


def max_cores_each(batch_size: int) -> int:
    """Count the cores that a run's batches can be divided among."""
    return max(1, batch_size // MIN_SHARE)


def speed_on(cores: int) -> float:
    """Tell how many times as fast the steps of a run are on so many cores as on one."""
    parallel = 2 * (1 - 1 / SPEED_OF_TWO)
    return 1 / (1 - parallel + parallel / cores)


def seconds_of_all(num_runs: int, plan: CorePlan, batch_size: int, steps: int) -> float:
    """Tell how long runs of the same length take by a plan, wave after wave.

    Args:
        num_runs: in all.
        plan: how the cores are divided.
        batch_size: images.
        steps: of a run.
    """
    on_one_core = steps * batch_size / IMAGES_PER_SECOND
    waves = -(-num_runs // plan.at_a_time)
    last = on_one_core / speed_on(plan.cores_of_last or plan.cores_each)
    steps_of_all = (waves - 1) * on_one_core / speed_on(plan.cores_each) + last
    return steps_of_all + waves * SECONDS_BESIDE_STEPS


def plan_line(plan: CorePlan, cores: int) -> str:
    """Say how the cores are divided: `8 cores: 4 runs at a time, 2 cores each`."""
    runs = f"{plan.at_a_time} run{'s' * (plan.at_a_time > 1)} at a time"
    line = f"{cores} cores: {runs}, {plan.cores_each} core{'s' * (plan.cores_each > 1)} each"
    return line + (f"; {plan.cores_of_last} each at the end" if plan.cores_of_last else "")


def _are_divisible(config: ExperimentConfig, execution: ExecutionConfig, batch_size: int) -> bool:
    """Whether every run can have processes for shares of its batches."""
    return (
        execution.stack_runs == 1
        and can_share(batch_size, 2, choose_device(execution.device))
        and not any(
            row.training.data_parallel == "off" or part_that_needs_whole_batch(row)
            for row in config.rows()
        )
    )


def _possible_plans(num_runs: int, cores: int, most_each: int) -> Iterator[CorePlan]:
    """List the plans that are worth a thought: as many runs as fit, from one core each on."""
    for cores_each in range(1, min(cores, most_each) + 1):
        at_a_time = min(num_runs, cores // cores_each)
        num_last = num_runs % at_a_time
        of_last = min(cores // num_last, most_each) if num_last else 0
        yield CorePlan(at_a_time, cores_each, of_last if of_last > cores_each else 0)
