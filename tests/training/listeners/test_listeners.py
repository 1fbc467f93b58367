"""Listeners are used where their library is installed."""

from pathlib import Path

import pytest

from tests.training.tiny import LINEAR, tiny
from unknot.common.plugins import load_plugin
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.runs.folder import RunFolder
from unknot.runs.history import HistoryLine, read_history
from unknot.training import listeners
from unknot.training.fit import fit
from unknot.training.listeners import LISTENERS, ListenerEntry, start_listeners

CONFIG = RunConfig(2.0, 0, model=LINEAR, training=tiny(steps=10))
LINE: HistoryLine = {"split": "train", "step": 1, "loss": 2.0}


class Recorder:
    """A listener that keeps what it is told."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.lines: list[HistoryLine] = []
        self.is_closed = False
        recorders.append(self)

    def restart(self, lines: list[HistoryLine]) -> None:
        self.lines = list(lines)

    def add(self, line: HistoryLine) -> None:
        assert not self.is_closed
        self.lines.append(line)

    def close(self) -> None:
        self.is_closed = True


recorders: list[Recorder] = []


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> list[Recorder]:
    """One listener whose library is there, one whose is not."""
    recorders.clear()
    monkeypatch.setattr(
        listeners,
        "LISTENERS",
        {
            "here": ListenerEntry(attribute=f"{__name__}:Recorder", library="json"),
            "away": ListenerEntry(attribute="no_such_module:Board", library="no_such_module"),
        },
    )
    return recorders


def test_one_is_started_with_the_lines_there_are_if_its_library_is(
    recording: list[Recorder], tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    assert start_listeners(folder, [LINE]) == recording
    assert len(recording) == 1
    assert recording[0].folder is folder
    assert recording[0].lines == [LINE]


def test_it_is_told_every_line_of_a_run(
    recording: list[Recorder], small_faces: ImageSet, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    fit(CONFIG, small_faces, folder, device="cpu")
    assert recording[0].lines == read_history(folder.history)
    assert recording[0].is_closed


def test_a_run_trains_without_any_of_their_libraries(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "find_spec", lambda name: None)
    folder = RunFolder(tmp_path)
    fit(CONFIG, small_faces, folder, device="cpu")
    assert folder.is_trained
    assert not folder.tensorboard.exists()


@pytest.mark.parametrize("name", LISTENERS)
def test_an_entry_can_be_imported(name: str) -> None:
    entry = LISTENERS[name]
    pytest.importorskip(entry.library)
    assert load_plugin("listener", name, {name: entry.attribute}).restart
