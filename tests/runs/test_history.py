"""The history: lines appended, cut back on a resume, read from the end."""

import json
from pathlib import Path

from unknot.runs.history import History, last_step, read_history


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
    lines = [json.dumps({"split": "train", "step": i, "pad": "x" * 500}) for i in range(1, 200)]
    path.write_text("damaged" + "\n".join(lines) + "\n")
    assert last_step(path) == 199
    path.write_text(lines[0] + "\n")
    assert last_step(path) == 1
    path.write_text("")
    assert last_step(path) == 0
