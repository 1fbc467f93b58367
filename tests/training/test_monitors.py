"""What watches a training run."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.tiny import CPU
from unknot.common.reading import read_arrays
from unknot.data.image_set import ImageSet
from unknot.models.build import build_vae
from unknot.models.objectives import Loss
from unknot.models.vae import Posterior, Terms
from unknot.runs.folder import RunFolder
from unknot.training.monitors import (
    DivergenceMonitor,
    ReconstructionRecorder,
    RunningMeans,
    batch_means,
)

TERMS = Terms(
    distortion=torch.tensor([10.0, 20.0]),
    kl=torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
    posterior=Posterior(torch.zeros(2, 2), torch.zeros(2, 2)),
    z=torch.zeros(2, 2),
)


def test_means_are_in_one_row() -> None:
    value = torch.tensor(7.0, requires_grad=True)
    means = batch_means(Loss(value, (torch.tensor(0.5),)), TERMS)
    assert means.tolist() == [7, 15, 0.5, 2, 3]
    assert not means.requires_grad
    assert batch_means(Loss(value), TERMS).tolist() == [7, 15, 2, 3]


def test_running_means_are_those_since_the_last_reading() -> None:
    means = RunningMeans(2, ("tc",), CPU)
    means.add(torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]))
    means.add(torch.tensor([3.0, 4.0, 5.0, 6.0, 7.0]))
    assert means.read() == {"loss": 2, "distortion": 3, "tc": 4, "kl": [5, 6], "rate": 11}
    means.add(torch.full((5,), 0.1))
    assert means.read()["loss"] == pytest.approx(0.1)


def test_running_means_go_on_from_their_state_with_the_same_bits() -> None:
    rows = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    straight = RunningMeans(2, (), CPU)
    for row in rows:
        straight.add(row)
    first = RunningMeans(2, (), CPU)
    for row in rows[:4]:
        first.add(row)
    second = RunningMeans(2, (), CPU, *first.state())
    for row in rows[4:]:
        second.add(row)
    assert second.state() == straight.state()
    assert second.read() == straight.read()


def test_a_divergence_is_found_when_it_is_checked() -> None:
    monitor = DivergenceMonitor(first_loss=math.nan)
    for step, loss in enumerate((3.0, 2.0, math.nan, 1.0)):
        monitor.add(step, torch.tensor(loss), [torch.ones(2)])
    divergence = monitor.check()
    assert divergence is not None
    assert divergence.step == 2
    assert monitor.first_loss == 3.0
    assert monitor.check() is None


@pytest.mark.parametrize(
    ("loss", "gradient", "diverges"),
    [
        (2.9e4, 1.0, False),
        (3.1e4, 1.0, True),
        (-3.1e4, 1.0, True),
        (math.inf, 1.0, True),
        (1.0, math.inf, True),
        (1.0, math.nan, True),
        (1.0, 1e15, False),
    ],
)
def test_what_explodes_or_is_not_finite_diverges(
    loss: float, gradient: float, diverges: bool
) -> None:
    monitor = DivergenceMonitor(first_loss=3.0)
    monitor.add(7, torch.tensor(loss), [torch.tensor([gradient]), torch.zeros(2)])
    divergence = monitor.check()
    assert (divergence is not None) is diverges
    if divergence:
        assert divergence.step == 7
        assert divergence.loss == loss


def test_reconstructions_are_of_the_same_images_and_go_on_from_a_step(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    model = build_vae("linear", small_faces.image_shape, 2)
    recorder = ReconstructionRecorder(model, small_faces, folder, 0)
    for step in (0, 3, 5):
        recorder.record(step)
        torch.nn.init.zeros_(model.decoder[0].weight)
    recorder.save()
    first = read_arrays(folder.frames)
    assert first["steps"].tolist() == [0, 3, 5]
    shown = small_faces.images[small_faces.indices("test")[:8]]
    assert np.array_equal(first["images"], shown)
    assert first["reconstructions"].shape == (3, *shown.shape)
    assert not np.array_equal(first["reconstructions"][0], first["reconstructions"][1])
    resumed = ReconstructionRecorder(model, small_faces, folder, 3)
    resumed.record(4)
    resumed.save()
    second = read_arrays(folder.frames)
    assert second["steps"].tolist() == [0, 3, 4]
    assert np.array_equal(first["reconstructions"][:2], second["reconstructions"][:2])
    assert model.training


def test_a_run_that_begins_anew_drops_earlier_reconstructions(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    model, folder = build_vae("linear", small_faces.image_shape, 2), RunFolder(tmp_path)
    for step in (9, 0):
        recorder = ReconstructionRecorder(model, small_faces, folder, 0)
        recorder.record(step)
        recorder.save()
    assert read_arrays(folder.frames)["steps"].tolist() == [0]


def test_the_newest_reconstructions_can_be_seen_at_once(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    model, folder = build_vae("linear", small_faces.image_shape, 2), RunFolder(tmp_path)
    recorder = ReconstructionRecorder(model, small_faces, folder, 0)
    recorder.record(4)
    assert read_arrays(folder.newest_frame)["steps"].tolist() == [4]
    recorder.show(9)
    newest = read_arrays(folder.newest_frame)
    assert newest["steps"].tolist() == [9]
    recorder.save()
    kept = read_arrays(folder.frames)
    assert kept["steps"].tolist() == [4]
    assert np.array_equal(kept["reconstructions"], newest["reconstructions"])
    assert np.array_equal(kept["images"], newest["images"])
