"""Another process that reads files in our place."""

import os
import time

import pytest

from unknot.data.child import Child, ChildFailure


def reverse(request: bytes) -> bytes:
    return request[::-1]


def print_first(request: bytes) -> bytes:
    print("a library prints")
    os.write(2, b"and complains")
    return request


def die(request: bytes) -> bytes:
    os.abort()


def sleep(request: bytes) -> bytes:
    time.sleep(60)
    return request


def take_memory(request: bytes) -> bytes:
    try:
        return bytes(bytearray(4 << 30)[:1])
    except MemoryError:
        return b"no memory"


def test_every_request_is_answered_whatever_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    child = Child(f"{__name__}:reverse")
    assert [child.ask(request) for request in (b"ab", b"", bytes(3 << 20) + b"x")] == [
        b"ba",
        b"",
        b"x" + bytes(3 << 20),
    ]
    child.close()
    child = Child(f"{__name__}:print_first")
    assert child.ask(b"a") == b"a"
    child.close()
    assert capfd.readouterr() == ("", "")


def test_a_crash_and_a_long_wait_are_told_and_end_it() -> None:
    child = Child(f"{__name__}:die")
    with pytest.raises(ChildFailure, match=r"its reader crashed \(SIGABRT\)"):
        child.ask(b"")
    child = Child(f"{__name__}:sleep", seconds=0.2)
    start = time.monotonic()
    with pytest.raises(ChildFailure, match=r"its reader took longer than 0.2 s"):
        child.ask(b"")
    assert time.monotonic() - start < 5
    child.close()


def test_memory_is_limited() -> None:
    child = Child(f"{__name__}:take_memory")
    assert child.ask(b"") == b"no memory"
    child.close()
