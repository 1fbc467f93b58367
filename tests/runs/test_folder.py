"""The folders of runs and experiments."""

import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import ModelConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.experiments.experiment import Experiment
from unknot.runs import folder as folder_module
from unknot.runs.folder import ExperimentFolder, RunFolder

CONFIG = RunConfig(2.0, 1)


def test_a_run_is_described_and_read_back(small_faces: ImageSet, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create(CONFIG, small_faces)
    folder.create(CONFIG, small_faces)  # the same again is no conflict
    assert folder.read_config() == CONFIG
    assert folder.read_images().fingerprint == small_faces.fingerprint
    assert folder.read_images().shape == small_faces.images.shape
    assert folder.open_images().fingerprint == small_faces.fingerprint
    assert not folder.is_trained
    assert not folder.is_done


def test_another_run_in_the_folder_is_refused(
    small_faces: ImageSet, bare_faces: ImageSet, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create(CONFIG, small_faces)
    with pytest.raises(UserError, match=r"beta is 2\.0 there and 3\.0 here; choose another --out"):
        folder.create(replace(CONFIG, beta=3.0), small_faces)
    with pytest.raises(UserError, match="images have changed since"):
        folder.create(CONFIG, bare_faces)


def test_the_newest_frame_goes_when_the_run_is_done(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for file in (folder.newest_frame, folder.codes, folder.evaluation):
        file.touch()
    folder.mark_done()
    assert folder.is_done
    assert not folder.newest_frame.exists()
    folder.mark_done()


def test_a_folder_with_other_things_is_refused(small_faces: ImageSet, tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("precious")
    with pytest.raises(UserError, match="holds no run"):
        RunFolder(tmp_path).create(CONFIG, small_faces)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]


def test_what_is_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not the folder of a run; it has no config"):
        RunFolder(tmp_path).read_config()
    with pytest.raises(UserError, match=r"is not the folder of an experiment; it has no exp"):
        ExperimentFolder(tmp_path).read_config()


def test_images_that_are_gone_from_the_cache(
    small_faces: ImageSet, bare_faces: ImageSet, tmp_path: Path
) -> None:
    arrays = RunFolder(tmp_path / "arrays")
    config = replace(CONFIG, data=replace(CONFIG.data, source="array"))
    arrays.create(config, bare_faces)
    _forget_prepared(arrays)
    with pytest.raises(UserError, match="images given from Python are gone from the cache"):
        arrays.open_images()
    missing = RunFolder(tmp_path / "missing")
    missing.create(replace(CONFIG, data=replace(CONFIG.data, source="/no/such")), small_faces)
    _forget_prepared(missing)
    with pytest.raises(UserError, match="does not exist"):
        missing.open_images()
    with pytest.raises(UserError, match="prepared images are gone from the cache"):
        missing.open_prepared_images()


def _forget_prepared(folder: RunFolder) -> None:
    record = json.loads(folder.images.read_text())
    folder.images.write_text(json.dumps(record | {"prepared": "/nowhere"}))


def test_only_one_may_train_a_run(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create(CONFIG, small_faces)
    monkeypatch.setattr(folder_module, "LOCK_SECONDS", 0.1)
    errors: list[str] = []

    def second() -> None:
        try:
            with RunFolder(folder.path).locked():
                pass
        except UserError as error:
            errors.append(str(error))

    with folder.locked():
        other = threading.Thread(target=second)
        other.start()
        other.join()
    assert "another process is training" in errors[0]


def test_one_comparison_is_at_work_in_an_experiment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "EXPERIMENT_LOCK_SECONDS", 0.1)
    folder = ExperimentFolder(tmp_path / "e")
    errors: list[str] = []

    def second() -> None:
        try:
            with ExperimentFolder(folder.path).locked():
                pass
        except UserError as error:
            errors.append(str(error))

    with folder.locked():
        other = threading.Thread(target=second)
        other.start()
        other.join()
    assert f"another process is at work on {folder.path} (process {os.getpid()} on " in errors[0]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with (
        pytest.raises(UserError, match="holds no experiment"),
        ExperimentFolder(tmp_path / "mine").locked(),
    ):
        pass
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_a_log_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is missing \(.*log.txt\);"):
        RunFolder(tmp_path / "absent").append_log("x")


def test_the_log_ends_in_what_was_said_last(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.last_log_line() == ""
    folder.append_log("first")
    folder.append_log("error: second")
    assert folder.last_log_line() == "error: second"


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
