"""The folders of runs and experiments."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.common.locks import HeldError
from unknot.common.reading import DamageError
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.experiments.experiment import Experiment
from unknot.runs import folder as folder_module
from unknot.runs.folder import RunFolder

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


def test_only_one_may_train_a_run(small_faces: ImageSet, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create(CONFIG, small_faces)
    folder.check_held()  # nobody does, so nobody was robbed of it
    with folder.locked():
        with (
            pytest.raises(HeldError, match=f"another process is training {folder.path} "),
            RunFolder(folder.path).locked(0.1),
        ):
            pass
        folder.check_held()
        (folder.path / ".lease").write_text("")
        with pytest.raises(UserError, match="another has taken over"):
            folder.check_held()


def test_a_log_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is missing \(.*log.txt\);"):
        RunFolder(tmp_path / "absent").append_log("x")


def test_the_log_ends_in_what_was_said_last(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.last_log_line() == ""
    folder.append_log("first")
    folder.append_log("error: second")
    assert folder.last_log_line() == "error: second"


def test_a_finished_run_knows_its_files_by_their_digests(copied: Experiment) -> None:
    folder = copied.run(2).files
    record = folder.read_done()
    assert record is not None
    assert record.images == folder.read_images().text
    kept = {"weights.safetensors", "codes.npz", "frames.npz", "history.jsonl"}
    assert set(record.digests) == kept
    for name in kept:
        path = folder.path / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(bytes(content))
        with pytest.raises(DamageError, match=rf"{name} is damaged \(not as it was when"):
            folder.content(path)


def test_a_run_of_an_early_version_opens_and_that_is_said_once(
    copied: Experiment, caplog: pytest.LogCaptureFixture
) -> None:
    for run in copied.runs():
        run.files.done.write_text("2026-11-28T02:37:00+00:00\n")
    for run in copied.runs():
        run.files.content(run.files.weights)
        run.files.content(run.files.codes)
    (record,) = caplog.records
    said = f"note: {copied.folder} was written by an early version of unknot, which kept no digests"
    assert record.getMessage().startswith(said)


@pytest.mark.parametrize("content", ["", "soon", "2026-11-28T02:37:00+00:00\nabc\n"])
def test_a_damaged_mark_is_none(copied: Experiment, content: str) -> None:
    folder = copied.run(2).files
    folder.done.write_text(content)
    assert not folder.is_done
    with pytest.raises(DamageError, match=r"done is damaged .*run the command that trained it"):
        folder.read_done()


def test_no_link_out_of_the_experiment_is_followed(copied: Experiment, tmp_path: Path) -> None:
    run = copied.run(2).files
    run.path.rename(tmp_path / "elsewhere")
    run.path.symlink_to(tmp_path / "elsewhere")
    for read in (run.read_config, run.read_images, run.read_done, lambda: run.content(run.codes)):
        with pytest.raises(UserError, match="outside"):
            read()
    lone = RunFolder(run.path)  # that the user names himself
    assert lone.read_config().beta == 2
    lone.codes.rename(tmp_path / "codes")
    lone.codes.symlink_to(tmp_path / "codes")
    with pytest.raises(UserError, match=r"codes.npz is a link to .*, outside"):
        lone.content(lone.codes)


def test_lost_images_json_is_made_again_from_the_source(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "load_images", lambda *_, **__: small_faces)
    folder = RunFolder(tmp_path / "run")
    folder.create(CONFIG, small_faces)
    before = folder.images.read_bytes()
    folder.mark_done()
    for spoil in (
        lambda: folder.images.write_text("{"),
        folder.images.unlink,
        lambda: folder.images.write_bytes(before.replace(b'": "', b'": "0', 1)),
    ):
        spoil()
        assert folder.read_images().fingerprint == small_faces.fingerprint
        assert folder.images.read_bytes() == before
    folder.done.write_text("2026-11-28T02:37:00+00:00\n")
    folder.images.write_text("{")
    with pytest.raises(DamageError, match=r"images.json is damaged .*put back a copy of it, or"):
        folder.read_images()  # nothing tells which they were
    folder.done.unlink()
    folder.create(CONFIG, small_faces)  # it goes on
    assert folder.images.read_bytes() == before
