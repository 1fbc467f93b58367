"""The log: appended to, and read from its end."""

import os
from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.runs.log_file import MOST_BYTES, append_line, log_end


def test_lines_are_appended_and_notices_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    assert log_end(path) == ""
    for line in ("first", "error: second", "note: frames.npz is missing"):
        append_line(path, line)
    assert path.read_text() == "first\nerror: second\nnote: frames.npz is missing\n"
    assert log_end(path) == "first\nerror: second"


def test_only_the_end_of_a_long_log_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"\xff" * MOST_BYTES + b"\nlast\n")
    assert log_end(path).endswith("\nlast")
    assert len(log_end(path)) < MOST_BYTES + 10


def test_no_link_out_of_the_folder_is_read_or_written(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    outside, log = tmp_path / "secret", tmp_path / "run" / "log.txt"
    outside.write_text("secret\n")
    log.symlink_to(outside)
    for job in (log_end, lambda path: append_line(path, "more")):
        with pytest.raises(UserError, match="outside"):
            job(log)
    assert outside.read_text() == "secret\n"


def test_a_pipe_is_no_log(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log.txt")
    assert log_end(tmp_path / "log.txt") == ""
    with pytest.raises(UserError, match=r"log\.txt"):
        append_line(tmp_path / "log.txt", "text")
