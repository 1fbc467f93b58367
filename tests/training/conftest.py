"""Fixtures of tests of training."""

from collections.abc import Iterator

import pytest
import torch

from tests.training.tiny import register_whole_batch_objective


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Compute in one thread; put the number back that a run has set."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def two_threads(one_thread: None) -> None:
    """Let a run have two threads, which is what makes it data-parallel."""
    torch.set_num_threads(2)


@pytest.fixture
def whole_batch_objective(monkeypatch: pytest.MonkeyPatch) -> str:
    """Name an objective that needs whole batches."""
    return register_whole_batch_objective(monkeypatch)
