import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from unknot.common.errors import UserError
from unknot.common.parallel import map_on_cores

needs_fork = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux")


def slow_square(number: int) -> int:
    time.sleep(0.02 * (number % 3 == 0))  # later results come before it
    return number**2


@pytest.mark.parametrize("processes", [False, True])
@pytest.mark.parametrize("workers", [0, 1, 2, 5])
@pytest.mark.parametrize("num", [0, 1, 7])
def test_results_come_in_the_order_of_the_inputs(num: int, workers: int, processes: bool) -> None:
    results = map_on_cores(slow_square, range(num), workers=workers, processes=processes)
    assert list(results) == [i**2 for i in range(num)]


def test_calls_are_divided_among_threads() -> None:
    meet = threading.Barrier(2, timeout=10)
    assert len(list(map_on_cores(lambda _: meet.wait(), range(4), workers=2))) == 4


@needs_fork
def test_calls_are_divided_among_processes() -> None:
    def process(_: int) -> int:
        time.sleep(0.05)
        return os.getpid()

    pids = set(map_on_cores(process, range(6), workers=2, processes=True))
    assert len(pids) == 2
    assert os.getpid() not in pids


@needs_fork
def test_results_are_larger_than_a_pipe() -> None:
    tables = map_on_cores(lambda i: np.full(100_000, i), range(5), workers=2, processes=True)
    assert [int(table.sum()) for table in tables] == [100_000 * i for i in range(5)]


@needs_fork
def test_processes_end_where_no_more_results_are_asked_for() -> None:
    results = map_on_cores(lambda _: os.getpid(), range(4), workers=2, processes=True)
    pid = next(results)
    results.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@needs_fork
def test_processes_compute_in_as_many_threads_as_the_caller() -> None:
    def num_threads(_: int) -> int:
        np.ones((300, 300)) @ np.ones((300, 300))
        return max(pool["num_threads"] for pool in threadpool_info())

    with threadpool_limits(1):
        assert set(map_on_cores(num_threads, range(4), workers=2, processes=True)) == {1}


@pytest.mark.parametrize("processes", [False, True])
def test_a_users_error_stays_one(processes: bool) -> None:
    def refuse(number: int) -> NoReturn:
        raise UserError(f"{number} is refused")

    with pytest.raises(UserError, match="is refused"):
        list(map_on_cores(refuse, range(3), workers=2, processes=processes))


@needs_fork
def test_another_error_comes_with_its_traceback() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)helper process:.*ZeroDivisionError"):
        list(map_on_cores(lambda i: 1 // i, range(3), workers=2, processes=True))


@needs_fork
def test_the_death_of_a_process_is_one_line() -> None:
    def die(number: int) -> int:
        if number == 1:
            os._exit(1)
        return number

    with pytest.raises(UserError, match="process has ended: it exited with status 1;"):
        list(map_on_cores(die, range(4), workers=2, processes=True))


@needs_fork
def test_processes_and_threads_work_beside_each_other() -> None:
    squares = map_on_cores(slow_square, range(6), workers=2, processes=True)
    others = map_on_cores(slow_square, range(6), workers=2)
    assert list(zip(squares, others, strict=True)) == [(i**2, i**2) for i in range(6)]


@needs_fork
def test_processes_can_be_forked_in_a_thread() -> None:
    with ThreadPoolExecutor(2) as pool:
        lists = pool.map(
            lambda num: list(map_on_cores(slow_square, range(num), workers=2, processes=True)),
            (4, 5),
        )
    assert list(lists) == [[i**2 for i in range(num)] for num in (4, 5)]
