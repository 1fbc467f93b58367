"""Freed memory kept for the next step, and given back after the last."""

import platform
import sys

import pytest

from unknot.training.memory import disable_heap_trimming, return_freed_memory


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs the GNU C library")
def test_the_c_library_takes_it() -> None:
    assert disable_heap_trimming()
    return_freed_memory()


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not disable_heap_trimming()
    return_freed_memory()
