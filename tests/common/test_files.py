"""Files appear whole or not at all."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.common.files import (
    TEMPORARY,
    has_foreign_files,
    make_folder,
    recover_folder,
    remove_leftovers,
    replace_folder,
    write_arrays,
    write_bytes,
    write_json,
    write_text,
    written_beside,
)
from unknot.common.reading import read_arrays, read_json


def test_a_file_written_beside_its_place_is_renamed_into_it(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "table.csv"
    with written_beside(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert (temporary.parent, temporary.suffix) == (path.parent, ".csv")
    assert path.read_text() == "whole"
    assert os.listdir(path.parent) == ["table.csv"]


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    outside, path = tmp_path / "outside.txt", tmp_path / "folder" / "report.html"
    outside.write_text("before")
    path.parent.mkdir()
    path.symlink_to(outside)
    path.with_name(f".report.{os.getpid()}.html").symlink_to(outside)
    write_text(path, "after")
    assert outside.read_text() == "before"
    assert not path.is_symlink()
    assert path.read_text() == "after"
    assert os.listdir(path.parent) == ["report.html"]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("before")

    def fail() -> None:
        with written_beside(path) as temporary:
            temporary.write_text("half")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["table.csv"]


def test_text_is_utf8_with_plain_line_feeds_and_keeps_any_file_name(tmp_path: Path) -> None:
    name = b"\xff\n\xc3\xa9".decode("utf-8", "surrogateescape")  # one byte that is not UTF-8
    write_text(tmp_path / "text", name)
    assert (tmp_path / "text").read_bytes() == b"\xff\n\xc3\xa9"
    write_bytes(tmp_path / "bytes", b"\0")
    assert (tmp_path / "bytes").read_bytes() == b"\0"


def test_json_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "document.json"
    write_json(path, {"a": [1.5, None]})
    assert read_json(path) == {"a": [1.5, None]}
    assert path.read_text() == '{\n  "a": [\n    1.5,\n    null\n  ]\n}\n'


@pytest.mark.parametrize("compressed", [True, False])
def test_arrays_come_back(compressed: bool, tmp_path: Path) -> None:
    path = tmp_path / "arrays.npz"
    arrays = {"numbers": np.arange(3), "names": np.array(["ä", "b"])}
    write_arrays(path, arrays, compressed=compressed)
    arrays = read_arrays(path)
    assert arrays.keys() == {"numbers", "names"}
    assert arrays["numbers"].tolist() == [0, 1, 2]
    assert arrays["names"].tolist() == ["ä", "b"]


def test_python_objects_are_neither_written_nor_read(tmp_path: Path) -> None:
    objects: Any = np.array([{}, None], object)
    with pytest.raises(TypeError, match="'factors' holds Python objects"):
        write_arrays(tmp_path / "a.npz", {"factors": objects})
    np.savez(tmp_path / "b.npz", factors=objects)
    with pytest.raises(UserError, match=r"b.npz is damaged.*delete it and run again"):
        read_arrays(tmp_path / "b.npz")


def test_a_folder_of_ours_has_only_our_files(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    assert not has_foreign_files(folder, ())
    folder.mkdir()
    (folder / "plan.json").touch()
    (folder / ".hidden").touch()
    assert not has_foreign_files(folder, ("plan.json",))
    assert has_foreign_files(folder, ("images.json",))
    assert has_foreign_files(folder / "plan.json", ("plan.json",))


def test_a_folder_is_whole_after_each_rename(tmp_path: Path) -> None:
    for number in ("1", "2"):
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "file").write_text(number)
        replace_folder(tmp_path / "new", tmp_path / "place")
        assert (tmp_path / "place" / "file").read_text() == number
    assert os.listdir(tmp_path) == ["place"]
    (tmp_path / "place").rename(tmp_path / "place.old")
    assert recover_folder(tmp_path / "place")
    assert (tmp_path / "place" / "file").read_text() == "2"
    assert recover_folder(tmp_path / "place")
    assert not recover_folder(tmp_path / "nothing")


@pytest.mark.parametrize("place", ["file", "file/folder"])
def test_a_folder_that_cannot_be_made_is_one_line(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match=r"no folder can be made at .*; give another place"):
        make_folder(tmp_path / place)


def aged(path: Path) -> Path:
    """Write a file, or a folder of one, that nobody has written to for a minute."""
    if not path.suffix and "checkpoint" in path.name:
        path.mkdir()
        aged(path / "state.json")
    else:
        path.write_text("half")
    past = time.time() - 60
    os.utime(path, (past, past))
    return path


def test_what_killed_processes_were_writing_is_removed(tmp_path: Path) -> None:
    """What a process that is there may be writing stays, and so does what is no name of ours."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    gone = [f".report.{ended.pid}.html", f".done.{ended.pid}", f".checkpoint.{ended.pid}"]
    stays = [f".report.{os.getpid()}.html", f".report.{os.getppid()}.html", "report.5.html"]
    stays += [".lock", ".report.sha256", f".report.{ended.pid}.html~", ".report.x5.html"]
    for name in (*gone, *stays):
        aged(tmp_path / name)
    fresh = tmp_path / f".curves.{ended.pid}.svg"
    fresh.write_text("half")  # perhaps by another machine, this moment
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*stays, fresh.name}
    remove_leftovers(tmp_path / "absent")


def test_the_names_that_are_given_are_removed(tmp_path: Path) -> None:
    with written_beside(tmp_path / "codes.npz") as temporary:
        assert TEMPORARY.fullmatch(temporary.name)
        temporary.touch()
    with written_beside(tmp_path / "done") as temporary:
        assert TEMPORARY.fullmatch(temporary.name)
        temporary.touch()


def test_a_write_that_the_system_refuses_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="full") as caught, written_beside(tmp_path / "a.csv"):
        raise OSError(errno.ENOSPC, "the disk is full")
    assert caught.value.filename == str(tmp_path / "a.csv")


def test_an_old_folder_that_was_to_be_deleted_goes(tmp_path: Path) -> None:
    for name in ("place", "place.old"):
        (tmp_path / name).mkdir()
    assert recover_folder(tmp_path / "place")
    assert not (tmp_path / "place.old").exists()
