"""What this machine has."""

import os
import platform
from pathlib import Path

import pytest

from unknot.common import machine
from unknot.common.machine import memory_bytes, num_cores, processor


def test_cores_are_those_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= num_cores() <= (os.cpu_count() or 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5}, raising=False)
    assert num_cores() == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    assert num_cores() == os.cpu_count()


@pytest.mark.parametrize(("given", "cores"), [("1", 1), ("2", 2), ("64", 3), ("", 3), ("two", 3)])
def test_a_job_of_slurms_uses_the_cores_that_it_was_given(
    given: str, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2}, raising=False)
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", given)
    assert num_cores() == cores


def test_memory_is_the_machines_or_what_a_container_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(machine, "CONTAINER_LIMITS", (limit, tmp_path / "missing"))
    whole = memory_bytes()
    assert whole == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for text, expected in (("max\n", whole), ("1000000\n", 10**6), (f"{2 * whole}\n", whole)):
        limit.write_text(text)
        assert memory_bytes() == expected


def test_the_processor_is_named_as_the_system_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "processor\t: 0\nmodel name\t: A: quick one\n"
    monkeypatch.setattr(Path, "exists", lambda path: True)
    monkeypatch.setattr(Path, "read_text", lambda path: lines)
    assert processor() == "A: quick one"
    monkeypatch.setattr(Path, "exists", lambda path: False)
    assert processor() == (platform.processor() or platform.machine())
