"""What this machine has."""

import os
import platform
from pathlib import Path

import pytest

from unknot.common.machine import num_cores, processor


def test_cores_are_those_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= num_cores() <= (os.cpu_count() or 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5}, raising=False)
    assert num_cores() == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    assert num_cores() == os.cpu_count()


def test_the_processor_is_named_as_the_system_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "processor\t: 0\nmodel name\t: A: quick one\n"
    monkeypatch.setattr(Path, "exists", lambda path: True)
    monkeypatch.setattr(Path, "read_text", lambda path: lines)
    assert processor() == "A: quick one"
    monkeypatch.setattr(Path, "exists", lambda path: False)
    assert processor() == (platform.processor() or platform.machine())
