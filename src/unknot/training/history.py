"""What happened during training: a JSON line per logged step, and the same for TensorBoard."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from tensorboardX import SummaryWriter

from unknot.files import write_text

FILE = "history.jsonl"
TENSORBOARD = "tensorboard"
TAIL_BYTES = 16_384


def read_history(folder: Path, split: str | None = None) -> list[dict[str, Any]]:
    """The lines of a run's history, oldest first; a half-written last line is left out.

    Args:
        folder: the run's.
        split: only `train` or only `validation` lines.
    """
    path = folder / FILE
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1].splitlines()
    lines = [json.loads(line) for line in whole]
    return [line for line in lines if split in (None, line["split"])]


def last_step(folder: Path) -> int:
    """The last step in a run's history, 0 where there is none; reads only the end of the file."""
    path = folder / FILE
    if not path.exists():
        return 0
    with path.open("rb") as file:
        start = max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES)
        file.seek(start)
        lines = file.read().split(b"\n")
    whole = lines[1 if start else 0 : -1]  # the first may be cut, the last is not ended
    return int(json.loads(whole[-1])["step"]) if whole else 0


class History:
    """Writes a run's history. On a resume it is cut back to the checkpoint's step.

    Args:
        folder: the run's.
        step: keep lines up to this step.
    """

    def __init__(self, folder: Path, step: int) -> None:
        kept = [line for line in read_history(folder) if line["step"] <= step]
        shutil.rmtree(folder / TENSORBOARD, ignore_errors=True)
        self._board = SummaryWriter(str(folder / TENSORBOARD), flush_secs=30)
        write_text(folder / FILE, "".join(json.dumps(line) + "\n" for line in kept))
        for line in kept:
            self._add_to_board(line)
        self._file = (folder / FILE).open("a", encoding="utf-8")

    def add(self, line: dict[str, Any]) -> None:
        """Append a line; it must hold `step` and `split`."""
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        self._add_to_board(line)

    def _add_to_board(self, line: dict[str, Any]) -> None:
        for key, value in line.items():
            if isinstance(value, float):
                self._board.add_scalar(f"{line['split']}/{key}", value, line["step"])
            elif isinstance(value, list):
                for i, item in enumerate(value):
                    self._board.add_scalar(f"{line['split']}/{key}_{i}", item, line["step"])

    def close(self) -> None:
        """Write out what is buffered."""
        self._file.close()
        self._board.close()
