"""Exact resume after SIGKILL, at any moment."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from unknot.config import RunConfig, TrainingConfig
from unknot.data.image_set import ImageSet
from unknot.errors import UserError
from unknot.files import recover_folder, replace_folder
from unknot.training.checkpoint import load_weights, read_position
from unknot.training.history import read_history
from unknot.worker import describe_run

CONFIG = RunConfig(
    1.0,
    0,
    training=TrainingConfig(
        steps=40, batch_size=8, validate_every=20, checkpoint_every=10, log_every=3
    ),
)
KILLED = {
    "between two steps": """
from unknot.training.trainer import Trainer
real, count = Trainer.step, 0
def patched(self):
    global count
    count += 1
    if count == 27: os.kill(os.getpid(), signal.SIGKILL)
    real(self)
Trainer.step = patched
""",
    "while a checkpoint is being written": """
from unknot.training import checkpoint
real, count = checkpoint._plain, 0
def patched(tensors):
    global count
    count += 1
    if count == 6: os.kill(os.getpid(), signal.SIGKILL)
    return real(tensors)
checkpoint._plain = patched
""",
    "between a checkpoint's two renames": """
real, count = os.replace, 0
def patched(source, place):
    global count
    if str(place).endswith("/checkpoint"):
        count += 1
        if count == 3: os.kill(os.getpid(), signal.SIGKILL)
    real(source, place)
os.replace = patched
""",
}
EXECUTE = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
{patch}
from unknot.worker import execute_run
execute_run(Path(sys.argv[1]), device="cpu")
"""


def _execute(folder: Path, patch: str = "") -> int:
    command = [sys.executable, "-c", EXECUTE.format(patch=patch), str(folder)]
    return subprocess.run(command, check=False).returncode


@pytest.fixture(scope="module")
def uninterrupted(small_faces: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "run"
    describe_run(CONFIG, small_faces, folder)
    assert _execute(folder) == 0
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("moment", KILLED)
def test_a_killed_run_ends_bitwise_equal(
    moment: str, uninterrupted: Path, small_faces: ImageSet, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    describe_run(CONFIG, small_faces, folder)
    assert _execute(folder, KILLED[moment]) == -9
    position = read_position(folder)
    assert position is not None
    assert position.step == 20
    assert _execute(folder) == 0
    expected, got = (load_file(f / "weights.safetensors") for f in (uninterrupted, folder))
    assert all(np.array_equal(expected[key], got[key]) for key in expected)
    drop = ("seconds",)
    lines = [
        [{k: v for k, v in line.items() if k not in drop} for line in read_history(f)]
        for f in (uninterrupted, folder)
    ]
    assert lines[0] == lines[1]
    for name in ("frames.npz", "codes.npz"):
        with np.load(uninterrupted / name) as first, np.load(folder / name) as second:
            assert all(np.array_equal(first[key], second[key]) for key in first)


def test_a_folder_is_whole_after_each_rename(tmp_path: Path) -> None:
    for number in ("1", "2"):
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "file").write_text(number)
        replace_folder(tmp_path / "new", tmp_path / "place")
        assert (tmp_path / "place" / "file").read_text() == number
    (tmp_path / "place").rename(tmp_path / "place.old")
    assert recover_folder(tmp_path / "place")
    assert (tmp_path / "place" / "file").read_text() == "2"


def test_damaged_weights_are_named(tmp_path: Path) -> None:
    import torch

    path = tmp_path / "weights.safetensors"
    with pytest.raises(UserError, match="missing"):
        load_weights(path, torch.nn.Linear(2, 2))
    path.write_bytes(b"not safetensors at all")
    with pytest.raises(UserError, match="cannot be loaded"):
        load_weights(path, torch.nn.Linear(2, 2))
