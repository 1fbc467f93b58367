"""Errors that a user can mend."""

import errno
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unknot.common.text import on_one_line

GOES_ON = "run the same command again: it goes on"
SHARED_MEMORY = "/dev/shm"
MOST_LETTERS = 300  # of a path in a message
NO_MEMORY = (
    "can't allocate memory",
    "out of memory",
    "Cannot allocate memory",
    "can't start new thread",
    "Unable to allocate",
    "Resource temporarily unavailable",
    "Encoding of color planes failed",
)
"""Parts of what libraries say where the system gives no more memory, or no thread."""


class UserError(Exception):
    """Something the user gave cannot be used.

    The message is one line: what was wrong, where, and what to do. The command line prints it
    without a traceback and exits with status 2. Not a ValueError, so that no library swallows it.
    """


class RunsFailedError(UserError):
    """Some runs did not finish; the others did, and the report is written.

    Args:
        text: what to show of the experiment all the same.
        document: likewise, for JSON.
        failures: name of each run that failed -> the reason.
        num_runs: in all.
        has_crashed: whether one of them ended by a fault of ours.
    """

    def __init__(
        self,
        text: str,
        document: dict[str, Any],
        *,
        failures: Mapping[str, str],
        num_runs: int,
        has_crashed: bool,
    ) -> None:
        self.text, self.document, self.has_crashed = text, document, has_crashed
        name, reason = next(iter(failures.items()))
        which = name if len(failures) == 1 else f"the first is {name}"
        super().__init__(
            f"{len(failures)} of {num_runs} runs failed; the same command tries them again "
            f"({which}: {on_one_line(reason)})"
        )


class Interrupted(Exception):
    """Work was stopped by a signal after everything needed to go on had been saved.

    Args:
        message: where it stands.
        number: of the signal.
    """

    def __init__(self, message: str, number: int = signal.SIGINT) -> None:
        super().__init__(message)
        self.number = number


def explain_failure(error: BaseException, place: Path | None = None) -> str | None:
    """One line for what the system refused: a disk, memory, files, processes; None for any other.

    Args:
        error: any.
        place: where it happened, for an error that does not say so.
    """
    if isinstance(error, OSError):
        return explain_os_error(error, place)
    text = str(error)
    is_memory = any(part in text for part in NO_MEMORY)
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and is_memory):
        where = f" in {_shown(place)}" if place else ""
        return (
            f"there is not enough memory{where}; close other programs, or take smaller images, a "
            f"smaller --batch-size or fewer --workers, and {GOES_ON}"
        )
    if isinstance(error, ImportError) and os.strerror(errno.EMFILE) in text:
        return _explain(errno.EMFILE, "", None)
    if isinstance(error, ImportError) and (is_memory or "failed to map" in text):
        return f"there is not enough memory to load a library; close other programs, and {GOES_ON}"
    return None


def explain_os_error(error: OSError, place: Path | None = None) -> str:
    """One line for what the system refused: where, and what to do.

    Args:
        error: of the system, or of a library that says no more than a sentence.
        place: where it happened, for an error that does not say so.
    """
    path = error.filename if isinstance(error.filename, str | bytes | os.PathLike) else place
    if path is None and error.errno == errno.ENOENT and not _has_working_folder():
        return "the folder that you are in is gone; change to another one (cd) and run again"
    if error.errno == errno.ENOENT and "temporary directory" in (error.strerror or ""):
        return (
            "there is no folder for temporary files that can be written; make room in "
            "/tmp, or set TMPDIR to a folder that can be written"
        )
    if error.errno is None:
        where = f" ({_shown(path)})" if path else ""
        return f"the system refuses{where}: {on_one_line(str(error))}; {GOES_ON}"
    return _explain(error.errno, error.strerror or os.strerror(error.errno), path)


def _explain(number: int, reason: str, path: Any) -> str:
    where = f" ({_shown(path)})" if path else ""
    if number in (errno.ENOSPC, errno.EDQUOT):
        return _explain_no_room(number, where, os.fsdecode(path) if path else "")
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return _explain_refusal(number, where, os.fsdecode(path) if path else "")
    if number in SENTENCES:
        what, advice = SENTENCES[number]
        return f"{what}{where}; {advice}"
    return f"the system refuses{where}: {on_one_line(reason)}; look at the disk, and {GOES_ON}"


def _explain_no_room(number: int, where: str, path: str) -> str:
    if path.startswith(SHARED_MEMORY):
        return f"the shared memory of the machine is full{where}; make room in it, and {GOES_ON}"
    quota = ", or your share of it (quota)" if number == errno.EDQUOT else ""
    return f"the disk is full{quota}{where}; make room and {GOES_ON}"


def _explain_refusal(number: int, where: str, path: str) -> str:
    if number == errno.EROFS:
        return (
            f"the disk can only be read{where}; choose another --out, or set UNKNOT_CACHE for "
            "prepared images"
        )
    if path and os.path.exists(path) and not os.access(path, os.R_OK):
        return f"no permission to read{where}; ask its owner for it, or give another file"
    if path and os.path.exists(path) and os.access(path, os.W_OK):
        return f"the system refuses access{where}; look at its permissions, and {GOES_ON}"
    return f"no permission to write{where}; choose another --out, or set UNKNOT_CACHE"


SENTENCES = {
    errno.ENOENT: (
        "a file or a folder is missing",
        "look whether its disk is there, and " + GOES_ON,
    ),
    errno.EIO: ("the disk reports an error", "look at the disk, and " + GOES_ON),
    errno.ESTALE: (
        "the server of files has lost a file",
        "look whether the folder is still there, and " + GOES_ON,
    ),
    errno.ETIMEDOUT: ("the server of files does not answer", "when it does, " + GOES_ON),
    errno.EFBIG: (
        "a file is larger than the disk, or the limit of this process, allows",
        "raise the limit (ulimit -f) or take another disk, and " + GOES_ON,
    ),
    errno.EMFILE: (
        "no more files can be opened",
        "raise the limit (ulimit -n 4096) or use fewer --workers, and " + GOES_ON,
    ),
    errno.ENFILE: (
        "no more files can be opened on this machine",
        "close other programs, and " + GOES_ON,
    ),
    errno.ENOMEM: ("there is not enough memory", "close other programs, and " + GOES_ON),
    errno.EAGAIN: (
        "the system starts no more processes, or gives no more memory",
        "close other programs or use fewer --workers, and " + GOES_ON,
    ),
    errno.ENAMETOOLONG: ("a name is too long", "give a shorter one"),
    errno.ELOOP: ("links lead in a circle", "delete one of them, or give another place"),
    errno.ENOTDIR: ("a file is where a folder should be", "move it away, or give another place"),
    errno.EEXIST: ("something is where a new file should be", "move it away, and " + GOES_ON),
    errno.EISDIR: ("a folder is where a file should be", "move it away, or give another place"),
    errno.ENOLCK: (
        "the file system gives no locks",
        "choose an --out and an UNKNOT_CACHE on a disk of this machine",
    ),
    errno.ETXTBSY: (
        "the file is in use by another program",
        "end that program, and " + GOES_ON,
    ),
    errno.EBUSY: ("the file is in use by another program", "end that program, and " + GOES_ON),
    errno.EADDRINUSE: ("the port is in use by another program", "choose another --port"),
}
"""Number of an error -> what it means, and what to do."""


def _has_working_folder() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True


def _shown(path: Any) -> str:
    """A path on one line, its middle left out where it is very long."""
    text = on_one_line(os.fsdecode(path))
    if len(text) <= MOST_LETTERS:
        return text
    return f"{text[: MOST_LETTERS // 2]}…{text[-MOST_LETTERS // 2 :]}"
