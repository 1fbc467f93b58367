"""Files that somebody else may have made are read within limits, or refused in one line."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unknot.common import reading
from unknot.common.errors import UserError
from unknot.common.files import write_arrays, write_json
from unknot.common.reading import (
    DamageError,
    check_within,
    damage_named,
    read_arrays,
    read_file,
    read_json,
)


@pytest.mark.parametrize("read", [read_json, read_arrays])
def test_a_missing_or_damaged_file_is_one_line(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(UserError, match="file is missing; the folder is incomplete"):
        read(path)
    for content in (b"", b"{", b"\xff\xfe", b"PK\x03\x04"):
        path.write_bytes(content)
        with pytest.raises(DamageError, match=r"file is damaged.*delete it and run") as caught:
            read(path)
        assert "\n" not in str(caught.value)


def test_arrays_cut_short_are_damaged(tmp_path: Path) -> None:
    path = tmp_path / "arrays.npz"
    write_arrays(path, {"noise": np.random.default_rng(0).random(1000)})
    content = path.read_bytes()
    for size in (20, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(UserError, match="is damaged"):
            read_arrays(path)


@pytest.mark.parametrize("document", [[], {}, {"a": 1}, {"a": []}, {"a": ["x"]}])
def test_a_document_that_does_not_fit_is_one_line(document: Any, tmp_path: Path) -> None:
    damaged = pytest.raises(
        UserError, match=r"file is damaged \((no field|a list|a value).*; delete"
    )
    with damaged, damage_named(tmp_path / "file"):
        float(document["a"][0])


def test_an_error_that_is_told_already_is_left_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^another$"), damage_named(tmp_path / "file"):
        raise UserError("another")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "run", tmp_path / "secret.json"
    inside.mkdir()
    write_json(outside, 1)
    write_json(inside / "file.json", 2)
    (inside / "link.json").symlink_to(outside)
    (inside / "near.json").symlink_to("file.json")
    assert read_json(inside / "near.json", within=inside) == 2
    assert read_json(inside / "link.json") == 1  # the user's own links are his own
    with pytest.raises(UserError, match=r"link.json is a link to .*secret.json, outside"):
        read_json(inside / "link.json", within=inside)
    with pytest.raises(UserError, match="outside"):
        check_within(inside / ".." / "secret.json", inside)


def test_a_circle_of_links_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UserError, match=r"a cannot be (followed|read)"):
        read_file(tmp_path / "a", within=tmp_path)


def test_what_is_no_regular_file_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=r"pipe is not a regular file; move it away"):
        read_file(tmp_path / "pipe")
    with pytest.raises(UserError, match=r"folder is a folder where a file should be"):
        read_file(tmp_path / "folder")


def test_a_file_that_may_not_be_read_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(reading.os, "open", refuse)
    with pytest.raises(UserError, match=r"may not be read by you; .*chmod"):
        read_json(tmp_path / "file.json")


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UserError, match="has 1,099,511,627,776 bytes, more than the"):
        read_json(tmp_path / "sparse")


def test_an_archive_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_arrays(tmp_path / "zeros.npz", {"zeros": np.zeros(100_000)})
    monkeypatch.setattr(reading, "MOST_ARRAY_BYTES", 100_000)
    with pytest.raises(UserError, match="would unpack to 800,"):
        read_arrays(tmp_path / "zeros.npz")


@pytest.mark.parametrize("content", ["[" * 100_000, "1" * 5_000, '{"a": ' * 50_000])
def test_json_that_python_cannot_hold_is_damaged(content: str, tmp_path: Path) -> None:
    (tmp_path / "file.json").write_text(content)
    with pytest.raises(UserError, match=r"file.json is damaged \(") as caught:
        read_json(tmp_path / "file.json")
    assert len(str(caught.value)) < 400
