"""A function called for many inputs, a call on each core, with the results in their order."""

import os
import sys
import traceback
from array import array
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, BinaryIO, NoReturn, TypeVar

from unknot.common.child_processes import cause_of_death, end_child, exit_child, fork_child
from unknot.common.errors import UserError, explain_failure

Input = TypeVar("Input")
Result = TypeVar("Result")


def map_on_cores(
    function: Callable[[Input], Result],
    inputs: Sequence[Input],
    *,
    workers: int,
    processes: bool = False,
) -> Iterator[Result]:
    """Call a function for each input; begins with the first result that is asked for.

    Args:
        function: its calls do not depend on each other.
        inputs: of each call.
        workers: calls at the same time, at most; one computes in the calling thread.
        processes: call it in forked processes, where Linux forks them, and not in threads: for a
            function that holds Python's lock most of the time, and that leaves torch alone. Results
            are then pickled, inputs are not.

    Yields:
        What each call returns, in the order of the inputs.

    Raises:
        UserError: if a call does, or if a process has ended.
        RuntimeError: for any other error in a process, with its traceback.
    """
    workers = min(workers, len(inputs))
    if workers < 2:
        yield from map(function, inputs)
    elif processes and sys.platform == "linux":
        yield from _map_in_processes(lambda i: function(inputs[i]), len(inputs), workers)
    else:
        with ThreadPoolExecutor(workers) as pool:
            yield from pool.map(function, inputs)


def _map_in_processes(
    function: Callable[[int], Result], num: int, workers: int
) -> Iterator[Result]:
    """Call a function for the numbers below `num` in forked processes, which end with this one."""
    # a read takes from all processes what it reads; the file is in memory, and needs no disk
    with open(os.memfd_create("numbers"), "w+b", buffering=0) as numbers:
        numbers.write(array("Q", range(num)).tobytes())
        numbers.seek(0)
        connections: list[Connection] = []
        pids: list[int] = []
        try:
            for _ in range(workers):
                pids.append(_fork_worker(function, numbers, connections))
            yield from _in_order(connections, pids, num)
        finally:
            for connection in connections:
                connection.close()
            for pid in pids:
                end_child(pid)


def _in_order(connections: Sequence[Connection], pids: Sequence[int], num: int) -> Iterator[Any]:
    """Receive results as they come, and give them in their order."""
    results: dict[int, Any] = {}
    running = list(connections)
    for i in range(num):
        while i not in results:
            if not running:
                raise UserError(
                    f"a helper process has ended: {cause_of_death(pids)}; run the command again, "
                    "on fewer cores if need be, for example after `taskset --cpu-list 0`"
                )
            for connection in wait(running):
                assert isinstance(connection, Connection)
                try:
                    number, result, error = connection.recv()
                except (EOFError, ConnectionError):  # it has done its part, or it has died
                    running.remove(connection)
                    continue
                if error:
                    raise error
                results[number] = result
        yield results.pop(i)


def _fork_worker(
    function: Callable[[int], Any], numbers: BinaryIO, connections: list[Connection]
) -> int:
    ours, theirs = Pipe(duplex=False)
    connections.append(ours)
    pid = fork_child()
    if pid == 0:
        for inherited in connections:
            inherited.close()
        _work(function, numbers, theirs)
    theirs.close()
    return pid


def _work(function: Callable[[int], Any], numbers: BinaryIO, results: Connection) -> NoReturn:
    """Call the function for numbers that no other process has taken, and send what comes of it."""
    try:
        while taken := numbers.read(array("Q").itemsize):
            (number,) = array("Q", taken)
            results.send((number, function(number), None))
    except ConnectionError:
        pass  # nobody waits for it any more
    except UserError as error:
        results.send((0, None, error))
    except BaseException as error:
        explained = explain_failure(error)
        text = explained or f"in a helper process:\n{traceback.format_exc()}"
        with suppress(OSError):
            results.send((0, None, UserError(text) if explained else RuntimeError(text)))
    finally:
        exit_child()
