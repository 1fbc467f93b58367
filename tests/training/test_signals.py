"""Signals noticed between two steps."""

import signal
import threading

import pytest

from unknot.training.signals import graceful_shutdown

ALL = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.mark.parametrize("number", ALL)
def test_a_first_signal_asks_and_a_second_one_ends(number: signal.Signals) -> None:
    before = [signal.getsignal(name) for name in ALL]
    with graceful_shutdown() as stop:
        assert not stop.requested
        signal.raise_signal(number)
        assert stop.requested
        assert stop.number == number
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert [signal.getsignal(name) for name in ALL] == before


def test_handlers_are_put_back_after_a_failure() -> None:
    before = [signal.getsignal(name) for name in ALL]
    with pytest.raises(ZeroDivisionError), graceful_shutdown():
        raise ZeroDivisionError
    assert [signal.getsignal(name) for name in ALL] == before


def test_other_threads_change_no_handler() -> None:
    requested = []

    def work() -> None:
        before = [signal.getsignal(name) for name in ALL]
        with graceful_shutdown() as stop:
            requested.append(stop.requested)
            assert [signal.getsignal(name) for name in ALL] == before
        requested.append(stop.requested)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert requested == [False, False]
