"""Locks between processes, also of several machines that share a file system.

A lock is a lease: a file that says who holds it, whose stamp its holder renews. A holder that is
known to be dead, or whose stamp has stood still, makes way. No lock of the file system is needed.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from filelock import SoftFileLease, Timeout

from unknot.common.errors import UserError, explain_os_error
from unknot.common.files import is_running
from unknot.common.notices import give_notice

RENEWED_EVERY = 30.0  # seconds
MAKES_WAY_AFTER = 300.0  # seconds without a renewed stamp
QUIET_SECONDS = 2.0  # of waiting, before a line says for what
FOR_EVER = -1.0


UNRELEASED: set[Path] = set()
"""Files of locks that could not be deleted: they stay this process's, which may lock them again."""


class HeldError(UserError):
    """Another process holds a lock, and goes on to."""


class Holder(NamedTuple):
    """Who holds a lock.

    Attributes:
        pid: of the process.
        host: its machine.
        quiet_seconds: since its stamp was renewed.
    """

    pid: int
    host: str
    quiet_seconds: float


class Lock:
    """A lock that one process holds at a time.

    Args:
        path: of its file, in a folder that is there.
        what: its holder does, such as `training runs/a`.
    """

    def __init__(self, path: Path, what: str) -> None:
        self._path, self._what = path, what
        self._lease = SoftFileLease(
            path,
            lease_duration=MAKES_WAY_AFTER,
            heartbeat_interval=RENEWED_EVERY,
            thread_local=False,
        )

    @contextmanager
    def held(self, seconds: float) -> Iterator[None]:
        """Hold the lock while the block runs; it goes with the process, however that ends.

        Args:
            seconds: to wait for it.

        Raises:
            HeldError: if another process holds it.
            UserError: if its file cannot be written.
        """
        if self._path in UNRELEASED:
            yield
            return
        try:
            self._lease.acquire(timeout=seconds)
        except Timeout:
            raise HeldError(f"{self._holder()}; {self._advice()}") from None
        except OSError as error:
            raise UserError(explain_os_error(error, self._path)) from None
        try:
            yield
        finally:
            self._release()

    @contextmanager
    def waited_for(self) -> Iterator[None]:
        """Hold the lock while the block runs, however long it takes to get it; a line says so.

        Raises:
            UserError: if its file cannot be written.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(self.held(QUIET_SECONDS))
            except HeldError:
                give_notice(f"{self._holder()}; it is waited for")
                stack.enter_context(self.held(FOR_EVER))
            yield

    @property
    def is_free(self) -> bool:
        """Whether nobody holds the lock: asked often, by one who waits for a dead machine's too.

        Raises:
            UserError: if its file cannot be written.
        """
        try:
            with self.held(0):
                return True
        except HeldError:
            return False

    def check_held(self) -> None:
        """Refuse to go on where another process has taken over; nothing where it is not held here.

        Raises:
            UserError: if it has.
        """
        owner, token = self._lease.owner, self._lease.token
        if token and (owner is None or owner.token != token):
            raise UserError(
                f"this process was {self._what}, and did nothing for {MAKES_WAY_AFTER / 60:.0f} "
                "minutes; another has taken over, so nothing more is written here"
            )

    @property
    def holder(self) -> Holder | None:
        """Who holds the lock, as its file says, without taking it; None where nobody is alive."""
        owner = self._lease.owner
        try:
            renewed = self._path.lstat().st_mtime
        except OSError:
            return None
        if owner is None or (owner.hostname == socket.gethostname() and not is_running(owner.pid)):
            return None
        host = owner.hostname.partition("?")[0]  # what follows is the namespace of its process
        return Holder(owner.pid, host, max(0.0, time.time() - renewed))

    def _release(self) -> None:
        """Give the lock back; what was done under it stays done where its file cannot go."""
        token = self._lease.token
        with suppress(OSError):
            self._lease.release()
        owner = self._lease.owner
        if owner and owner.token == token:
            UNRELEASED.add(self._path)

    def _holder(self) -> str:
        owner = self._lease.owner
        who = f"process {owner.pid} on {owner.hostname}" if owner else f"as {self._path} says"
        return f"another process is {self._what} ({who})"

    def _advice(self) -> str:
        if self._lease.owner is None:  # its file is damaged, or not ours
            return "wait for it, or delete that file"
        return "wait for it, or end it"


@contextmanager
def locked(path: Path, what: str, seconds: float) -> Iterator[None]:
    """Hold a lock while the block runs; see `Lock`."""
    with Lock(path, what).held(seconds):
        yield
