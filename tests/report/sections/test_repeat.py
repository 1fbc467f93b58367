"""How to repeat it."""

from pathlib import Path

from tests.report.small import (
    ENVIRONMENT,
    HOSTILE,
    is_escaped,
    shown,
    small_config,
    small_context,
)
from unknot.config.parts import DataConfig


def test_the_command_and_the_description_are_there(tmp_path: Path) -> None:
    html = shown("repeat", small_context(tmp_path))
    assert f">unknot compare --config {tmp_path / 'experiment.toml'}</pre>" in html
    assert "betas = [" in html


def test_images_from_python_have_no_command(tmp_path: Path) -> None:
    data = ENVIRONMENT["data"] | {"repeatable": False}
    context = small_context(tmp_path, environment=ENVIRONMENT | {"data": data})
    assert "unknot.compare(images, ...) from Python" in shown("repeat", context)


def test_hostile_names_are_escaped(tmp_path: Path) -> None:
    config = small_config(data=DataConfig(source=HOSTILE, size=32))
    assert is_escaped(shown("repeat", small_context(tmp_path, config=config)))
