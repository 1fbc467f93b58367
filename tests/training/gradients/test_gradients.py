"""Which strategy fits a run."""

import sys
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.training.tiny import CPU, request
from unknot.common.errors import UserError
from unknot.training import gradients
from unknot.training.gradients import (
    DATA_PARALLEL,
    DISTRIBUTED,
    MIN_SHARE,
    SINGLE,
    STACKED,
    STRATEGIES,
    GradientSource,
    can_share,
    choose_strategy,
    start_gradients,
)
from unknot.training.gradients.single import SingleProcess
from unknot.training.optimizers import Adam


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, DATA_PARALLEL),
        ({"wanted": "off"}, SINGLE),
        ({"needs_whole_batch": True}, SINGLE),
        ({"threads": 1}, SINGLE),
        ({"wanted": "stacked"}, STACKED),
        ({"wanted": "stacked", "needs_whole_batch": True}, SINGLE),
        ({"begun_as": "single"}, SINGLE),
        ({"begun_as": "data_parallel"}, DATA_PARALLEL),
        ({"begun_as": "data_parallel", "threads": 1}, SINGLE),
        ({"begun_as": "data_parallel", "wanted": "off"}, SINGLE),
        ({"begun_as": "stacked"}, STACKED),
        ({"begun_as": "stacked", "wanted": "off"}, STACKED),
        ({"begun_as": "single", "wanted": "stacked"}, SINGLE),
        ({"begun_as": "data_parallel", "wanted": "stacked"}, DATA_PARALLEL),
        ({"begun_as": "compiled"}, DATA_PARALLEL),
        ({"processes": 2}, DISTRIBUTED),
        ({"processes": 2, "begun_as": "single"}, DISTRIBUTED),
        ({"begun_as": "distributed"}, DATA_PARALLEL),
    ],
)
def test_a_run_goes_on_as_it_was_begun_or_begins_as_is_wanted(
    options: dict[str, Any], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradients, "can_share", lambda batch_size, num, device: num > 1)
    assert choose_strategy(request(**options)) == expected


@pytest.mark.parametrize(
    ("batch_size", "num_processes", "device", "expected"),
    [
        (2 * MIN_SHARE, 2, "cpu", True),
        (2 * MIN_SHARE - 1, 2, "cpu", False),
        (64, 1, "cpu", False),
        (32, 4, "cpu", True),
        (32, 5, "cpu", False),
        (64, 2, "meta", False),
    ],
)
def test_only_a_batch_worth_it_is_shared(
    batch_size: int,
    num_processes: int,
    device: str,
    expected: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    assert can_share(batch_size, num_processes, torch.device(device)) is expected


def test_processes_are_copied_only_on_linux_without_an_accelerator(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    assert not can_share(64, 2, CPU)
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not can_share(64, 2, CPU)


def source() -> GradientSource:
    model: Any = nn.Linear(1, 1)

    def compute_share(step: int, share: slice) -> Tensor:
        return torch.zeros(1)

    return GradientSource(
        model=model,
        optimizer=Adam(model.parameters(), 0.9, 0.99),
        compute_share=compute_share,
        batch_size=2,
        threads=2,
    )


def test_a_strategy_is_started_by_name() -> None:
    assert set(STRATEGIES) == {SINGLE, DATA_PARALLEL, STACKED, DISTRIBUTED}
    assert isinstance(start_gradients(SINGLE, source()), SingleProcess)
    with pytest.raises(UserError, match="strategy is 'compiled'"):
        start_gradients("compiled", source())


def test_what_connected_processes_cannot_divide_is_refused() -> None:
    with pytest.raises(UserError, match=r"sees a batch as a whole, .* without torchrun"):
        choose_strategy(request(processes=2, needs_whole_batch=True))
    with pytest.raises(UserError, match="a batch of 3 images cannot be divided among 4 processes"):
        choose_strategy(request(processes=4, batch_size=3))
