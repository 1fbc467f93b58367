"""Images for commands on runs."""

from pathlib import Path

import pytest

from tests.command_line import fails
from unknot.cli.common import load, same_preparation
from unknot.cli.options import OutputOptions
from unknot.experiments.experiment import Experiment


def test_other_data_is_prepared_as_the_runs_was(trained: Experiment, tmp_path: Path) -> None:
    run = trained.run(beta=2)
    assert same_preparation(run, "faces").color == "auto"
    other = same_preparation(run, str(tmp_path))
    assert (other.size, other.color, other.group) == (32, "rgb", "none")


def test_a_cache_that_can_be_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("UNKNOT_CACHE", str(tmp_path / "file"))
    for command in ("data", "cache", "doctor"):
        assert "file is a file; give another" in fails([command], capsys)


def test_images_are_loaded_quietly(experiment: Path, images: Path, capsys: object) -> None:
    run = Experiment(experiment).run(beta=1)
    assert len(load(same_preparation(run, str(images)), OutputOptions(quiet=True))) == 20
