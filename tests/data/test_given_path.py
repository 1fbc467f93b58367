"""Paths as users give them."""

import os
from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.data import given_path
from unknot.data.given_path import look_at, table_reader


def test_plain_files_and_folders_pass(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("abc")
    (tmp_path / "link").symlink_to("file")
    assert look_at(tmp_path / "link").st_size == 3
    assert look_at(tmp_path, takes_folders=True).st_mode == tmp_path.stat().st_mode
    assert table_reader(tmp_path / "link")() == b"abc"


def test_others_are_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("abc")
    for path, message in (
        (tmp_path / "pipe", "is a pipe, a socket or a device; give a plain file"),
        (Path("/dev/zero"), "is a pipe, a socket or a device"),
        (tmp_path / "loop", "cannot be read: its links lead in a circle"),
        (tmp_path / "gone", "cannot be read: No such file"),
        (tmp_path / "a\0b", r"a\\x00b' cannot be read"),
        (tmp_path, "is a folder; give a file"),
    ):
        with pytest.raises(UserError, match=message):
            look_at(path, what="the table of labels ")
    monkeypatch.setattr(given_path.os, "access", lambda path, mode: False)
    with pytest.raises(UserError, match="may not be read by you; ask its owner"):
        look_at(tmp_path / "file")
