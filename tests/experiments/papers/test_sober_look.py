"""The grid of scores, and its shares."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.experiments.experiment import Experiment
from unknot.experiments.papers.results import Figure
from unknot.experiments.papers.sober_look import ROWS, SCORES, measure, score_grid


def experiment_of(grid: np.ndarray) -> Any:
    """An experiment whose run of strength i and seed j has the score `grid[i, j]` everywhere."""

    def run(beta: float, seed: int) -> Any:
        score = SimpleNamespace(value=float(grid[int(beta), seed]))
        scores = SimpleNamespace(scores=dict.fromkeys(SCORES, score))
        return SimpleNamespace(evaluation=SimpleNamespace(scores=scores), folder="run")

    config = SimpleNamespace(betas=range(grid.shape[0]), seeds=range(grid.shape[1]))
    return SimpleNamespace(config=config, run=run)


def test_the_grid_is_objectives_by_strengths_by_seeds() -> None:
    grids = np.random.default_rng(0).random((3, 2, 4))
    experiments = {name: experiment_of(grid) for name, grid in zip("abc", grids)}
    assert score_grid(experiments, "mig") == pytest.approx(grids)


def test_runs_have_every_score(vaes: dict[str, Experiment]) -> None:
    experiments = dict.fromkeys("ab", vaes["beta_vae"])
    for key in SCORES:
        assert score_grid(experiments, key).shape == (2, 2, 2)


def test_scores_that_depend_on_the_objective_alone() -> None:
    experiments = {name: experiment_of(np.full((2, 3), i / 4)) for i, name in enumerate("abc")}
    shares, uncorrected, means = measure(experiments, None)  # type: ignore[arg-type]
    assert tuple(shares.rows) == tuple(ROWS.values())
    assert shares.rows["objective"] == (Figure(1.0, 1.0, 1.0),) * len(SCORES)
    assert uncorrected.rows["seed, and all else"] == ("0.00",) * len(SCORES)
    assert means.rows["c"] == (Figure(0.5, 0.5, 0.5),) * len(SCORES)


def test_objectives_need_as_many_strengths_as_each_other() -> None:
    experiments = {"a": experiment_of(np.zeros((2, 3))), "b": experiment_of(np.zeros((1, 3)))}
    with pytest.raises(UserError) as refused:
        score_grid(experiments, "mig")
    assert "different numbers of strengths" in str(refused.value)


def test_a_run_without_scores_names_the_command() -> None:
    run = SimpleNamespace(evaluation=SimpleNamespace(scores=None), folder="runs/x")
    config = SimpleNamespace(betas=(1.0,), seeds=(0,))
    with pytest.raises(UserError) as refused:
        score_grid({"a": SimpleNamespace(config=config, run=lambda *_: run)}, "mig")  # type: ignore[dict-item]
    assert "unknot evaluate runs/x" in str(refused.value)
