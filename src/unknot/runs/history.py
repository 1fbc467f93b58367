"""What happened during training: a JSON line per logged step."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from unknot.common.files import write_text

TAIL_BYTES = 16_384

HistoryLine = dict[str, Any]
"""A line of the history: `split`, `step`, and the means since the last line.

`split` is `train` or `validation`, or `continued` where the training had ended and then went on.
"""


def read_history(path: Path, split: str | None = None) -> list[HistoryLine]:
    """Read the lines of a history, oldest first; a half-written last line is left out.

    Args:
        path: `RunFolder.history`.
        split: only `train` or only `validation` lines.
    """
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1].splitlines()
    lines = [json.loads(line) for line in whole]
    return [line for line in lines if split in (None, line["split"])]


class HistoryEnd(NamedTuple):
    """What the end of a history tells.

    Attributes:
        step: that the run has come to; 0 where there is no history.
        loss: mean over the last steps that were logged; None before the first.
        rate: likewise, in nats per image.
    """

    step: int = 0
    loss: float | None = None
    rate: float | None = None


def read_history_end(path: Path) -> HistoryEnd:
    """Read where a run stands; only the end of the file is read.

    Args:
        path: `RunFolder.history`; may be absent yet.
    """
    if not path.exists():
        return HistoryEnd()
    with path.open("rb") as file:
        start = max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES)
        file.seek(start)
        lines = file.read().split(b"\n")
    whole = lines[1 if start else 0 : -1]  # the first may be cut, the last is not ended
    if not whole:
        return HistoryEnd()
    step = int(json.loads(whole[-1])["step"])
    newest_first: Iterator[HistoryLine] = map(json.loads, reversed(whole))
    logged = next((line for line in newest_first if line["split"] == "train"), HistoryLine())
    return HistoryEnd(step=step, loss=logged.get("loss"), rate=logged.get("rate"))


def last_step(path: Path) -> int:
    """Read the last step of a history, 0 where there is none; only the end of the file is read.

    Args:
        path: `RunFolder.history`.
    """
    return read_history_end(path).step


class HistoryTail:
    """Follows a history that another process writes; what was read before is not read again.

    Args:
        path: `RunFolder.history`; may be absent yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inode, self._place = 0, 0

    def read(self) -> tuple[bool, list[HistoryLine]]:
        """Read what has been added.

        Returns:
            Whether the history has begun anew, as it does when a run is taken up again, so that
            what was read of it before is void; and the lines that were added.
        """
        if not self._path.exists():
            return True, []
        with self._path.open("rb") as file:
            status = os.fstat(file.fileno())
            is_new = status.st_ino != self._inode or status.st_size < self._place
            self._inode, self._place = status.st_ino, 0 if is_new else self._place
            file.seek(self._place)
            added = file.read()
        whole = added[: added.rfind(b"\n") + 1]
        self._place += len(whole)
        return is_new, [json.loads(line) for line in whole.splitlines()]


class History:
    """Writes a run's history. On a resume it is cut back to the checkpoint's step.

    Args:
        path: `RunFolder.history`.
        step: keep lines up to this step.

    Attributes:
        lines: those that were kept.
    """

    def __init__(self, path: Path, step: int) -> None:
        self.lines = [line for line in read_history(path) if line["step"] <= step]
        write_text(path, "".join(json.dumps(line) + "\n" for line in self.lines))
        self._file = path.open("a", encoding="utf-8")

    def add(self, line: HistoryLine) -> None:
        """Append a line; it must hold `step` and `split`."""
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Write out what is buffered."""
        self._file.close()
