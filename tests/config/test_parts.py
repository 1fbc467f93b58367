"""The parts of a description: defaults, and what earlier versions wrote."""

from dataclasses import asdict
from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.common.toml import first_difference, from_toml, to_toml
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import DataConfig, ModelConfig, TrainingConfig
from unknot.config.run import RunConfig


def test_toml_comes_back_as_it_went(tmp_path: Path) -> None:
    config = ExperimentConfig(
        betas=(0.1, 4.0),
        seeds=(0, 3),
        data=DataConfig(source='a "quoted" <b>/päth', crop="148"),
        model=ModelConfig(latent_dim=3, sigma=0.5),
        training=TrainingConfig(steps=7, objective_options={"gamma": 2.0}),
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
    ("text", "size"), [("64", 64), ("'64x64'", 64), ("'96x128'", "96x128"), ("256", 256)]
)
def test_a_size_is_a_number_or_height_x_width(text: str, size: int | str, tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text(f"[data]\nsize = {text}\n")
    config = from_toml(ExperimentConfig, path)
    assert config.data.size == size
    path.write_text(to_toml(config))
    assert from_toml(ExperimentConfig, path) == config
    assert f"size = {size!r}".replace("'", '"') in path.read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("beta = [1]", "unknown key 'beta'; did you mean 'betas'?"),
        ("[model]\nlatent = 3", "unknown key 'latent'"),
        ("[data]\nsize = 64.5", "size is 64.5; give a whole number of pixels from 28 to 256, or"),
        ("[data]\nsize = [96, 128]", "size is [96, 128]; give"),
        ("[data]\nsize = '96x128'\ncrop = 90", "with this size crop can be auto or none"),
        ("[model]\nlatent_dim = 'six'", "must be a whole number"),
        ("[model]\nlatent_dim = 2.5", "must be a whole number"),
        ("betas = 3", "give a list"),
        ("betas = [true]", "must be a number"),
        ("model = 3", "must be a table"),
        ("betas = [1", "not valid TOML"),
        ("betas = [-1]", "beta is -1.0"),
        ("betas = [nan]", "beta is nan"),
        ("[training]\nobjective_options = 3", "must be a table"),
        ("[training]\nmode = 'fast'", "training.mode is 'fast'; it can be auto, eager, compiled"),
    ],
)
def test_bad_toml_is_one_clear_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        from_toml(ExperimentConfig, path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("mode", "expected"), [("auto", "auto"), ("eager", "off"), ("compiled", "off")]
)
def test_a_mode_of_version_0_1_is_read(mode: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'beta = 2.0\n[training]\nmode = "{mode}"\nsteps = 5\n')
    assert from_toml(RunConfig, path) == RunConfig(
        beta=2.0, training=TrainingConfig(steps=5, data_parallel=expected)
    )


def test_a_recipe_is_a_default_that_options_replace() -> None:
    assert TrainingConfig(recipe="higgins").optimization().learning_rate == 1e-4
    assert TrainingConfig(recipe="higgins", steps=5).optimization().steps == 5
    resolved = TrainingConfig(recipe="higgins").resolved()
    assert resolved.batch_size == 64
    assert resolved.resolved() == resolved


def test_a_recipes_warmup_of_beta_takes_at_most_half_of_a_run() -> None:
    assert TrainingConfig(steps=1000).resolved().beta_warmup == 300
    assert TrainingConfig(steps=100).resolved().beta_warmup == 50
    assert TrainingConfig(steps=100, beta_warmup=90).resolved().beta_warmup == 90
    assert TrainingConfig(beta_warmup=0).resolved().beta_warmup == 0
    assert TrainingConfig(recipe="higgins").resolved().beta_warmup == 0


def test_a_network_of_the_users_own_has_a_name_too() -> None:
    assert ModelConfig(network="custom").network == "custom"


def test_first_difference_names_the_field() -> None:
    old, new = RunConfig(), RunConfig(model=ModelConfig(latent_dim=3))
    assert first_difference(old, new) == "latent_dim is 6 there and 3 here"
    assert first_difference(old, old) is None


def test_adam_is_given_the_longer_rise_unless_a_schedule_is_given() -> None:
    assert TrainingConfig().optimization().schedule == "short_rise"
    assert TrainingConfig(optimizer="adam").optimization().schedule == "one_cycle"
    given = TrainingConfig(optimizer="adam", schedule="short_rise")
    assert given.optimization().schedule == "short_rise"


def test_beta_rose_linearly_in_runs_that_do_not_say_how() -> None:
    recorded = asdict(TrainingConfig(recipe="one_cycle").resolved())
    del recorded["beta_rise"]
    assert TrainingConfig.upgrade(recorded)["beta_rise"] == "linear"
    assert TrainingConfig.upgrade({"steps": 3, "recipe": "muon"}) == {"steps": 3, "recipe": "muon"}
