"""How cores are divided, beside a simulation of every way to divide them.

`pytest -s -k table tests/experiments/test_core_plan.py` prints the table of docs/speed.md.
"""

import json
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from unknot.config.execution import ExecutionConfig
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import TrainingConfig
from unknot.experiments import core_plan
from unknot.experiments.core_plan import (
    IMAGES_PER_SECOND,
    LEAST_GAIN,
    SECONDS_BESIDE_STEPS,
    SPEED_OF_TWO,
    CorePlan,
    max_cores_each,
    plan_cores,
    plan_for_runs,
    plan_line,
    seconds_of_all,
    speed_on,
)
from unknot.runs.folder import RunFolder
from unknot.training.checkpoint import STATE

STEPS, BATCH_SIZE = 4000, 64
TABLE_CORES, TABLE_RUNS = (2, 4, 8, 16, 32, 64), (1, 5, 20)
SPEED_PAGE = Path(__file__).parents[2] / "docs" / "speed.md"


def simulated_seconds(
    num_runs: int, at_a_time: int, cores_each: int, cores: int, steps: int
) -> float:
    """Let runs go one after the other, each to the process that is free first.

    Those that are left over at the end have all cores, at most eight each.
    """
    serial = 2 / SPEED_OF_TWO - 1  # time(t) = serial + (1 - serial) / t, which is 1 / 1.62 at 2
    num_last = num_runs % at_a_time
    of_last = max(cores_each, min(cores // num_last, 8)) if num_last else 0
    free = [0.0] * at_a_time
    for number in range(num_runs):
        each = of_last if number >= num_runs - num_last else cores_each
        step_seconds = steps * BATCH_SIZE / IMAGES_PER_SECOND * (serial + (1 - serial) / each)
        first = free.index(min(free))
        free[first] += step_seconds + SECONDS_BESIDE_STEPS
    return max(free)


@pytest.mark.parametrize("steps", [60, 1000, 4000, 300_000])
def test_no_other_way_is_done_much_earlier(steps: int) -> None:
    for cores, num_runs in product(range(1, 65), range(1, 41)):
        plan = plan_cores(num_runs, cores, BATCH_SIZE, steps)
        seconds = simulated_seconds(num_runs, plan.at_a_time, plan.cores_each, cores, steps)
        assert seconds == pytest.approx(seconds_of_all(num_runs, plan, BATCH_SIZE, steps))
        best = min(
            simulated_seconds(num_runs, at_a_time, each, cores, steps)
            for each in range(1, min(cores, 8) + 1)
            for at_a_time in range(1, min(num_runs, cores // each) + 1)
        )
        assert seconds * (1 - LEAST_GAIN) <= best * (1 + 1e-9)


def test_no_core_has_two_processes_and_no_share_is_too_small() -> None:
    for cores, num_runs, batch_size in product(range(1, 65), range(1, 41), (4, 8, 24, 32, 128)):
        plan = plan_cores(num_runs, cores, batch_size, STEPS)
        assert 1 <= plan.at_a_time <= num_runs
        assert plan.at_a_time * plan.cores_each <= cores
        assert plan.num_last(num_runs) * plan.cores_of_last <= cores
        for each in (plan.cores_each, plan.cores_of_last):
            assert each <= 1 or batch_size // each >= 8


def test_one_core_and_one_run() -> None:
    assert plan_cores(7, 1, BATCH_SIZE, STEPS) == CorePlan(1, 1)
    assert plan_cores(1, 2, BATCH_SIZE, STEPS) == CorePlan(1, 2)
    assert plan_cores(1, 64, 32, STEPS) == CorePlan(1, 4)
    assert plan_cores(1, 64, 15, STEPS) == CorePlan(1, 1)


def test_many_runs_have_a_core_each() -> None:
    for cores in (2, 4, 8):
        assert plan_cores(10 * cores, cores, BATCH_SIZE, STEPS) == CorePlan(cores, 1)


def test_runs_that_are_left_over_have_the_cores_that_are_idle() -> None:
    assert plan_cores(5, 2, BATCH_SIZE, STEPS) == CorePlan(2, 1, cores_of_last=2)
    assert plan_cores(5, 4, BATCH_SIZE, STEPS) == CorePlan(4, 1, cores_of_last=4)
    assert plan_cores(6, 4, BATCH_SIZE, STEPS) == CorePlan(4, 1, cores_of_last=2)
    assert plan_cores(7, 4, BATCH_SIZE, STEPS) == CorePlan(4, 1)  # three have a core each


def test_short_runs_are_mostly_scores_which_more_cores_do_not_shorten() -> None:
    assert plan_cores(4, 8, BATCH_SIZE, 3) == CorePlan(4, 1)
    assert plan_cores(4, 8, BATCH_SIZE, STEPS) == CorePlan(4, 2)


def test_the_speed_is_what_was_measured_and_grows_less_and_less() -> None:
    assert speed_on(1) == pytest.approx(1)
    assert speed_on(2) == pytest.approx(SPEED_OF_TWO)
    assert pytest.approx((1041 / (1240 / 2) + 1577 / (2029 / 2)) / 2, abs=0.01) == SPEED_OF_TWO
    gains = [speed_on(cores + 1) - speed_on(cores) for cores in range(1, 16)]
    assert all(0 < later < earlier < 1 for earlier, later in pairwise(gains))


def test_a_batch_gives_each_core_eight_images() -> None:
    assert [max_cores_each(size) for size in (1, 8, 15, 16, 32)] == [1, 1, 1, 2, 4]


class Experiment:
    """An experiment of some runs, none of which has begun.

    Args:
        place: of its folders.
        num_runs: in it.
        options: of its training.
    """

    def __init__(self, place: Path, num_runs: int, **options: Any) -> None:
        betas = tuple(float(beta) for beta in range(1, num_runs + 1))
        training = TrainingConfig(steps=STEPS, batch_size=BATCH_SIZE, **options).resolved()
        self.config = ExperimentConfig(betas=betas, training=training)
        self.folders = [RunFolder(place / run.name) for run in self.config.runs()]

    def plan(self, num_jobs: int = 8, **execution: Any) -> CorePlan:
        """Plan its runs on a processor."""
        described = ExecutionConfig(device="cpu", **execution)
        return plan_for_runs(self.config, self.folders, described, num_jobs)

    def begin(self, number: int, threads: int) -> None:
        """Leave what a checkpoint says of a run's threads."""
        folder = self.folders[number].checkpoint
        folder.mkdir(parents=True)
        (folder / STATE).write_text(json.dumps({"threads": threads}))


@pytest.fixture
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of eight cores without a GPU."""
    monkeypatch.setattr(core_plan, "num_cores", lambda: 8)
    monkeypatch.setattr(core_plan, "can_share", lambda batch_size, num, device: batch_size >= 32)


@pytest.mark.usefixtures("eight_cores")
def test_the_users_number_of_workers_wins(tmp_path: Path) -> None:
    experiment = Experiment(tmp_path, 2)
    assert experiment.plan() == CorePlan(2, 4)
    assert experiment.plan(num_jobs=1, workers=1) == CorePlan(1, 8)  # 64 images: eight shares
    assert Experiment(tmp_path, 20).plan(num_jobs=20, workers=20) == CorePlan(20, 1)


@pytest.mark.usefixtures("eight_cores")
@pytest.mark.parametrize(
    "options", [{"data_parallel": "off"}, {"objective": "beta_tcvae"}, {"objective": "dip_vae_i"}]
)
def test_runs_that_cannot_be_divided_have_a_process_each(
    options: dict[str, Any], tmp_path: Path
) -> None:
    assert Experiment(tmp_path, 5).plan(num_jobs=4) == CorePlan(4, 1, cores_of_last=4)
    assert Experiment(tmp_path, 5, **options).plan(num_jobs=4) == CorePlan(4, 2)
    assert Experiment(tmp_path, 2).plan(stack_runs=2) == CorePlan(1, 8)


@pytest.mark.usefixtures("eight_cores")
def test_runs_that_were_begun_keep_their_threads_and_the_others_get_as_many(
    tmp_path: Path,
) -> None:
    experiment = Experiment(tmp_path, 5)
    assert experiment.plan() == CorePlan(5, 1)
    experiment.begin(1, threads=3)
    assert experiment.plan() == CorePlan(2, 3)
    (experiment.folders[1].checkpoint / STATE).write_text("damaged")
    assert experiment.plan() == CorePlan(5, 1)


def test_the_plan_in_words() -> None:
    assert plan_line(CorePlan(4, 2), 8) == "8 cores: 4 runs at a time, 2 cores each"
    assert plan_line(CorePlan(2, 1, 2), 2) == (
        "2 cores: 2 runs at a time, 1 core each; 2 each at the end"
    )
    assert plan_line(CorePlan(1, 1), 2) == "2 cores: 1 run at a time, 1 core each"


def test_the_table_of_the_page_is_what_the_model_chooses() -> None:
    rows = ["| cores | 1 run | 5 runs | 20 runs |", "|---|---|---|---|"]
    for cores in TABLE_CORES:
        plans = [plan_cores(num_runs, cores, 32, 3_000) for num_runs in TABLE_RUNS]
        cells = [f"{plan.at_a_time} x {plan.cores_each}" for plan in plans]
        rows.append(f"| {cores} | {' | '.join(cells)} |")
    table = "\n".join(rows)
    print(f"\n{table}")
    assert table in SPEED_PAGE.read_text()
