"""All runs of one comparison."""

import re
from pathlib import Path
from typing import Any

import pytest

from unknot.common.errors import UserError
from unknot.common.toml import from_toml, to_toml
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import ModelConfig, TrainingConfig

GRID: dict[str, Any] = {
    "betas": (1.0, 4.0),
    "objectives": ("beta_vae", "beta_tcvae"),
    "strengths": {"beta_tcvae": (10.0, 35.0)},
}


def test_a_grid_is_objective_by_strength_by_seed() -> None:
    config = ExperimentConfig(**GRID, seeds=(0, 1))
    assert [run.name for run in config.runs()] == [
        "beta-1_seed-0",
        "beta-4_seed-0",
        "beta_tcvae-10_seed-0",
        "beta_tcvae-35_seed-0",
        "beta-1_seed-1",
        "beta-4_seed-1",
        "beta_tcvae-10_seed-1",
        "beta_tcvae-35_seed-1",
    ]
    assert [run.setting for run in config.runs()][1:3] == ["beta 4", "beta_tcvae 10"]


def test_each_objective_of_a_grid_has_options_of_its_own() -> None:
    training = TrainingConfig(objective_options={"beta_tcvae": {"alpha": 2.0}})
    first, second = ExperimentConfig(**GRID, training=training).rows()
    assert (first.training.objective, first.training.objective_options) == ("beta_vae", {})
    assert second.training.objective_options == {"alpha": 2.0}
    assert (second.betas, second.objectives, second.strengths) == ((10.0, 35.0), (), {})


def test_a_grid_comes_back_from_toml(tmp_path: Path) -> None:
    config = ExperimentConfig(**GRID)
    (tmp_path / "e.toml").write_text(to_toml(config))
    assert from_toml(ExperimentConfig, tmp_path / "e.toml") == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objectives": ()}, "strengths are given for beta_tcvae, but no objectives"),
        ({"strengths": {}}, "no strengths are given for the objective beta_tcvae; give them"),
        ({"strengths": {"beta_tcvae": ()}}, "the strengths of beta_tcvae are ()"),
        ({"strengths": {"beta_tcvae": (1.0, 1.0)}}, "each of them once"),
        ({"strengths": {"beta_tcvae": (-1.0,)}}, "a strength of beta_tcvae is -1.0"),
        ({"strengths": {"beta_vae": (1.0,)}}, "the strengths of beta_vae are its betas"),
        ({"strengths": {"capacity": (1.0,)}}, "given for capacity, which is not among"),
        (
            {"objectives": ("capacity",), "strengths": {"capacity": (5.0,)}},
            "objectives is capacity alone; give two or more",
        ),
        ({"objectives": ("beta_vae", "beta_vae")}, "objectives names one twice"),
        ({"objectives": ("betavae",)}, "objective is 'betavae'; did you mean"),
        ({"until_clear": True}, "until_clear asks about the betas of one objective"),
        (
            {"training": TrainingConfig(objective="capacity")},
            "objective is capacity, which is not among the objectives",
        ),
        (
            {"training": TrainingConfig(objective_options={"estimator": "exact"})},
            "with several objectives it holds a table for each of them",
        ),
    ],
)
def test_a_grid_that_cannot_be_is_one_clear_line(changes: dict, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        ExperimentConfig(**GRID | changes)


def test_every_beta_of_the_first_seed_comes_first() -> None:
    config = ExperimentConfig(betas=(1.0, 2.0), seeds=(0, 3), model=ModelConfig(latent_dim=2))
    runs = config.runs()
    assert [(run.beta, run.seed) for run in runs] == [(1, 0), (2, 0), (1, 3), (2, 3)]
    assert all(run.model.latent_dim == 2 for run in runs)


def test_seeds_grow_look_by_look() -> None:
    config = ExperimentConfig(seeds=(0, 4), until_clear=True, max_seeds=6)
    assert config.looks == (3, 5, 6)
    assert config.seeds_up_to(3) == (0, 4, 1)
    assert config.planned_seeds == (0, 4, 1, 2, 3, 5)
    once = ExperimentConfig(seeds=(0, 4))
    assert (once.looks, once.planned_seeds) == ((), (0, 4))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_seeds": 1}, "max_seeds is 1; it must be at least 2"),
        ({"budget": "soon"}, "budget is 'soon'; give a time such as 2h"),
        ({"until_clear": True, "seeds": tuple(range(9))}, "max_seeds is 8, but 9 seeds are given"),
    ],
)
def test_looks_that_cannot_be_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        ExperimentConfig(**changes)
