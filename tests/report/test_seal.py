"""Nobody but this user's unknot can make a seal."""

import stat
from pathlib import Path

import pytest

from unknot.report.seal import KEY, KEY_BYTES, is_sealed, seal


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache without a key."""
    monkeypatch.setenv("UNKNOT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_seal_is_of_one_text_and_one_user(cache: Path) -> None:
    mark = seal("a page")
    assert is_sealed("a page", mark)
    assert not is_sealed("another page", mark)
    assert not is_sealed("a page", "")
    assert seal("a page") == mark
    (cache / KEY).write_bytes(bytes(KEY_BYTES))
    assert not is_sealed("a page", mark)


def test_the_user_alone_can_read_the_key(cache: Path) -> None:
    seal("a page")
    assert stat.S_IMODE((cache / KEY).stat().st_mode) == 0o600
    assert [path.name for path in cache.iterdir()] == [KEY]


def test_a_key_of_another_length_is_replaced(cache: Path) -> None:
    cache.mkdir()
    (cache / KEY).write_bytes(b"short")
    assert not is_sealed("a page", "mark")
    assert is_sealed("a page", seal("a page"))


def test_where_nothing_can_be_written_nothing_is_sealed(cache: Path) -> None:
    cache.write_text("a file")
    assert seal("a page") == ""
    assert not is_sealed("a page", "")
