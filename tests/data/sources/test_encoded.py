"""Encoded pictures, wherever they lie."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import fill, picture
from unknot.common.errors import UserError
from unknot.data.load import load_images


def test_unreadable_files_among_good_ones_are_named_skipped_and_counted(tmp_path: Path) -> None:
    fill(tmp_path, 38)
    good = (tmp_path / "0003.png").read_bytes()
    (tmp_path / "0003x.png").write_bytes(good[: len(good) // 2])
    (tmp_path / "0005x.jpg").write_text("a text file")
    images = load_images(tmp_path, size=32)
    assert len(images) == 38
    assert list(images.info["unreadable"]) == ["0003x.png", "0005x.jpg"]
    assert images.names == tuple(f"{i:04d}.png" for i in range(38))
    for i in (0, 3, 4, 5, 6, 37):
        expected = np.asarray(picture(i).resize((32, 32), Image.Resampling.BICUBIC))
        assert np.array_equal(images.images[i], expected.transpose(2, 0, 1))


def test_too_many_unreadable_files_are_an_error(tmp_path: Path) -> None:
    fill(tmp_path, 10)
    for i in range(2):
        (tmp_path / f"bad{i}.jpg").write_text("text")
    with pytest.raises(UserError, match=r"2 of 12 .*bad0.jpg: not a picture.*1 in 10"):
        load_images(tmp_path, size=32)


def test_a_picture_that_can_be_read_again_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from unknot.data.sources import files

    folder = fill(tmp_path / "images", 20)
    closed = {"0003.png"}
    listed = files.list_folder

    def with_closed(path: Path, contents: object) -> object:
        pictures = listed(path, contents)

        def read(index: int) -> bytes:
            if pictures.names[index] in closed:
                raise files.UnreadableImage("Permission denied", is_passing=True)
            return pictures.read(index)

        return files.ImageFiles(names=pictures.names, read=read, stamps=pictures.stamps)

    monkeypatch.setattr(files, "list_folder", with_closed)
    assert list(load_images(folder, size=32).info["unreadable"]) == ["0003.png"]
    closed.clear()
    images = load_images(folder, size=32)
    assert len(images) == 20
    assert images.info["unreadable"] == {}


def test_frames_of_a_file_share_its_split_and_its_labels(tmp_path: Path) -> None:
    folder = tmp_path / "movies"
    folder.mkdir()
    for i in range(30):
        frames = [Image.new("L", (32, 32), 8 * i + k) for k in range(3)]
        frames[0].save(folder / f"{i:02d}.tif", save_all=True, append_images=frames[1:])
    rows = "\n".join(["file,odd", *(f"{i:02d}.tif,{i % 2}" for i in range(30))])
    (folder / "labels.csv").write_text(rows)
    first = load_images(folder, size=32)
    assert len(first) == 30
    assert any("60 were left" in note for note in first.info["notes"])
    images = load_images(folder, size=32, frames="all")
    assert images.names[:4] == ("00.tif#1", "00.tif#2", "00.tif#3", "01.tif#1")
    values = images.images[:, 0, 0, 0]
    assert values.tolist() == [8 * i + k for i in range(30) for k in range(3)]
    assert images.labels.attributes[:, 0].tolist() == (values // 8 % 2).tolist()
    assert (images.labels.split.reshape(30, 3) == images.labels.split[::3, None]).all()
    assert images.info["num_duplicates"] == 0
