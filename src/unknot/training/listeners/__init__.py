"""Programs that follow a run's history while it trains: one listener a file, in `LISTENERS`.

A listener is used where its library is installed; each is an extra of its own.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import NamedTuple, Protocol

from unknot.common.plugins import load_plugin
from unknot.runs.folder import RunFolder
from unknot.runs.history import HistoryLine


class ListenerEntry(NamedTuple):
    """Where a listener is, and what it needs.

    Attributes:
        attribute: `module:class`.
        library: the module without which it is left out.
    """

    attribute: str
    library: str


LISTENERS = {
    "tensorboard": ListenerEntry(
        attribute="unknot.training.listeners.tensorboard:TensorBoard", library="tensorboardX"
    ),
}
"""Name, which is that of the extra, -> the listener."""


class Listener(Protocol):
    """Follows the history of one run; made with the run's folder."""

    def restart(self, lines: Sequence[HistoryLine]) -> None:
        """Begin with what the history holds already, in place of anything told before."""

    def add(self, line: HistoryLine) -> None:
        """Take a line of the history."""

    def close(self) -> None:
        """Write out what is buffered."""


def start_listeners(folder: RunFolder, lines: Sequence[HistoryLine]) -> list[Listener]:
    """Start every listener whose library is installed.

    Args:
        folder: the run's.
        lines: that its history holds already.
    """
    entries = {name: entry.attribute for name, entry in LISTENERS.items()}
    listeners: list[Listener] = [
        load_plugin("listener", name, entries)(folder)
        for name, entry in LISTENERS.items()
        if find_spec(entry.library) is not None
    ]
    for listener in listeners:
        listener.restart(lines)
    return listeners
