"""Configurations and TOML."""

from pathlib import Path

import pytest

from unknot.config import (
    DataConfig,
    ExperimentConfig,
    ModelConfig,
    RunConfig,
    TrainingConfig,
    first_difference,
    from_toml,
    to_toml,
)
from unknot.errors import UserError


def test_toml_comes_back_as_it_went(tmp_path: Path) -> None:
    config = ExperimentConfig(
        betas=(0.1, 4.0),
        seeds=(0, 3),
        data=DataConfig(source='a "quoted" <b>/päth', crop="148"),
        model=ModelConfig(latent_dim=3, sigma=0.5),
        training=TrainingConfig(steps=7),
    )
    path = tmp_path / "experiment.toml"
    path.write_text(to_toml(config), encoding="utf-8")
    assert from_toml(ExperimentConfig, path) == config


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text("betas = [1, 2]\n[data]\ncrop = 148\n")
    config = from_toml(ExperimentConfig, path)
    assert config.betas == (1.0, 2.0)
    assert config.data.crop == "148"
    assert config.model == ModelConfig()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("beta = [1]", "unknown key 'beta'; did you mean 'betas'?"),
        ("[model]\nlatent = 3", "unknown key 'latent'"),
        ("[model]\nlatent_dim = 'six'", "must be a whole number"),
        ("[model]\nlatent_dim = 2.5", "must be a whole number"),
        ("betas = 3", "give a list"),
        ("betas = [true]", "must be a number"),
        ("model = 3", "must be a table"),
        ("betas = [1", "not valid TOML"),
        ("betas = [-1]", "beta is -1.0"),
        ("betas = [nan]", "beta is nan"),
    ],
)
def test_bad_toml_is_one_clear_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        from_toml(ExperimentConfig, path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_recipe_is_a_default_that_options_replace() -> None:
    assert TrainingConfig(recipe="higgins").optimisation().learning_rate == 1e-4
    assert TrainingConfig(recipe="higgins", steps=5).optimisation().steps == 5
    resolved = TrainingConfig(recipe="higgins").resolved()
    assert resolved.batch_size == 64
    assert resolved.resolved() == resolved


def test_a_recipes_warmup_of_beta_takes_at_most_half_of_a_run() -> None:
    assert TrainingConfig(steps=1000).resolved().beta_warmup == 300
    assert TrainingConfig(steps=100).resolved().beta_warmup == 50
    assert TrainingConfig(steps=100, beta_warmup=90).resolved().beta_warmup == 90
    assert TrainingConfig(beta_warmup=0).resolved().beta_warmup == 0
    assert TrainingConfig(recipe="higgins").resolved().beta_warmup == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: ModelConfig(latent_dim=0),
        lambda: ModelConfig(sigma=0),
        lambda: ModelConfig(sigma=float("nan")),
        lambda: ModelConfig(likelihood="bernoulli"),
        lambda: TrainingConfig(steps=0),
        lambda: TrainingConfig(learning_rate=-1.0),
        lambda: TrainingConfig(beta_warmup=-1),
        lambda: RunConfig(beta=float("inf")),
        lambda: RunConfig(seed=-1),
        lambda: ExperimentConfig(betas=()),
        lambda: ExperimentConfig(seeds=(1, 1)),
    ],
)
def test_impossible_values_are_refused(make) -> None:
    with pytest.raises(UserError):
        make()


def test_run_names() -> None:
    names = [RunConfig(beta=b).name for b in (0.1, 2.0, 10.0, 1e-7)]
    assert names == ["beta-0.1_seed-0", "beta-2_seed-0", "beta-10_seed-0", "beta-1e-07_seed-0"]


def test_first_difference_names_the_field() -> None:
    old, new = RunConfig(), RunConfig(model=ModelConfig(latent_dim=3))
    assert first_difference(old, new) == "latent_dim is 6 there and 3 here"
    assert first_difference(old, old) is None
