"""What stopped a run."""

from pathlib import Path

import pytest

from unknot.runs.folder import RunFolder
from unknot.runs.last_words import last_words


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("", ""),
        ("a library says something\n", ""),
        ("error: give a number\n", "error: give a number"),
        ("interrupted (SIGTERM)\n", "interrupted (SIGTERM)"),
        ("the process was ended by signal 11\n", "the process was ended by signal 11"),
        ("Traceback (most recent call last):\n  File\nValueError: x\n", "ValueError: x"),
        ("error: give a number\nnote: a notice\n", "error: give a number"),
    ],
)
def test_the_end_of_the_log_says_what_stopped_it(log: str, words: str, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.log.write_text(log)
    assert last_words(folder) == words


def test_a_run_without_a_log_was_not_stopped(tmp_path: Path) -> None:
    assert last_words(RunFolder(tmp_path)) == ""
