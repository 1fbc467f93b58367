"""The cache of prepared images."""

import os
import shutil
import threading
from pathlib import Path

import pytest

from tests.data.pictures import fill
from unknot.common.errors import UserError
from unknot.data import cache
from unknot.data.load import load_images


def test_two_at_once_fill_one_entry(tmp_path: Path) -> None:
    fill(tmp_path, 40)
    fingerprints: list[str] = []
    loads = [
        threading.Thread(
            target=lambda: fingerprints.append(load_images(tmp_path, size=32).fingerprint)
        )
        for _ in range(4)
    ]
    for load in loads:
        load.start()
    for load in loads:
        load.join()
    assert len(fingerprints) == 4
    assert len(set(fingerprints)) == 1


def test_a_disk_without_room_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, 12)
    monkeypatch.setattr(cache, "SPARE_BYTES", 2**60)
    with pytest.raises(UserError, match=r"MiB free; make room"):
        load_images(tmp_path, size=32)


def test_clearing_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNKNOT_CACHE", str(tmp_path / "cache"))
    load_images(fill(tmp_path / "images", 12), size=32)
    num, size = cache.clear_cache()
    assert num == 1
    assert size >= 12 * 3 * 32 * 32
    assert not any((tmp_path / "cache").iterdir())


def test_a_key_depends_on_every_part() -> None:
    keys = {cache.cache_key(*parts) for parts in (("a",), ("b",), ("a", 1), ("a", {"x": 1}))}
    assert len(keys) == 4
    assert cache.cache_key({"x": 1, "y": 2}) == cache.cache_key({"y": 2, "x": 1})


def test_an_entry_whose_filling_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNKNOT_CACHE", str(tmp_path / "cache"))

    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        cache.cached_entry("name", 1, lambda folder: folder, fail)
    assert [path.name for path in cache.cache_folder().iterdir()] == []


@pytest.mark.parametrize("thing", ["a file", "a pipe", "a broken link", "a link", "a folder"])
def test_what_stands_in_the_place_of_an_entry_makes_room(
    thing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNKNOT_CACHE", str(tmp_path / "cache"))
    entry = load_images(fill(tmp_path / "images", 12), size=32).folder
    shutil.rmtree(entry)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "kept").write_text("x")
    {
        "a file": lambda: entry.write_text("x"),
        "a pipe": lambda: os.mkfifo(entry),
        "a broken link": lambda: entry.symlink_to("nowhere"),
        "a link": lambda: entry.symlink_to(tmp_path / "other"),
        "a folder": entry.mkdir,
    }[thing]()
    images = load_images(tmp_path / "images", size=32)
    assert images.folder == entry
    assert "prepared again" in images.info["notes"][-1]
    assert not entry.is_symlink()
    assert (tmp_path / "other" / "kept").exists()


def test_a_cache_that_is_a_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").write_text("x")
    monkeypatch.setenv("UNKNOT_CACHE", str(tmp_path / "cache"))
    with pytest.raises(UserError, match=r"cache is in the way of prepared images .*; move it away"):
        load_images(fill(tmp_path / "images", 12), size=32)


def test_without_a_home_that_can_be_written_images_are_kept_among_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNKNOT_CACHE")
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
    is_writable = cache._is_writable
    monkeypatch.setattr(cache, "_is_writable", lambda folder: False)
    for usual in (None, tmp_path / "closed"):
        monkeypatch.setattr(cache, "_usual_folder", lambda usual=usual: usual)
        folder = cache.cache_folder()
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
        (note,) = cache.cache_notes()
        assert str(folder) in note
    monkeypatch.setattr(cache, "_is_writable", is_writable)
    monkeypatch.setattr(cache, "_usual_folder", lambda: tmp_path / "usual")
    assert cache.cache_folder() == tmp_path / "usual"
    assert cache.cache_notes() == ()


def test_a_temporary_folder_of_somebody_else_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNKNOT_CACHE")
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(cache, "_usual_folder", lambda: None)
    cache.cache_folder().rmdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"unknot-{cache.os.getuid()}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="belongs to somebody else"):
        cache.cache_folder()
