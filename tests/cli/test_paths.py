"""Paths that were typed: files, folders, links, pipes, names that are too long."""

import os
from pathlib import Path

import pytest

from unknot.cli.paths import check_input_file, check_output_file, check_output_folder, check_source
from unknot.common.errors import UserError


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "link").symlink_to("file")
    return tmp_path


def test_what_is_right_passes(here: Path) -> None:
    check_input_file("labels", here / "link")
    for name in ("folder", "new", "new/below/it"):
        check_output_folder("out", here / name)
    for name in ("file", "new", "folder/new", "new/below/it"):
        check_output_file("out", here / name)
    check_output_folder("out", Path("somewhere"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", "which does not exist"),
        ("folder", "which is a folder; give a file"),
        ("pipe", "which is a pipe, a socket or a device; give a file"),
        ("loop", "Too many levels of symbolic links"),
        ("dangling", "a link to nothing"),
        ("n" * 300, "File name too long"),
        ("file/below", "which does not exist"),
    ],
)
def test_no_file_to_read(here: Path, name: str, reason: str) -> None:
    with pytest.raises(UserError, match=f"^labels is .*{name[:200]}.*{reason}"):
        check_input_file("labels", here / name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("file", "file is a file; give another"),
        ("file/below/it", "file is a file; give another"),
        ("pipe", "pipe is a pipe, a socket or a device; give another"),
        ("loop/below", "Too many levels of symbolic links"),
        ("dangling", "a link to nothing"),
        ("n" * 300 + "/x", "a name of 300 bytes; names have 255 at most"),
        ("new/" + "ñ" * 200, "a name of 400 bytes"),
    ],
)
def test_no_folder_to_write(here: Path, name: str, reason: str) -> None:
    with pytest.raises(UserError, match=f"^out is .*{reason}"):
        check_output_folder("out", here / name)


def test_images_are_a_file_or_a_folder_or_a_name(here: Path) -> None:
    for name in ("faces", str(here / "file"), str(here / "folder"), str(here / "missing")):
        check_source("DATA", name)
    for name in ("pipe", "loop", "dangling", "n" * 300):
        with pytest.raises(UserError, match=f"^DATA is .*{name}"):
            check_source("DATA", str(here / name))


@pytest.mark.parametrize("name", ["folder", "pipe", "loop", "file/below", "dangling"])
def test_no_file_to_write(here: Path, name: str) -> None:
    with pytest.raises(UserError, match=f"^out is .*{name}"):
        check_output_file("out", here / name)


def test_what_may_not_be_used_is_not_called_missing(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UserError, match="may not be read by you; ask its owner"):
        check_input_file("labels", here / "file")
    with pytest.raises(UserError, match=r"but you may not write in .*; give another"):
        check_output_folder("out", here / "new")
