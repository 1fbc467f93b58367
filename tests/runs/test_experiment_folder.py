"""The folder of an experiment."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.small import ENVIRONMENT
from unknot.common.errors import UserError
from unknot.common.reading import DamageError
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import ModelConfig
from unknot.data.image_set import ImageSet
from unknot.experiments.experiment import Experiment
from unknot.runs.experiment_folder import ExperimentFolder, trained_runs_in


def test_what_is_no_experiment_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is not the folder of an experiment; it has no exp"):
        ExperimentFolder(tmp_path).read_config()


def test_trained_runs_are_listed_by_beta(trained: Experiment, tmp_path: Path) -> None:
    names = [folder.name for folder in trained_runs_in(trained.folder)]
    assert names == ["beta-0.5_seed-0", "beta-2_seed-0"]
    assert trained_runs_in(tmp_path / "none") == []


def test_the_environment_comes_back_and_an_edit_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = ExperimentFolder(tmp_path)
    folder.write_environment(ENVIRONMENT)
    assert ENVIRONMENT.items() <= folder.read_environment().items()
    assert not caplog.records
    folder.environment.write_text(folder.environment.read_text().replace("a proc", "no proc"))
    folder.read_environment()
    assert "environment.json is not as unknot wrote it" in caplog.text
    folder.environment.write_text("{}")
    with pytest.raises(DamageError, match=r"environment.json is damaged .*put back a copy of it"):
        folder.read_environment()


def test_no_link_out_of_it_is_followed(trained: Experiment, tmp_path: Path) -> None:
    folder = ExperimentFolder(tmp_path)
    folder.config.symlink_to(trained.files.config)
    folder.environment.symlink_to(trained.files.environment)
    for read in (folder.read_config, folder.read_environment):
        with pytest.raises(UserError, match="outside"):
            read()


def test_betas_and_seeds_may_be_added_and_nothing_else(
    trained: Experiment, small_faces: ImageSet, bare_faces: ImageSet
) -> None:
    files, config = trained.files, trained.config
    files.check(config, small_faces)
    files.check(replace(config, betas=(0.5, 2.0, 9.0), seeds=(0, 1)), small_faces)
    with pytest.raises(UserError, match=r"betas are \(0.5, 2.0\) there and \(0.5,\) here"):
        files.check(replace(config, betas=(0.5,)), small_faces)
    other = replace(config, model=ModelConfig(latent_dim=4))
    with pytest.raises(UserError, match="latent_dim is 3 there and 4 here; choose another --out"):
        files.check(other, small_faces)
    with pytest.raises(UserError, match="images have changed"):
        files.check(config, bare_faces)


def test_a_folder_with_other_things_is_no_place_for_an_experiment(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    folder = ExperimentFolder(tmp_path)
    (tmp_path / "environment.json").write_text("{}")  # an interrupted start of ours
    folder.check(ExperimentConfig(), small_faces)
    (tmp_path / "thesis.doc").write_text("precious")
    with pytest.raises(UserError, match="holds no experiment"):
        folder.check(ExperimentConfig(), small_faces)


def test_nothing_is_locked_where_no_experiment_is(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with (
        pytest.raises(UserError, match="holds no experiment"),
        ExperimentFolder(tmp_path / "mine").locked(),
    ):
        pass
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
