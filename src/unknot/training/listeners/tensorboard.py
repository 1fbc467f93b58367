"""TensorBoard: every number of the history as a scalar."""

import shutil
from collections.abc import Sequence

from tensorboardX import SummaryWriter

from unknot.runs.folder import RunFolder
from unknot.runs.history import HistoryLine

FLUSH_SECONDS = 30


class TensorBoard:
    """Writes a run's history for TensorBoard, into the run's folder.

    Args:
        folder: the run's.
    """

    def __init__(self, folder: RunFolder) -> None:
        shutil.rmtree(folder.tensorboard, ignore_errors=True)
        self._writer = SummaryWriter(str(folder.tensorboard), flush_secs=FLUSH_SECONDS)

    def restart(self, lines: Sequence[HistoryLine]) -> None:
        """Write the lines that the history holds already."""
        for line in lines:
            self.add(line)

    def add(self, line: HistoryLine) -> None:
        """Write each number of a line but the step, as `split/name`; a list's as `split/name_0`."""
        for key, value in line.items():
            if isinstance(value, int | float) and key != "step":
                self._writer.add_scalar(f"{line['split']}/{key}", value, line["step"])
            elif isinstance(value, list):
                for i, item in enumerate(value):
                    self._writer.add_scalar(f"{line['split']}/{key}_{i}", item, line["step"])

    def close(self) -> None:
        """Write out what is buffered."""
        self._writer.close()
