"""What can be typed comes from the configurations, and back from a TOML file."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from unknot import cli
from unknot.cli.options import (
    ONLY_IN_TOML,
    CompareOptions,
    TrainOptions,
    config_from_options,
    execution_config,
    field_docs,
)
from unknot.cli.parse import parse_options
from unknot.config.execution import ExecutionConfig
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import DataConfig, ModelConfig, TrainingConfig


def _parsed(command: str, *typed: str) -> Any:
    kind = CompareOptions if command == "compare" else TrainOptions
    return parse_options(command, kind, list(typed), cli._defaults(kind, list(typed)))


def test_the_defaults_are_those_of_the_configurations() -> None:
    options = _parsed("compare")
    assert options.betas == "auto"  # chosen when the images are known
    assert config_from_options(options) == ExperimentConfig(betas=(1.0,))
    assert execution_config(options) == ExecutionConfig()


def test_without_data_the_built_in_faces_are_taken() -> None:
    assert [_parsed(command).source for command in ("compare", "train")] == ["faces", "faces"]


@pytest.mark.parametrize("config", [DataConfig, ModelConfig, TrainingConfig, ExecutionConfig])
def test_every_field_is_an_option_with_its_docstring(
    config: type, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["compare", "--help"])
    out = " ".join(capsys.readouterr().out.replace("\u2502", " ").split())
    for item in fields(config):
        doc = field_docs(config)[item.name]
        if item.name not in ONLY_IN_TOML:
            assert doc in out, item.name


def test_a_typed_recipe_wins_over_a_file(tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text("[training]\nsteps = 7\nlearning_rate = 0.5\nrecipe = 'one_cycle'\n")
    config = config_from_options(_parsed("train", "--config", str(path)))
    assert config.betas == (1.0,)
    assert config.training.optimization().steps == 7
    typed = ["--config", str(path), "--recipe", "higgins", "--steps", "9"]
    recipe = config_from_options(_parsed("train", *typed)).training.optimization()
    assert recipe.learning_rate == 1e-4
    assert recipe.steps == 9


def test_a_file_may_say_where_to_run(tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text(f"betas = [3]\nout = '{tmp_path}/x'\nworkers = 1\ndevice = 'cpu'\n")
    options = _parsed("compare", f"--config={path}")
    assert config_from_options(options).betas == (3.0,)
    execution = execution_config(options)
    assert execution.out == f"{tmp_path}/x"
    assert (execution.workers, execution.device) == (1, "cpu")


def test_what_only_a_file_can_say_arrives(tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text(
        "[training.objective_options]\ngamma = 3\n[engine]\nname = 'inline'\npartition = 'x'\n"
    )
    options = _parsed("compare", "--config", str(path), "--steps", "4")
    assert config_from_options(options).training.objective_options == {"gamma": 3}
    assert execution_config(options).engine == "inline"
    assert execution_config(options).engine_options == {"partition": "x"}


def test_betas_may_be_auto() -> None:
    assert _parsed("compare", "--betas", "auto").betas == "auto"
    assert _parsed("compare", "--betas", "1", "2.5").betas == (1.0, 2.5)
