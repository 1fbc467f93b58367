"""HEIC, decoded in another process."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import picture
from unknot.data.child import Child
from unknot.data.raster.heic import HeicReaders, is_heic

pillow_heif = pytest.importorskip("pillow_heif")


def encoded(**options: object) -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(picture(0, (64, 48))).save(buffer, quality=-1, **options)
    return buffer.getvalue()


def die(request: bytes) -> bytes:
    os.abort()


def test_it_is_what_pillow_gives_in_this_process() -> None:
    content = encoded(exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0")
    with HeicReaders() as readers:
        first, second = (readers.decode(content) for _ in range(2))
    pillow_heif.register_heif_opener()
    expected = Image.open(io.BytesIO(content))
    assert np.array_equal(first, expected)
    assert np.array_equal(first, second)
    assert first.info.get("exif") == expected.info.get("exif")


def test_one_that_is_damaged_or_kills_its_reader_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = encoded()
    with HeicReaders() as readers:
        with pytest.raises(ValueError, match=r"."):
            readers.decode(content[: len(content) // 2])
        assert readers.decode(content).size == (64, 48)
        readers._idle.append(Child(f"{__name__}:die"))
        with pytest.raises(ValueError, match="its reader crashed"):
            readers.decode(content)
        assert readers.decode(content).size == (64, 48)


def test_too_many_pixels_are_refused_by_its_header() -> None:
    with HeicReaders() as readers:
        assert readers.decode(encoded(), 64 * 48).size == (64, 48)
        with pytest.raises(ValueError, match="64x48 has more than 3,071 pixels"):
            readers.decode(encoded(), 64 * 48 - 1)


def test_it_is_known_by_its_brand() -> None:
    assert is_heic(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    assert is_heic(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic")
    assert not is_heic(b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif")
    assert not is_heic(b"\x89PNG\r\n\x1a\n" + bytes(20))
