"""A process that reads files in our place: its library may crash or hang, and we go on.

It is fresh, not forked: nothing of ours can hang in it. Requests and replies are bytes, each with
its length before it.
"""

import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

LENGTH = struct.Struct("<Q")
SECONDS = 8.0  # that a reply may take
MEMORY_BYTES = 2**30  # that a child may take beyond what it begins with
PIECE_BYTES = 2**20
QUIET = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "HDF5_USE_FILE_LOCKING": "FALSE"}
"""Variables of a child's: it computes nothing, and writes nothing."""


class ChildFailure(Exception):
    """A child gave no reply; the message says why in a few words."""


class Child:
    """A process that calls a function for each request.

    Args:
        answer: the function's name, as `module:function`; it takes and gives bytes.
        seconds: that a reply may take.
    """

    def __init__(self, answer: str, *, seconds: float = SECONDS) -> None:
        module, _, function = answer.partition(":")
        code = (
            f"import sys; sys.path[:] = {sys.path!r}; from unknot.data.child import serve; "
            f"from {module} import {function}; serve({function})"
        )
        self._seconds = seconds
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **QUIET},
        )

    def ask(self, request: bytes) -> bytes:
        """Send a request and wait for its reply.

        Raises:
            ChildFailure: if the process dies, or takes too long; it is of no more use then.
        """
        end = time.monotonic() + self._seconds
        try:
            with suppress(BrokenPipeError):  # its end is told below
                self._give(LENGTH.pack(len(request)), end)
                self._give(request, end)
            (length,) = LENGTH.unpack(self._take(LENGTH.size, end))
            return self._take(length, end)
        except ChildFailure:
            self.close()
            raise

    def _give(self, content: bytes, end: float) -> None:
        """Send bytes, as many at a time as the pipe has room for."""
        assert self._process.stdin is not None, "it is a pipe"
        file, rest = self._process.stdin.fileno(), memoryview(content)
        os.set_blocking(file, False)
        while rest:
            self._wait(file, select.POLLOUT, end)
            rest = rest[os.write(file, rest[:PIECE_BYTES]) :]

    def _wait(self, file: int, event: int, end: float) -> None:
        poll = select.poll()
        poll.register(file, event)
        if not poll.poll(max(0.0, 1e3 * (end - time.monotonic()))):
            raise ChildFailure(f"its reader took longer than {self._seconds:g} s")

    def _take(self, num: int, end: float) -> bytes:
        """Receive so many bytes."""
        assert self._process.stdout is not None, "it is a pipe"
        content, file = bytearray(), self._process.stdout.fileno()
        while len(content) < num:
            self._wait(file, select.POLLIN, end)
            piece = os.read(file, min(PIECE_BYTES, num - len(content)))
            if not piece:
                raise ChildFailure(f"its reader crashed{self._signal()}")
            content += piece
        return bytes(content)

    def _signal(self) -> str:
        status = self._process.wait()
        return f" ({signal.Signals(-status).name})" if status < 0 else ""

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                stream.close()  # type: ignore[union-attr]


def serve(answer: Callable[[bytes], bytes]) -> None:
    """Answer requests until there are no more; what a child runs."""
    _limit_memory(MEMORY_BYTES)
    out, sys.stdout = sys.stdout.buffer, sys.stderr  # what a library prints is no reply
    while head := sys.stdin.buffer.read(LENGTH.size):
        (length,) = LENGTH.unpack(head)
        _send(out, answer(sys.stdin.buffer.read(length)))


def _send(out: IO[bytes], reply: bytes) -> None:
    out.write(LENGTH.pack(len(reply)))
    out.write(reply)
    out.flush()


def _limit_memory(num_bytes: int) -> None:
    """Allow this process so much more memory than it has, where the system can tell."""
    import resource

    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + num_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
