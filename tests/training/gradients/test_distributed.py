"""One run that several connected processes train: the same steps, also after a process was killed.

Starts real processes by `torchrun`, which gloo connects.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from unknot.common.errors import UserError
from unknot.training.gradients.distributed import explained, num_connected

STEPS = """
import json, sys
import torch
from unknot import load_images
from unknot.common.ranks import is_follower
from unknot.config.parts import ModelConfig, TrainingConfig
from unknot.config.run import RunConfig
from unknot.training.gradients import GradientSource
from unknot.training.gradients.distributed import Distributed, connected, follow
from unknot.training.run_steps import RunSteps

images = load_images("faces", size=32, num=200)
model = ModelConfig(latent_dim=3, network="linear")
config = RunConfig(2.0, 1, model=model, training=TrainingConfig(steps=50, batch_size=15).resolved())

def prepared():
    steps = RunSteps(config, images, "cpu")
    steps.prepare()
    return steps

def losses_of(steps, compute):
    losses = []
    for step in range(50):
        means = compute(step)
        losses.append(means[0].item())
        if step == 0:
            first = torch.cat([p.grad.reshape(-1) for p in steps.model.parameters()])
        steps.optimizer.step(1e-3, step + 1)
    return first.tolist(), losses

steps = prepared()
with connected("cpu"):
    if is_follower():
        follow(steps.compute_gradients, steps.model, 15)
    else:
        source = GradientSource(steps.model, steps.optimizer, steps.compute_gradients, 15, 1)
        shared = losses_of(steps, Distributed(source).compute)
        alone = prepared()
        whole = losses_of(alone, alone.compute_gradients)
        json.dump({"shared": shared, "alone": whole}, open(sys.argv[1], "w"))
"""


def torchrun(*words: str | Path, processes: int = 2, **options: Any) -> subprocess.Popen[str]:
    """Start processes that are to be connected."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes)]
    command += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*command, *map(str, words)], env=environment, text=True, **options)


def train_words(out: Path) -> list[str]:
    words = "-m unknot train faces --size 32 --network linear --latent-dim 3 --batch-size 16"
    return [*words.split(), "--steps", "2000", "--checkpoint-every", "50", "--out", str(out)]


def step_of(out: Path) -> int:
    """Read how far a run's checkpoint is."""
    state = out / "checkpoint" / "state.json"
    return int(json.loads(state.read_text())["step"]) if state.exists() else 0


def wait_for_steps(out: Path, steps: int) -> None:
    deadline = time.monotonic() + 120
    while step_of(out) < steps:
        assert time.monotonic() < deadline, "it does not get on"
        time.sleep(0.05)


def test_alone_nothing_is_connected() -> None:
    assert num_connected() == 1


def test_a_connection_that_breaks_is_one_line() -> None:
    line = r"has ended .*\(Connection\\x0aclosed\); the same"
    with pytest.raises(UserError, match=line), explained():
        raise RuntimeError("Connection\nclosed")


@pytest.mark.slow
def test_two_processes_take_the_same_steps_as_one(tmp_path: Path) -> None:
    script = tmp_path / "steps.py"
    script.write_text(STEPS)
    assert torchrun(script, tmp_path / "steps.json").wait() == 0
    document = json.loads((tmp_path / "steps.json").read_text())
    (gradients, losses), (expected, expected_losses) = document["shared"], document["alone"]
    ours, theirs = torch.tensor(gradients), torch.tensor(expected)
    assert torch.norm(ours - theirs) < 1e-5 * torch.norm(theirs)
    relative = np.abs(np.array(losses) / np.array(expected_losses) - 1)
    assert relative[:12].max() < 1e-4
    assert relative[49] < 1e-2  # rounding grows; it is not nothing, or the same thing ran twice
    print(
        f"largest relative difference of 12 losses {relative[:12].max():.1e}, of the 50th "
        f"{relative[49]:.1e}"
    )


@pytest.mark.slow
def test_a_run_whose_processes_are_killed_goes_on_with_another_number(tmp_path: Path) -> None:
    out = tmp_path / "run"
    started = torchrun(*train_words(out), "--quiet", stderr=subprocess.PIPE)
    wait_for_steps(out, 100)
    leader = re.search(r"pid=(\d+)", (out / ".lease").read_text())
    assert leader
    os.kill(int(leader[1]), signal.SIGKILL)
    _, errors = started.communicate(timeout=60)
    assert started.returncode
    assert "has ended or cannot be reached" in errors  # what the other says
    killed_at = step_of(out)
    assert 100 <= killed_at < 2000
    again = subprocess.run(
        [sys.executable, *train_words(out), "--quiet"], text=True, capture_output=True
    )
    assert again.returncode == 0, again.stderr
    assert f"goes on from step {killed_at:,} as " in again.stderr
    assert "begun as distributed" in again.stderr
    assert (out / "done").exists()


@pytest.mark.slow
def test_ctrl_c_saves_the_run_and_ends_every_process(tmp_path: Path) -> None:
    out = tmp_path / "run"
    started = torchrun(*train_words(out), "--quiet", start_new_session=True, stderr=subprocess.PIPE)
    wait_for_steps(out, 50)
    os.killpg(started.pid, signal.SIGINT)
    _, errors = started.communicate(timeout=60)
    assert step_of(out) % 50, "it was saved where it stood"
    assert f"stopped at step {step_of(out):,}".replace(",", "") in errors.replace(",", "")
    with pytest.raises(ProcessLookupError):
        os.killpg(started.pid, 0)


@pytest.mark.slow
def test_compare_is_no_job_for_it(tmp_path: Path) -> None:
    words = ["-m", "unknot", "compare", "faces", "--size", "32", "--out", tmp_path / "experiment"]
    started = torchrun(*words, "--quiet", stderr=subprocess.PIPE)
    _, errors = started.communicate(timeout=120)
    assert started.returncode
    assert "compare divides runs among processes of its own, not batches" in errors
    assert not (tmp_path / "experiment").exists()
