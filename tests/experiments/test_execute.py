"""Described runs become finished runs."""

import errno
from pathlib import Path

import pytest

from unknot.common.errors import Interrupted, UserError
from unknot.config.execution import Products
from unknot.config.parts import ModelConfig, TrainingConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.experiments import execute
from unknot.experiments.execute import error_text, execute_run, execute_stacked, lacks_products
from unknot.runs.folder import RunFolder
from unknot.training.fit import TrainedModel

TINY = TrainingConfig(steps=6, batch_size=8, precision="float32")
LINEAR = ModelConfig(network="linear", latent_dim=2)
NOTHING = Products(scores="none", pictures="none")
RUNS = [RunConfig(beta, 0, model=LINEAR, training=TINY) for beta in (0.5, 4.0)]


def _described(images: ImageSet, folder: Path) -> list[RunFolder]:
    folders = [RunFolder(folder / run.name) for run in RUNS]
    for run, run_folder in zip(RUNS, folders):
        run_folder.create(run, images)
    return folders


def test_a_finished_run_is_left_alone(bare_faces: ImageSet, tmp_path: Path) -> None:
    folder = _described(bare_faces, tmp_path)[0]
    run = execute_run(folder, images=bare_faces, device="cpu")
    assert run.files.is_done
    before = {p: p.stat().st_mtime_ns for p in folder.path.rglob("*")}
    execute_run(folder, images=bare_faces, device="cpu")
    after = {p: p.stat().st_mtime_ns for p in folder.path.rglob("*")}
    assert before == after


def test_a_fault_in_one_stacked_run_leaves_the_others_alone(
    bare_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finish_run(
        folder: RunFolder,
        trained: TrainedModel,
        images: ImageSet,
        *,
        device: str,
        products: Products,
    ) -> None:
        if "0.5" in folder.name:
            raise ZeroDivisionError("of ours")
        for file in (folder.codes, folder.evaluation):
            file.touch()
        folder.mark_done()

    monkeypatch.setattr(execute, "finish_run", finish_run)
    folders = _described(bare_faces, tmp_path)
    errors = execute_stacked(folders, "cpu", products=NOTHING)
    assert list(errors) == folders[:1]
    assert folders[0].log.read_text().endswith("ZeroDivisionError: of ours\n")
    assert not folders[1].log.exists()
    assert folders[1].is_done
    assert execute_stacked(folders[1:], "cpu", products=NOTHING) == {}


def test_a_run_is_finished_without_scores_and_pictures_and_gets_them_later(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    folder = _described(small_faces, tmp_path)[0]
    bare = execute_run(folder, images=small_faces, device="cpu", products=NOTHING)
    assert bare.files.is_done
    assert bare.evaluation.scores is None
    assert bare.evaluation.test.num_images > 0
    made = {path.name for path in folder.path.iterdir()}
    assert not made & {"frames.npz", "newest_frame.npz", "traversals.png", "curves.svg"}
    finished = folder.done.read_bytes()
    assert lacks_products(folder, Products(scores="quick", pictures="none"))
    run = execute_run(folder, device="cpu", products=Products(scores="quick", pictures="none"))
    assert run.evaluation.scores is not None
    assert run.evaluation.scores.scores
    assert not folder.traversals.exists()
    execute_run(folder, device="cpu")
    assert folder.traversals.exists()
    assert folder.curves.exists()
    assert not lacks_products(folder, Products())
    assert folder.done.read_bytes() == finished


def test_weights_do_not_depend_on_what_else_is_made(bare_faces: ImageSet, tmp_path: Path) -> None:
    whole = execute_run(_described(bare_faces, tmp_path / "a")[0], images=bare_faces, device="cpu")
    bare = _described(bare_faces, tmp_path / "b")[0]
    execute_run(bare, images=bare_faces, device="cpu", products=NOTHING)
    assert bare.weights.read_bytes() == whole.files.weights.read_bytes()
    assert bare.codes.read_bytes() == whole.files.codes.read_bytes()


def test_the_text_of_an_error_says_who_can_mend_it(tmp_path: Path) -> None:
    def failing(error: Exception) -> str:
        def job() -> None:
            raise error

        return error_text(job, tmp_path)

    assert error_text(lambda: None, tmp_path) == ""
    assert failing(UserError("give a number")) == "error: give a number"
    full = OSError(errno.ENOSPC, "No space left on device", "x.npz")
    assert failing(full).startswith("error: the disk is full (x.npz)")
    lost = failing(OSError(errno.EIO, "I/O error"))
    assert lost.startswith(f"error: the disk reports an error ({tmp_path})")
    assert failing(MemoryError()).startswith("error: there is not enough memory in")
    assert failing(ZeroDivisionError("of ours")).endswith("ZeroDivisionError: of ours")
    with pytest.raises(Interrupted):
        failing(Interrupted("stopped"))
