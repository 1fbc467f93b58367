"""TensorBoard: every number of the history as a scalar."""

import shutil
import time
from collections.abc import Sequence

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.summary import scalar

from unknot.common.files import make_folder
from unknot.runs.folder import RunFolder
from unknot.runs.history import HistoryLine

FLUSH_SECONDS = 30


class TensorBoard:
    """Writes a run's history for TensorBoard, into the run's folder.

    It writes itself, without the library's thread and queue: these need shared memory, and wait
    for each other for ever where there is no memory.

    Args:
        folder: the run's.
    """

    def __init__(self, folder: RunFolder) -> None:
        shutil.rmtree(folder.tensorboard, ignore_errors=True)
        make_folder(folder.tensorboard)
        self._writer = EventsWriter(str(folder.tensorboard / "events"))
        self._flushed = time.monotonic()
        self._is_closed = False

    def restart(self, lines: Sequence[HistoryLine]) -> None:
        """Write the lines that the history holds already."""
        for line in lines:
            self.add(line)

    def add(self, line: HistoryLine) -> None:
        """Write each number of a line but the step, as `split/name`; a list's as `split/name_0`."""
        for key, value in line.items():
            if isinstance(value, int | float) and key != "step":
                self._add_scalar(f"{line['split']}/{key}", value, line["step"])
            elif isinstance(value, list):
                for i, item in enumerate(value):
                    self._add_scalar(f"{line['split']}/{key}_{i}", item, line["step"])
        if time.monotonic() - self._flushed >= FLUSH_SECONDS:
            self._writer.flush()
            self._flushed = time.monotonic()

    def close(self) -> None:
        """Write out what is buffered; what the disk refuses is refused once."""
        if not self._is_closed:
            self._is_closed = True
            self._writer.close()

    def _add_scalar(self, tag: str, value: float, step: int) -> None:
        event = Event(wall_time=time.time(), step=step, summary=scalar(tag, value))
        self._writer.write_event(event)
