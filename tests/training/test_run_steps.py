"""What the steps of one run are computed with needs no folder."""

from pathlib import Path

import torch

from tests.training.tiny import LINEAR, tiny
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.runs.folder import RunFolder
from unknot.training.run_steps import RunSteps
from unknot.training.trainer import Trainer


def test_gradients_are_those_of_the_run_in_its_folder(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    config = RunConfig(2.0, 1, model=LINEAR, training=tiny().resolved())
    trainer = Trainer(config, small_faces, RunFolder(tmp_path / "run"), "cpu")
    steps = RunSteps(config, small_faces, "cpu")
    steps.prepare()
    assert torch.equal(trainer.compute_gradients(3), steps.compute_gradients(3))
    for ours, theirs in zip(steps.model.parameters(), trainer.model.parameters()):
        assert ours.grad is not None
        assert theirs.grad is not None
        assert torch.equal(ours.grad, theirs.grad)
    trainer.close()
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
