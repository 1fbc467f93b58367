"""Images for commands on runs."""

from pathlib import Path

from unknot.cli.common import load, same_preparation
from unknot.cli.options import OutputOptions
from unknot.experiments.experiment import Experiment


def test_other_data_is_prepared_as_the_runs_was(trained: Experiment, tmp_path: Path) -> None:
    run = trained.run(beta=2)
    assert same_preparation(run, "faces").color == "auto"
    other = same_preparation(run, str(tmp_path))
    assert (other.size, other.color, other.group) == (32, "rgb", "none")


def test_images_are_loaded_quietly(experiment: Path, images: Path, capsys: object) -> None:
    run = Experiment(experiment).run(beta=1)
    assert len(load(same_preparation(run, str(images)), OutputOptions(quiet=True))) == 20
