"""What tests of clusters share: an experiment of which a node is killed while it trains."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.tiny import same_bits, weights
from unknot.common.files import is_running
from unknot.data.image_set import ImageSet
from unknot.experiments.compare import compare
from unknot.runs.folder import RunFolder

OPTIONS: dict[str, Any] = {
    "steps": 1_200,
    "batch_size": 8,
    "latent_dim": 3,
    "network": "linear",
    "log_every": 20,
    "checkpoint_every": 100,
    "device": "cpu",
    "scores": "none",
    "pictures": "none",
}
STEPS_BEFORE = 20


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As the jobs of a cluster have it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def descendants(pid: int) -> list[int]:
    """A process and all that it has started, as Linux has it."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
    found = [pid]
    for parent in found:
        found += [child for child, its_parent in parents.items() if its_parent == parent]
    return found


def kill_tree(pid: int) -> None:
    for each in descendants(pid):
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            continue


def check_that_ctrl_c_leaves_nothing(folder: Path, engine: str) -> None:
    """Interrupt a comparison by a cluster that it has started itself, as a terminal does."""
    command = [sys.executable, "-m", "unknot", "compare", "faces", "--size", "32"]
    command += ["--steps", "50000", "--batch-size", "8", "--network", "linear", "--betas", "1", "4"]
    command += ["--engine", engine, "--workers", "1", "--out", str(folder)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # where the tests themselves run in the background, SIGINT is ignored and would stay so
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        until(120, lambda: any(path.stat().st_size for path in folder.glob("*/history.jsonl")))
        started = descendants(process.pid)[1:]
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("stopped; every run is saved in ")
    assert not re.search(r"Traceback|raylet|distributed", said), said
    assert started
    until(5, lambda: not any(map(is_running, started)))
    (saved,) = folder.glob("*/checkpoint/state.json")
    assert RunFolder(saved.parents[1]).last_log_line().startswith("stopped at step ")


def until(seconds: float, is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def check_that_a_lost_node_costs_nothing(
    images: ImageSet,
    folder: Path,
    engine: Any,
    engine_options: dict[str, Any],
    lose: Callable[[int], bool],
) -> None:
    """Train runs here and by an engine, one of whose nodes is lost; all end with the same bits.

    Args:
        images: of the runs.
        folder: for both experiments.
        engine: as `compare` takes it.
        engine_options: likewise.
        lose: kills the node that has a process, and says whether it did; the other one it leaves.
    """
    lost: list[str] = []

    def progress(name: str, done: int, total: int) -> None:
        path = folder / "there" / name
        if lost or not path.is_dir() or not STEPS_BEFORE <= done < total:
            return
        holder = RunFolder(path).lock().holder
        if holder and lose(holder.pid):
            lost.append(name)

    here = compare(images, [1, 4], out=folder / "here", engine="inline", progress=False, **OPTIONS)
    there = compare(
        images,
        [1, 4],
        out=folder / "there",
        engine=engine,
        engine_options=engine_options,
        progress=progress,
        **OPTIONS,
    )
    assert lost
    assert not there.failures()
    for run in here.runs():
        assert same_bits(weights(run.folder), weights(there.folder / run.name))
