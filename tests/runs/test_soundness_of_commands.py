"""Commands on a damaged or foreign run: one line, or the same result; no link out is followed.

`benchmarks/robust_runs.py` tries every file in every way; here are those that take no time.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command_line import fails, folder_of_images
from unknot.cli import main
from unknot.common.errors import UserError
from unknot.data.image_set import ImageSet
from unknot.experiments.compare import compare
from unknot.experiments.experiment import Experiment
from unknot.experiments.train import train
from unknot.runs.run import Run

FEW = ["--permutations", "2", "--rotations", "2", "--subsamples", "0", "--workers", "1"]


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _link_out(path: Path) -> None:
    outside = path.parents[1].parent / "outside" / path.name
    outside.parent.mkdir(exist_ok=True)
    shutil.copy(path, outside)
    path.unlink()
    path.symlink_to(outside)


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def _terabyte(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "empty": lambda path: path.write_bytes(b"") and None,
    "half": lambda path: path.write_bytes(path.read_bytes()[:99]) and None,
    "garbage": lambda path: path.write_bytes(os.urandom(500)) and None,
    "missing": Path.unlink,
    "a folder": _folder,
    "a pipe": _pipe,
    "a link out": _link_out,
    "a terabyte": _terabyte,
    "a flipped bit": _flip,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["weights.safetensors", "evaluation.json", "done"])
def test_traversals_are_the_same_or_refused_in_one_line(
    name: str,
    damage: str,
    copied: Experiment,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = copied.folder / "beta-2_seed-0"
    command = ["traverse", str(run), "--format", "png", "--out", str(tmp_path), "--quiet"]
    assert main(command) == 0
    before = (tmp_path / "traversals.png").read_bytes()
    capsys.readouterr()
    DAMAGES[damage](run / name)
    if main(command) == 0:
        assert name == "done" or "evaluation.json is not as unknot wrote it" in caplog.text
        assert (tmp_path / "traversals.png").read_bytes() == before
        return
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"error: {run}")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("weights.safetensors", ["encode", "RUN", "IMAGES"]),
        ("weights.safetensors", ["traverse", "RUN"]),
        ("weights.safetensors", ["export", "RUN"]),
        ("frames.npz", ["reconstruct", "RUN"]),
        ("codes.npz", ["evaluate", "RUN", *FEW]),
        ("codes.npz", ["latent", "RUN", "0"]),
        ("codes.npz", ["evidence", "RUN"]),
        ("evaluation.json", ["evaluate", "RUN", *FEW]),
        ("images.json", ["encode", "RUN", "IMAGES"]),
        ("config.toml", ["traverse", "RUN"]),
        ("../environment.json", ["evidence", "EXPERIMENT"]),
        ("../environment.json", ["report", "EXPERIMENT"]),
        ("../experiment.toml", ["report", "EXPERIMENT"]),
        ("../experiment.toml", ["watch", "EXPERIMENT"]),
        ("../plan.json", ["evidence", "EXPERIMENT"]),
        ("../evidence.json", ["report", "EXPERIMENT"]),
    ],
)
def test_no_command_follows_a_link_out(
    name: str,
    words: list[str],
    copied: Experiment,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = copied.folder / "beta-2_seed-0"
    path = (run / name).resolve()
    copied.files.report.unlink()
    folder_of_images(tmp_path / "images", 3)
    outside = tmp_path / "elsewhere" / path.name
    outside.parent.mkdir()
    shutil.move(path, outside)
    path.symlink_to(outside)
    named = {"RUN": str(run), "EXPERIMENT": str(copied.folder), "IMAGES": str(tmp_path / "images")}
    error = fails([named.get(word, word) for word in words], capsys)
    assert (
        error.splitlines()[-1].endswith(
            "nothing is read through it: put the file itself there, or delete the link"
        )
        or "onnx" in error
    )


def test_a_run_folder_that_is_a_link_out_is_listed_with_its_reason(
    copied: Experiment, small_faces: ImageSet, tmp_path: Path
) -> None:
    run = copied.folder / "beta-2_seed-0"
    run.rename(tmp_path / "elsewhere")
    run.symlink_to(tmp_path / "elsewhere")
    assert [run.config.beta for run in copied.runs()] == [0.5]
    assert "is a link to" in copied.failures()["beta-2_seed-0"]
    assert "is a link to" in copied.report().read_text()
    before = {path: path.read_bytes() for path in (tmp_path / "elsewhere").glob("*.*")}
    with pytest.raises(UserError, match="outside"):
        compare(
            small_faces,
            [0.5, 2],
            out=copied.folder,
            engine="inline",
            steps=12,
            batch_size=8,
            latent_dim=3,
        )
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("name", ["state.json", "weights.safetensors", "optimizer.safetensors"])
def test_training_goes_on_from_no_link_out(
    name: str, copied: Experiment, small_faces: ImageSet, tmp_path: Path
) -> None:
    run = copied.run(2)
    run.files.done.unlink()
    path = run.files.checkpoint / name
    shutil.move(path, tmp_path / name)
    path.symlink_to(tmp_path / name)
    with pytest.raises(UserError, match=rf"{name} is a link to .*, outside"):
        train(small_faces, 2, out=run.folder, steps=12, batch_size=8, latent_dim=3)


@pytest.mark.parametrize("name", ["frames.npz", "history.jsonl", "scales.json", "curves.svg"])
def test_a_page_goes_on_without_what_it_can_spare(
    name: str, copied: Experiment, caplog: pytest.LogCaptureFixture
) -> None:
    for spoil in (DAMAGES["garbage"], Path.unlink):
        spoil(copied.folder / "beta-2_seed-0" / name)
        page = copied.report().read_text()
        assert 'data-cards="beta-2_seed-0"' in page
    if name in ("frames.npz", "history.jsonl"):
        assert f"{name} is damaged (not as it was when the run was finished)" in caplog.text


def test_a_run_without_weights_does_not_stop_the_page_of_the_others(copied: Experiment) -> None:
    copied.run(2).files.weights.unlink()
    page = copied.report().read_text()
    assert "weights.safetensors is missing; run the command that trained it again" in page
    assert 'data-cards="beta-0.5_seed-0"' in page
    with pytest.raises(UserError, match="is not trained to its end"):
        Run(copied.folder / "beta-2_seed-0")


def test_training_goes_on_without_a_history(
    copied: Experiment, small_faces: ImageSet, caplog: pytest.LogCaptureFixture
) -> None:
    run = copied.run(2)
    evaluation, codes = run.evaluation, run.files.codes.read_bytes()
    run.files.done.unlink()
    run.files.weights.unlink()
    for spoil in (Path.unlink, lambda path: path.write_text('{"split": \nnull\n')):
        spoil(run.files.history)
        again = train(small_faces, 2, out=run.folder, steps=12, batch_size=8, latent_dim=3)
        assert again.evaluation.validation == evaluation.validation
        assert run.files.codes.read_bytes() == codes
        run.files.done.unlink()
    assert "history.jsonl is missing: the run goes on" in caplog.text
    assert "history.jsonl is damaged: 2 of its 2 lines are left out" in caplog.text
