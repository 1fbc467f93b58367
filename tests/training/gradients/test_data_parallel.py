"""A step computed by several processes beside the same in one, and what becomes of them."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.training.tiny import LINEAR, losses, needs_processes, same_bits, stop_at, tiny, weights
from unknot.common.errors import Interrupted, UserError
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.runs.folder import RunFolder
from unknot.runs.history import read_history
from unknot.training import gradients
from unknot.training.checkpoint import read_training_state
from unknot.training.fit import TrainedModel, fit
from unknot.training.gradients import MIN_SHARE, GradientSource, ShareGradients
from unknot.training.gradients.data_parallel import DataParallel, one_thread
from unknot.training.optimizers import Adam, Muon, Optimizer

TRAINING = tiny(
    steps=8,
    batch_size=2 * MIN_SHARE + 1,
    log_every=1,
    validate_every=4,
    checkpoint_every=3,
    precision="float32",
)
CONFIG = RunConfig(1.0, 0, training=TRAINING)
QUICK = replace(CONFIG, model=LINEAR)

pytestmark = [needs_processes, pytest.mark.usefixtures("two_threads")]


@pytest.fixture(scope="module")
def shared(
    small_faces: ImageSet, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, TrainedModel]:
    """A data-parallel run, trained once for several tests."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    folder = tmp_path_factory.mktemp("shared")
    trained = fit(CONFIG, small_faces, RunFolder(folder), device="cpu")
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)
    return folder, trained


def test_a_run_is_what_it_is_in_one_process(
    shared: tuple[Path, TrainedModel], small_faces: ImageSet, tmp_path: Path
) -> None:
    folder, trained = shared
    assert trained.strategy == "data_parallel"
    torch.set_num_threads(1)
    assert fit(CONFIG, small_faces, RunFolder(tmp_path), device="cpu").strategy == "single"
    assert losses(folder) == pytest.approx(losses(tmp_path), rel=1e-4)


def test_so_is_one_with_bernoulli_pixels(small_faces: ImageSet, tmp_path: Path) -> None:
    model = replace(LINEAR, likelihood="bernoulli", standardize="unit")
    for threads, strategy in ((2, "data_parallel"), (1, "single")):
        torch.set_num_threads(threads)
        folder = RunFolder(tmp_path / strategy)
        trained = fit(replace(CONFIG, model=model), small_faces, folder, device="cpu")
        assert trained.strategy == strategy
    expected = losses(tmp_path / "single")
    assert losses(tmp_path / "data_parallel") == pytest.approx(expected, rel=1e-4)


def test_a_resume_is_bitwise_equal(
    shared: tuple[Path, TrainedModel], small_faces: ImageSet, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    with pytest.raises(Interrupted, match="step 5"):
        fit(CONFIG, small_faces, folder, device="cpu", progress=stop_at(5))
    torch.set_num_threads(1)  # the run brings its own number
    fit(CONFIG, small_faces, folder, device="cpu")
    assert same_bits(weights(shared[0]), weights(tmp_path))


def test_a_run_goes_on_as_it_was_begun_where_it_can(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, whole = RunFolder(tmp_path / "shared"), RunFolder(tmp_path / "whole")
    for folder, possible in ((shared, True), (whole, False)):
        monkeypatch.setattr(gradients, "can_share", lambda *given, now=possible: now)
        with pytest.raises(Interrupted):
            fit(QUICK, small_faces, folder, device="cpu", progress=stop_at(1))
    assert fit(QUICK, small_faces, shared, device="cpu").strategy == "single"
    assert [line["step"] for line in read_history(shared.history, "moved")] == [1]
    monkeypatch.setattr(gradients, "can_share", lambda *given: True)
    assert fit(QUICK, small_faces, whole, device="cpu").strategy == "single"


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Process ids of the copies that are made."""
    pids: list[int] = []
    fork = os.fork

    def recording_fork() -> int:
        pids.append(fork())
        return pids[-1]

    monkeypatch.setattr(os, "fork", recording_fork)
    return pids


def has_ended(pid: int) -> bool:
    """Whether a child has ended and has been waited for."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_process_that_dies_stops_the_run_and_leaves_the_checkpoint(
    small_faces: ImageSet, tmp_path: Path, copies: list[int]
) -> None:
    def kill(name: str, done: int, total: int) -> None:
        if done == 5:
            os.kill(copies[0], signal.SIGKILL)

    folder = RunFolder(tmp_path)
    with pytest.raises(UserError, match=r"has ended: signal 9: killed, .*--data-parallel off"):
        fit(QUICK, small_faces, folder, device="cpu", progress=kill)
    state = read_training_state(folder)
    assert state is not None
    assert state.step == 3
    fit(QUICK, small_faces, folder, device="cpu")
    assert len(copies) == 2
    assert all(has_ended(pid) for pid in copies)


def test_a_copy_that_is_stopped_does_not_keep_an_interruption_waiting(
    small_faces: ImageSet, tmp_path: Path, copies: list[int]
) -> None:
    """The copy is continued, so that the step ends and the run is saved."""

    def stop(name: str, done: int, total: int) -> None:
        if done == 5:
            os.kill(copies[0], signal.SIGSTOP)
            threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGTERM]).start()

    folder = RunFolder(tmp_path)
    with pytest.raises(Interrupted, match="stopped at step 6") as caught:
        fit(QUICK, small_faces, folder, device="cpu", progress=stop)
    assert caught.value.number == signal.SIGTERM
    state = read_training_state(folder)
    assert state is not None
    assert state.step == 6
    assert has_ended(copies[0])


def start(
    model: Any,
    compute_share: ShareGradients,
    *,
    batch_size: int,
    num: int,
    optimizer: Optimizer | None = None,
) -> DataParallel:
    """Start sharing the steps of any model among processes."""
    return DataParallel(
        GradientSource(
            model=model,
            optimizer=optimizer or Adam(model.parameters(), 0.9, 0.99),
            compute_share=compute_share,
            batch_size=batch_size,
            threads=num,
        )
    )


def no_gradients(step: int, share: slice) -> Tensor:
    return torch.zeros(1)


def test_gradients_add_up_to_those_of_the_batch() -> None:
    x = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    model = nn.Linear(4, 2)

    def compute_share(step: int, share: slice) -> Tensor:
        model.zero_grad()
        loss = (step + 1) * model(x[share]).square().sum() / 50
        loss.backward()
        return loss.detach()[None]

    def gradient() -> Tensor:
        assert model.weight.grad is not None
        return model.weight.grad.clone()

    expected = [(compute_share(step, slice(None)), gradient()) for step in (0, 1)]
    parallel = start(model, compute_share, batch_size=50, num=3)
    try:
        for step, (loss, whole) in enumerate(expected):
            torch.testing.assert_close(parallel.compute(step), loss)
            torch.testing.assert_close(gradient(), whole)
        with torch.no_grad():
            model.weight.mul_(2)
            model.bias.mul_(2)
        torch.testing.assert_close(parallel.compute(0), 4 * expected[0][0])
    finally:
        parallel.close()


def test_updates_are_those_of_one_process() -> None:
    x = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    models = [nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 3), nn.Conv1d(3, 2, 1)) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    alone, together = (Muon(model, 0.9, 0.99) for model in models)

    def compute_share_of(model: nn.Sequential) -> Callable[[int, slice], Tensor]:
        def compute_share(step: int, share: slice) -> Tensor:
            model.zero_grad()
            loss = model[1](model[0](x[share])).square().sum() + model[2](x[share, :3, None]).sum()
            loss.backward()
            return loss.detach()[None]

        return compute_share

    parallel = start(
        models[1], compute_share_of(models[1]), batch_size=6, num=3, optimizer=together
    )
    try:
        for count in (1, 2, 3):
            compute_share_of(models[0])(count, slice(None))
            alone.step(0.1, count)
            parallel.compute(count)
            parallel.update(0.1, count)
    finally:
        parallel.close()
    for first, second in zip(models[0].parameters(), models[1].parameters()):
        torch.testing.assert_close(first, second)
    for first, second in zip(alone.state().values(), together.state().values()):
        torch.testing.assert_close(first, second)


def test_a_fault_in_a_copy_is_raised_here() -> None:
    model = nn.Linear(1, 1)

    def compute_share(step: int, share: slice) -> Tensor:
        if share.start:
            raise ValueError("only in a copy")
        model(torch.ones(1, 1)).sum().backward()
        return torch.zeros(1)

    parallel = start(model, compute_share, batch_size=2, num=2)
    try:
        with pytest.raises(RuntimeError, match="only in a copy"):
            parallel.compute(0)
    finally:
        parallel.close()


def test_copies_end_when_another_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    copies: list[int] = []
    fork = os.fork

    def failing() -> int:
        if copies:
            raise BlockingIOError("no more processes")
        copies.append(fork())
        return copies[0]

    monkeypatch.setattr(os, "fork", failing)
    with pytest.raises(BlockingIOError):
        start(nn.Linear(1, 1), no_gradients, batch_size=3, num=3)
    assert has_ended(copies[0])
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_closed_model_has_its_weights_to_itself() -> None:
    model = nn.Linear(1, 1)
    start(model, no_gradients, batch_size=2, num=2).close()
    before = model.weight.detach().clone()
    copy = os.fork()
    if copy == 0:
        with torch.no_grad():
            model.weight.add_(1)
        os._exit(0)
    os.waitpid(copy, 0)
    assert torch.equal(model.weight, before)


def test_a_block_in_one_thread_puts_the_number_back() -> None:
    numbers: list[int] = []

    def fail() -> None:
        with one_thread():
            numbers.append(torch.get_num_threads())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [*numbers, torch.get_num_threads()] == [1, 2]


STOPPED_THEN_KILLED = """
import os, signal, sys
from pathlib import Path
import torch
from unknot.common.errors import Interrupted
from unknot.runs.folder import RunFolder
from unknot.training.fit import fit
from unknot.training.gradients import GradientSource
from unknot.training.gradients.data_parallel import DataParallel
from unknot.training.optimizers import Adam
torch.set_num_threads(2)
fork = os.fork
def printing():
    copy = fork()
    if copy: print(copy, flush=True)
    return copy
os.fork = printing
folder = RunFolder(sys.argv[1])
def stop(name, done, total):
    if done == 5: os.killpg(0, signal.SIGTERM)
try:
    fit(folder.read_config(), folder.open_images(), folder, device="cpu", progress=stop)
except Interrupted as stopped:
    print(stopped, file=sys.stderr, flush=True)
model = torch.nn.Linear(1, 1)
optimizer = Adam(model.parameters(), 0.9, 0.99)
DataParallel(GradientSource(model, optimizer, lambda step, share: torch.zeros(1), 48, 3))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_signal_to_all_processes_is_one_to_the_run_and_no_copy_outlives_it(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    """In a process of its own, which first stops a run by its group, then is killed."""
    folder = RunFolder(tmp_path / "run")
    folder.create(QUICK, small_faces)
    printed, errors = tmp_path / "printed", tmp_path / "errors"
    with printed.open("w") as out, errors.open("w") as err:  # copies hold them open: no pipes
        process = subprocess.Popen(
            [sys.executable, "-c", STOPPED_THEN_KILLED, str(folder.path)],
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        status = process.wait(100)
    assert "stopped at step 5 of 8" in errors.read_text()
    state = read_training_state(folder)
    assert state is not None
    assert state.step == 5
    assert status == -signal.SIGKILL
    copies = [int(line) for line in printed.read_text().split()]
    assert len(copies) == 1 + 2
    assert end_soon(copies)


def end_soon(copies: list[int]) -> bool:
    """Whether processes end within ten seconds."""
    for _ in range(100):
        if not any(Path(f"/proc/{copy}").exists() for copy in copies):
            return True
        time.sleep(0.1)
    return False
