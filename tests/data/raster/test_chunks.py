"""The work of one thread."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unknot.data.preparation import Preparation
from unknot.data.raster.chunks import (
    ColorFound,
    Plan,
    Tally,
    decode_chunk,
    decode_images,
    digest_of,
    read_content,
)
from unknot.data.raster.picture_files import UnreadableImage


def _picture(color: object, mode: str = "L") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (32, 32), color).save(buffer, "PNG")
    return buffer.getvalue()


def _plan(contents: list[bytes], **options: object) -> Plan:
    preparation = Preparation(size=32, crop="none")
    return Plan(read=contents.__getitem__, preparation=preparation, frames="first", **options)


def test_rows_of_some_pictures(tmp_path: Path) -> None:
    contents = [_picture(i) for i in range(5)]
    contents[2] = b"text"
    tally, rows = decode_chunk(_plan(contents), tmp_path, range(1, 5))
    with rows:
        rows.seek(0)
        pixels = np.frombuffer(rows.read(), np.uint8).reshape(-1, 32, 32)
    assert pixels[:, 0, 0].tolist() == [1, 3, 4]
    assert tally.rows == [(1, 0), (3, 0), (4, 0)]
    assert list(tally.unreadable) == [2]
    assert tally.digests[0] == digest_of(contents[1])


def test_tallies_are_added_in_order() -> None:
    first, second = Tally(rows=[(0, 0)], damaged=1), Tally(rows=[(1, 0)], raw_rows={"16-bit": [0]})
    first.add(second)
    assert first.rows == [(0, 0), (1, 0)]
    assert first.raw_rows == {"16-bit": [1]}


def test_a_color_where_none_was_expected(tmp_path: Path) -> None:
    plan = _plan([_picture((200, 0, 0), "RGB")], checks_color=True)
    with pytest.raises(ColorFound):
        list(decode_images(plan, read_content(plan, 0)))
    grey = _plan([_picture((90, 90, 91), "RGB")], checks_color=True)
    (image,) = decode_images(grey, read_content(grey, 0))
    assert image.was_in_color
    assert image.pixels.shape == (1, 32, 32)


def test_a_file_that_cannot_be_had(tmp_path: Path) -> None:
    def read(index: int) -> bytes:
        raise OSError(5, "Input/output error")

    plan = Plan(read=read, preparation=Preparation(size=32), frames="first")
    with pytest.raises(UnreadableImage, match="Input/output error") as error:
        read_content(plan, 0)
    assert error.value.is_passing
