"""The history: lines appended, cut back on a resume, read from the end."""

import json
from pathlib import Path

import pytest

from unknot.runs.history import (
    History,
    HistoryEnd,
    HistoryTail,
    last_step,
    read_history,
    read_history_end,
)


def test_history_is_cut_back_to_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history = History(path, 0)
    assert history.lines == []
    for step in (10, 20, 30):
        history.add({"split": "train", "step": step, "loss": 1.0, "kl": [0.1, 0.2]})
    history.close()
    with path.open("a") as file:
        file.write('{"split": "train", "st')
    assert last_step(path) == 30
    history = History(path, 20)
    history.close()
    assert [line["step"] for line in history.lines] == [10, 20]
    assert read_history(path) == history.lines
    assert path.read_text().count("\n") == 2


def test_a_line_can_be_read_as_soon_as_it_is_added(tmp_path: Path) -> None:
    history = History(tmp_path / "h", 0)
    history.add({"split": "train", "step": 1})
    assert read_history(tmp_path / "h") == [{"split": "train", "step": 1}]
    history.close()


def test_lines_of_one_split_are_told_from_the_others(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    assert read_history(path) == []
    lines = [{"split": split, "step": 1} for split in ("train", "validation")]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert read_history(path) == lines
    assert read_history(path, "validation") == lines[1:]


def test_last_step_reads_only_the_end(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    assert last_step(path) == 0
    lines = [json.dumps({"split": "train", "step": i, "kl": [0.0] * 100}) for i in range(1, 200)]
    path.write_text("damaged" + "\n".join(lines) + "\n")
    assert last_step(path) == 199
    path.write_text(lines[0] + "\n")
    assert last_step(path) == 1
    path.write_text("")
    assert last_step(path) == 0


def test_the_end_has_the_last_step_and_the_losses_of_training(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    assert read_history_end(path) == HistoryEnd(step=0, loss=None, rate=None)
    path.write_text('{"split": "continued", "step": 5}\n')
    assert read_history_end(path) == HistoryEnd(step=5, loss=None, rate=None)
    with path.open("a") as file:
        file.write('{"split": "train", "step": 10, "loss": 7.5, "rate": 2.0}\n')
        file.write('{"split": "validation", "step": 12, "loss": 9.0, "rate": 3.0}\n{"spl')
    assert read_history_end(path) == HistoryEnd(step=12, loss=7.5, rate=2.0)


def test_a_move_at_the_step_of_the_checkpoint_came_after_it(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    lines = [{"split": split, "step": step} for step in (4, 5) for split in ("train", "moved")]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    for step, num_kept in ((5, 3), (4, 1)):
        history = History(path, step)
        history.close()
        assert history.lines == lines[:num_kept]


def test_the_tail_reads_only_what_was_added(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    tail = HistoryTail(path)
    assert tail.read() == (True, [])
    history = History(path, 0)
    history.add({"split": "train", "step": 1})
    assert tail.read() == (True, [{"split": "train", "step": 1}])
    assert tail.read() == (False, [])
    history.add({"split": "train", "step": 2})
    with path.open("a") as file:
        file.write('{"split": "train", "st')
    assert tail.read() == (False, [{"split": "train", "step": 2}])
    with path.open("a") as file:
        file.write('ep": 3}\n')
    assert tail.read() == (False, [{"split": "train", "step": 3}])
    history.close()


def test_the_tail_begins_anew_with_a_history_that_was_cut_back(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history, tail = History(path, 0), HistoryTail(path)
    for step in (1, 2):
        history.add({"split": "train", "step": step})
    history.close()
    tail.read()
    History(path, 1).close()
    assert tail.read() == (True, [{"split": "train", "step": 1}])


def test_the_end_says_how_fast_the_last_minute_was(tmp_path: Path) -> None:
    """Two steps a second at first, then one: the last minute, or a little more, counts."""
    path = tmp_path / "history.jsonl"
    history = History(path, 0)
    for step, seconds in ((100, 50.0), (120, 70.0), (160, 110.0), (190, 140.0)):
        history.add({"split": "train", "step": step, "seconds": seconds})
        history.add({"split": "validation", "step": step, "seconds": seconds + 9})
    history.close()
    assert read_history_end(path).steps_per_second == pytest.approx(70 / 70)


def test_one_line_says_nothing_of_the_speed(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text('{"split": "train", "step": 3, "seconds": 1.0}\n')
    assert read_history_end(path).steps_per_second is None
