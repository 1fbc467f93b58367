"""TensorBoard has every number of the history."""

from pathlib import Path

import pytest

from tests.training.listeners.events import expected_scalars, read_scalars
from tests.training.tiny import LINEAR, stop_at, tiny
from unknot.common.errors import Interrupted
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.runs.folder import RunFolder
from unknot.runs.history import read_history
from unknot.training.fit import fit
from unknot.training.listeners.tensorboard import TensorBoard

CONFIG = RunConfig(2, 0, model=LINEAR, training=tiny(beta_warmup=0))
TRAIN = {
    "split": "train",
    "step": 5,
    "images": 40,
    "loss": 1.5,
    "kl": [0.25, 0.5],
    "beta": 2,
    "sigma": None,
}


def test_each_number_and_list_entry_is_a_scalar(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.tensorboard.mkdir()
    (folder.tensorboard / "of an earlier start").write_bytes(b"damaged")
    board = TensorBoard(folder)
    board.restart([TRAIN])
    board.add({"split": "validation", "step": 10, "loss": 0.5})
    board.close()
    assert read_scalars(folder.tensorboard) == {
        ("train/images", 5): 40,
        ("train/loss", 5): 1.5,
        ("train/kl_0", 5): 0.25,
        ("train/kl_1", 5): 0.5,
        ("train/beta", 5): 2,
        ("validation/loss", 10): 0.5,
    }


def test_a_resumed_run_has_the_lines_of_its_whole_history(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    with pytest.raises(Interrupted):
        fit(CONFIG, small_faces, folder, device="cpu", progress=stop_at(12))
    first = read_scalars(folder.tensorboard)
    assert {step for _, step in first} == {5, 10}
    fit(CONFIG, small_faces, folder, device="cpu")
    scalars = read_scalars(folder.tensorboard)
    expected = expected_scalars(read_history(folder.history))
    assert scalars == pytest.approx(expected, rel=1e-6)  # in single precision
    assert {step for _, step in scalars} == {5, 10, 15, 20, 25, 30}
    assert ("train/kl_2", 30) in scalars
    assert scalars["train/beta", 5] == 2
    assert {key: scalars[key] for key in first} == first
