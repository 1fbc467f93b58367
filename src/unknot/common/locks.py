"""Locks between processes: who holds one is written beside it, for those who wait."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from unknot.common.errors import UserError, explain_os_error
from unknot.common.files import write_json
from unknot.common.reading import read_json


@contextmanager
def locked(path: Path, what: str, seconds: float) -> Iterator[None]:
    """Hold a lock while the block runs; it goes with the process, however that ends.

    Args:
        path: of the lock's file, in a folder that is there.
        what: its holder does, such as `training runs/a`.
        seconds: to wait for it.

    Raises:
        UserError: if another process holds it, or the file system gives no locks.
    """
    lock = FileLock(path, timeout=seconds)
    try:
        lock.acquire()
    except Timeout:
        raise UserError(
            f"another process is {what}{_holder(path)}; wait for it, or end it"
        ) from None
    except OSError as error:
        raise UserError(explain_os_error(error, path)) from None
    try:
        _write_holder(path)
        yield
    finally:
        with suppress(OSError):  # a file system may lose a lock; the work is done
            _holder_file(path).unlink(missing_ok=True)
        with suppress(OSError):
            lock.release()


def _holder_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.holder")


def _write_holder(path: Path) -> None:
    """Say who holds a lock; where that cannot be written, the lock holds all the same."""
    now = datetime.now().isoformat(sep=" ", timespec="seconds")
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": now}
    with suppress(OSError):
        write_json(_holder_file(path), holder)


def _holder(path: Path) -> str:
    """Say who holds a lock; empty where that is not known."""
    try:
        holder = read_json(_holder_file(path), within=path.parent)
        return f" (process {holder['pid']} on {holder['host']}, since {holder['since']})"
    except (UserError, TypeError, KeyError):
        return ""
