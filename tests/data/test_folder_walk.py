"""What lies below a folder."""

import os
from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.data.folder_walk import file_kind, unused_line, walk_folder


def _touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_everything_is_listed_by_its_kind(tmp_path: Path) -> None:
    names = ("b.png", "a/c.JPG", "labels.csv", "x.zip", "clip.mp4", "photo.nef", "a/notes.txt", "N")
    _touch(*(tmp_path / name for name in names))
    contents = walk_folder(tmp_path)
    assert [file.name for file in contents.pictures] == ["a/c.JPG", "b.png"]
    assert [file.name for file in contents.tables] == ["labels.csv"]
    assert [file.name for file in contents.containers["zip"]] == ["x.zip"]
    assert contents.notes() == (
        "1 video not used: ffmpeg -i FILE frame-%06d.png takes its pictures out",
        "1 raw file of a camera not used: save them as JPEG or PNG to use them",
        "1 zip not used: give it itself to use it",
        "2 files of another kind not used: .txt (no ending)",
    )


def test_what_systems_leave_is_no_picture(tmp_path: Path) -> None:
    names = (
        "@eaDir/t.jpg",
        "._a.png",
        "Thumbs.db",
        ".thumbnails/a.png",
        ".ipynb_checkpoints/a.png",
    )
    _touch(tmp_path / "a.png", *(tmp_path / name for name in names))
    contents = walk_folder(tmp_path)
    assert [file.name for file in contents.pictures] == ["a.png"]
    assert contents.unused == {"system": 3, "hidden": 2}


def test_links_are_followed_once_each(tmp_path: Path) -> None:
    _touch(tmp_path / "store/a/1.png", tmp_path / "store/b/2.png", tmp_path / "data/own/3.png")
    data = tmp_path / "data"
    (data / "a").symlink_to(tmp_path / "store/a")
    (data / "again").symlink_to(tmp_path / "store/a")
    (data / "one.png").symlink_to(tmp_path / "store/b/2.png")
    (data / "own.png").symlink_to(data / "own/3.png")
    (data / "loop").symlink_to(data)
    (data / "gone.png").symlink_to(tmp_path / "nowhere.png")
    contents = walk_folder(data)
    names = [file.name for file in contents.pictures]
    assert len(names) == 3
    assert {"own/3.png", "one.png"} < set(names)
    assert contents.unused == {"repeated": 3, "dangling": 1}


def test_a_folder_of_links_alone(tmp_path: Path) -> None:
    _touch(tmp_path / "store/a/1.png", tmp_path / "store/b/2.png")
    (tmp_path / "links").mkdir()
    for name in "ab":
        (tmp_path / "links" / name).symlink_to(Path("../store") / name)
    assert [file.name for file in walk_folder(tmp_path / "links").pictures] == [
        "a/1.png",
        "b/2.png",
    ]


def test_own_results_are_no_data(tmp_path: Path) -> None:
    _touch(
        tmp_path / "1.png",
        tmp_path / "runs/x/experiment.toml",
        tmp_path / "runs/x/sample.png",
        tmp_path / "runs/y/config.toml",
        tmp_path / "runs/y/images.json",
        tmp_path / "runs/y/traversals.avif",
    )
    contents = walk_folder(tmp_path)
    assert [file.name for file in contents.pictures] == ["1.png"]
    assert contents.unused == {"results": 2}
    with pytest.raises(UserError, match="holds results of unknot"):
        walk_folder(tmp_path / "runs/x")


def test_pipes_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    assert walk_folder(tmp_path).unused == {"special": 1}


def test_a_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read the folder"):
        walk_folder(tmp_path / "none")


def test_kinds_by_ending() -> None:
    assert file_kind("shard-0001.TAR.GZ") == "tar"
    assert file_kind("x.gz") == "packed"
    assert file_kind("x.txt") == ""


def test_one_and_several() -> None:
    assert (
        unused_line("raw file of a camera", "save", 2) == "2 raw files of a camera not used: save"
    )
    assert (
        unused_line("hidden file or folder", "h", 1_200)
        == "1,200 hidden files or folders not used: h"
    )
