"""Each source knows what is its own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.command_line import folder_of_images
from unknot.common.plugins import load_plugin
from unknot.data.sources import SOURCES, as_path, find_source


def _entry(name: str) -> Any:
    return load_plugin("source", name, SOURCES)


@pytest.mark.parametrize("name", ["faces", "sprites"])
def test_built_in_data_is_known_by_its_name(name: str) -> None:
    assert find_source(name) is _entry(name)


def test_a_folder_a_zip_and_an_archive_are_known_by_their_path(tmp_path: Path) -> None:
    folder = folder_of_images(tmp_path / "images", 3)
    assert find_source(str(folder)) is _entry("folder")
    (tmp_path / "images.zip").write_bytes(b"PK")
    assert find_source(tmp_path / "images.zip") is _entry("zip")
    np.savez(tmp_path / "images.npz", imgs=np.zeros((3, 8, 8), np.uint8))
    assert find_source(tmp_path / "images.npz") is _entry("archive")
    for name in ("shard-0.tar", "shard-0.tar.gz"):
        (tmp_path / name).write_bytes(b"")
        assert find_source(tmp_path / name) is _entry("tar")
    (tmp_path / "images.parquet").write_bytes(b"")
    assert find_source(tmp_path / "images.parquet") is _entry("parquet")


def test_what_is_in_memory_is_known_by_its_type() -> None:
    assert find_source(np.zeros((3, 8, 8), np.uint8)) is _entry("memory")
    assert find_source([Image.new("RGB", (8, 8))]) is _entry("memory")


def test_a_path_begins_at_home() -> None:
    assert as_path("~/images") == Path.home() / "images"
