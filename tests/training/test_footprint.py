"""What a training takes: the estimate beside what is counted and measured, and what it refuses."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from unknot.common.errors import UserError
from unknot.config.execution import ExecutionConfig
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import DataConfig, ModelConfig, TrainingConfig
from unknot.models.networks import NETWORKS, find_network
from unknot.training.footprint import (
    check_memory,
    least_image_shape,
    training_footprint,
)

SHAPE = (3, 64, 64)
MEASURE = """
import torch
from unknot.models.networks import find_network

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024

encoder, decoder = find_network("{network}")((3, 64, 64), 6)
weights = [*encoder.parameters(), *decoder.parameters()]
before = peak() - sum(4 * weight.numel() for weight in weights)
adam = torch.optim.Adam(weights)
images = torch.randn({batch}, 3, 64, 64)
for _ in range(2):
    adam.zero_grad()
    (decoder(encoder(images)[:, :6]) - images).square().sum().backward()
    adam.step()
print(peak() - before)
"""


@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_is_counted_as_it_is(network: str) -> None:
    footprint = training_footprint(network, SHAPE, 5, 1)
    encoder, decoder = find_network(network)(SHAPE, 5)
    parameters = [*encoder.parameters(), *decoder.parameters()]
    assert footprint
    assert footprint.num_parameters == sum(each.numel() for each in parameters)


def test_the_linear_pair_by_hand() -> None:
    """P = 2 I d + 2 d + I, A = (I + I) + d: mean, reconstruction and its other shape."""
    inputs, latents, batch = 3 * 64 * 64, 2, 10
    parameters = 2 * inputs * latents + 2 * latents + inputs
    activations = latents + 2 * inputs
    expected = 4 * (4 * parameters + batch * (2 * activations + 4 * inputs))
    footprint = training_footprint("linear", SHAPE, latents, batch)
    assert footprint == (parameters, expected)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize(("network", "batch"), [("mlp", 32), ("higgins_conv", 256)])
def test_the_estimate_is_near_what_is_measured(network: str, batch: int) -> None:
    """Weights outweigh the rest in the first, activations in the second; by half or double."""
    code = MEASURE.format(network=network, batch=batch)
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    footprint = training_footprint(network, SHAPE, 6, batch)
    assert footprint
    assert footprint.bytes / 2 < int(answer.stdout) < footprint.bytes * 2


def test_nothing_is_drawn_for_it() -> None:
    state = torch.get_rng_state()
    training_footprint("higgins_conv", SHAPE, 6, 64)
    assert torch.equal(torch.get_rng_state(), state)


def check(model: ModelConfig, batch: int, execution: ExecutionConfig) -> None:
    config = ExperimentConfig(
        betas=(1.0, 2.0),
        seeds=(0, 1),
        model=model,
        training=TrainingConfig(batch_size=batch),
    )
    check_memory(config, SHAPE, execution)


def test_what_fits_passes() -> None:
    check(ModelConfig(), 64, ExecutionConfig(workers=10**9))


def test_what_cannot_fit_is_refused_with_the_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unknot.training.footprint.memory_bytes", lambda: 2 * 10**9)
    model, cpu = ModelConfig(), ExecutionConfig(device="cpu")
    with pytest.raises(UserError) as refused:
        check(ModelConfig(latent_dim=10**9), 64, cpu)
    assert str(refused.value) == (
        "latent_dim is 1,000,000,000 and batch_size 64: training takes about 13,344 GB of memory, "
        "and cpu has 2.0 GB; give fewer"
    )
    with pytest.raises(UserError, match="batch_size 1,000,000,000,000: training takes about 1,7"):
        check(model, 10**12, cpu)
    with pytest.raises(UserError, match="more than 9 billion GB of memory"):
        check(ModelConfig(latent_dim=2**63 - 1), 64, cpu)
    with pytest.raises(UserError, match=r"stack_runs is 9: 4 runs at once take about 2\.9 GB"):
        check(model, 400, replace(cpu, stack_runs=9))
    with pytest.raises(UserError, match=r"workers is 4: 4 processes take about 4\.2 GB"):
        check(model, 400, replace(cpu, workers=4))


def test_a_network_of_a_users_own_is_not_estimated() -> None:
    check(ModelConfig(network="custom", latent_dim=10**12), 64, ExecutionConfig())


def test_images_have_a_channel_at_least() -> None:
    assert least_image_shape(DataConfig(size="96x128")) == (1, 96, 128)
    assert least_image_shape(DataConfig(color="rgb")) == (3, 64, 64)
