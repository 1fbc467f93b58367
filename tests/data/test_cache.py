"""The cache of prepared images."""

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
        cache.cached_entry("name", 1, lambda folder: True, fail)
    assert [path.name for path in cache.cache_folder().iterdir()] == ["name.lock"]
