"""What happened during training: a JSON line per logged step."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from unknot.common.files import write_text
from unknot.common.notices import give_notice
from unknot.common.reading import MOST_BYTES, opened_file, read_file
from unknot.runs.field_types import LARGEST

TAIL_BYTES = 16_384
RATE_SECONDS = 60.0
"""Of training, from which it is told how fast a run is."""
MOVED = "moved"
SPLITS = ("train", "validation", "continued", MOVED)

HistoryLine = dict[str, Any]
"""A line of the history: `split`, `step`, and the means since the last line.

`split` is `train` or `validation`, `continued` where the training had ended and then went on, or
`moved` where it went on on another kind of processor or device, or in other sums.
"""


def read_history(path: Path, split: str | None = None) -> list[HistoryLine]:
    """Read the lines of a history, oldest first; what is damaged or half written is left out.

    Args:
        path: `RunFolder.history`.
        split: only `train` or only `validation` lines.

    Raises:
        UserError: if it may not be read, or a link leads out of the run's folder.
    """
    if not path.exists():
        return []
    return parse_history(read_file(path, within=path.parent), path, split)


def parse_history(content: bytes, path: Path, split: str | None = None) -> list[HistoryLine]:
    """Take the lines out of the content of a history; says so where some are damaged.

    Args:
        content: of the file.
        path: it was read from.
        split: as `read_history` has it.
    """
    whole = content[: content.rfind(b"\n") + 1].splitlines()
    lines = [line for line in map(_parse_line, whole) if line is not None]
    if len(lines) < len(whole):
        num = len(whole) - len(lines)
        give_notice(f"{path} is damaged: {num} of its {len(whole)} lines are left out")
    return [line for line in lines if split in (None, line["split"])]


def _parse_line(text: bytes) -> HistoryLine | None:
    """Take one line; None if it is damaged."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) and _is_whole(line) else None


def _is_whole(line: HistoryLine) -> bool:
    """Whether a line says of which split and step it is, and holds numbers besides."""
    step, kl = line.get("step"), line.get("kl", [])
    others = [value for key, value in line.items() if key not in ("split", "kl")]
    return (
        line.get("split") in SPLITS
        and isinstance(step, int)
        and 0 <= step < LARGEST
        and isinstance(kl, list)
        and all(value is None or _is_number(value) for value in others)
        and all(map(_is_number, kl))
    )


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and (isinstance(value, float) or abs(value) < LARGEST)


class HistoryEnd(NamedTuple):
    """What the end of a history tells.

    Attributes:
        step: that the run has come to; 0 where there is no history.
        loss: mean over the last steps that were logged; None before the first.
        rate: likewise, in nats per image.
        steps_per_second: over the last minute of training; None where that is not known.
        seconds: of training so far; None before the first line.
    """

    step: int = 0
    loss: float | None = None
    rate: float | None = None
    steps_per_second: float | None = None
    seconds: float | None = None


def read_history_end(path: Path) -> HistoryEnd:
    """Read where a run stands; only the end of the file is read.

    Args:
        path: `RunFolder.history`; may be absent yet.
    """
    if not path.exists():
        return HistoryEnd()
    with opened_file(path, within=path.parent) as file:
        start = max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES)
        file.seek(start)
        texts = file.read(TAIL_BYTES).split(b"\n")
    whole = texts[1 if start else 0 : -1]  # the first may be cut, the last is not ended
    newest_first = [line for line in map(_parse_line, reversed(whole)) if line is not None]
    if not newest_first:
        return HistoryEnd()
    logged = [line for line in newest_first if line["split"] == "train"]
    last = logged[0] if logged else HistoryLine()
    return HistoryEnd(
        step=int(newest_first[0]["step"]),
        loss=last.get("loss"),
        rate=last.get("rate"),
        steps_per_second=_steps_per_second(logged),
        seconds=newest_first[0].get("seconds"),
    )


def _steps_per_second(newest_first: Sequence[HistoryLine]) -> float | None:
    """Tell how fast a run has been over the last minute of its training, or a little more."""
    timed = [line for line in newest_first if line.get("seconds") is not None]
    if len(timed) < 2:
        return None
    last = timed[0]
    minute = (line for line in timed if last["seconds"] - line["seconds"] >= RATE_SECONDS)
    first = next(minute, timed[-1])
    seconds, steps = last["seconds"] - first["seconds"], last["step"] - first["step"]
    return steps / seconds if seconds > 0 and steps > 0 else None


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
        with opened_file(self._path, within=self._path.parent) as file:
            status = os.fstat(file.fileno())
            is_new = status.st_ino != self._inode or status.st_size < self._place
            self._inode, self._place = status.st_ino, 0 if is_new else self._place
            file.seek(self._place)
            added = file.read(MOST_BYTES)
        whole = added[: added.rfind(b"\n") + 1]
        self._place += len(whole)
        lines = map(_parse_line, whole.splitlines())
        return is_new, [line for line in lines if line is not None]


def _is_before(line: HistoryLine, step: int) -> bool:
    """Whether a line is of a checkpoint's past; a move at its step was after it, if at all."""
    last = step - 1 if line["split"] == MOVED else step
    return int(line["step"]) <= last


class History:
    """Writes a run's history. On a resume it is cut back to the checkpoint's step.

    Lines that were lost or damaged stay away, which is said, and the curves have a gap.

    Args:
        path: `RunFolder.history`.
        step: keep lines up to this step.

    Attributes:
        lines: those that were kept.
    """

    def __init__(self, path: Path, step: int) -> None:
        if step > 0 and not path.exists():
            give_notice(f"{path} is missing: the run goes on, and its curves begin at step {step}")
        self.lines = [line for line in read_history(path) if _is_before(line, step)]
        write_text(path, "".join(json.dumps(line) + "\n" for line in self.lines))
        self._file = path.open("a", encoding="utf-8")

    def add(self, line: HistoryLine) -> None:
        """Append a line; it must hold `step` and `split`."""
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Write out what is buffered."""
        self._file.close()
