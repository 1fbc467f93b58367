"""A whole set of pictures, decoded into one file."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unknot.data.decode import Decoded, decode_all, name_rows
from unknot.data.preparation import Preparation
from unknot.data.raster.picture_files import UnreadableImage


def _encode(picture: Image.Image, format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def _plain(value: int, mode: str = "L") -> bytes:
    color = value if mode == "L" else (value,) * 3
    return _encode(Image.new(mode, (32, 32), color))


def _decode(
    contents: Sequence[bytes], path: Path, *, color: str = "auto", **options: object
) -> tuple[np.ndarray, Decoded]:
    def read(index: int) -> bytes:
        return contents[index]

    return _decode_by(read, len(contents), path, color=color, **options)


def _decode_by(
    read: Callable[[int], bytes], num: int, path: Path, *, color: str = "auto", **options: object
) -> tuple[np.ndarray, Decoded]:
    file = path / "images.u8"
    preparation = Preparation(size=32, color=color)
    decoded = decode_all(read, num, preparation, file, **options)
    return np.fromfile(file, np.uint8).reshape(-1, *decoded.image_shape), decoded


def test_rows_are_those_of_the_pictures_that_can_be_read(tmp_path: Path) -> None:
    contents = [_plain(i % 200) for i in range(200)]
    contents[70] = b"text"
    images, decoded = _decode(contents, tmp_path)
    assert images.shape == (199, 1, 32, 32)
    assert images[:, 0, 0, 0].tolist() == [i % 200 for i in decoded.rows[:, 0]]
    assert decoded.unreadable == {70: "not a picture that Pillow can read"}
    assert decoded.passing == frozenset()


def test_one_colored_picture_anywhere_keeps_three_channels(tmp_path: Path) -> None:
    contents = [_plain(9)] * 1000
    contents[777] = _encode(Image.new("RGB", (32, 32), (200, 0, 0)))
    images, _ = _decode(contents, tmp_path)
    assert images.shape[1] == 3
    assert images[777, :, 0, 0].tolist() == [200, 0, 0]
    assert images[776, :, 0, 0].tolist() == [9, 9, 9]


def test_opacity_is_a_channel_of_every_picture_where_it_is_asked_for(tmp_path: Path) -> None:
    contents = [_plain(9), _encode(Image.new("RGBA", (32, 32), (200, 0, 0, 51)))]
    images, decoded = _decode(contents, tmp_path, color="rgba")
    assert decoded.image_shape == (4, 32, 32)
    assert images[:, :, 0, 0].tolist() == [[9, 9, 9, 255], [244, 204, 204, 51]]


def test_grey_pictures_that_are_stored_in_color_have_one_channel(tmp_path: Path) -> None:
    contents = [_plain(50, "RGB")] * 5
    images, decoded = _decode(contents, tmp_path)
    assert images.shape[1] == 1
    assert decoded.notes == (
        "stored in color but grey throughout: one channel; --color rgb keeps three",
    )
    assert _decode(contents, tmp_path, color="rgb")[0].shape[1] == 3


def test_a_small_colored_part_counts(tmp_path: Path) -> None:
    picture = Image.new("RGB", (64, 64), (90, 90, 90))
    picture.paste((200, 30, 30), (10, 10, 14, 14))
    assert _decode([_encode(picture)] * 3, tmp_path)[0].shape[1] == 3


def test_twelve_bits_have_one_range_for_all(tmp_path: Path) -> None:
    contents = [
        _encode(Image.fromarray(np.full((32, 32), value, np.uint16))) for value in (0, 2048, 4095)
    ]
    images, decoded = _decode(contents, tmp_path)
    assert images[:, 0, 0, 0].tolist() == [0, 128, 255]
    assert decoded.notes == ("16-bit files whose values end at 4,095: taken as 12 bits",)


def test_a_deep_picture_among_many_plain_ones_is_found(tmp_path: Path) -> None:
    contents = [_plain(100)] * 1000
    contents[777] = _encode(Image.fromarray(np.full((32, 32), 1023, np.uint16)))
    images, decoded = _decode(contents, tmp_path)
    assert images[777].min() == 255
    assert images[776].max() == 100
    assert "taken as 10 bits" in decoded.notes[0]


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (0, 255), (-5, 50)])
def test_floating_point_values_are_scaled(low: float, high: float, tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(low, high, 32, dtype=np.float32), (32, 1))
    images, decoded = _decode([_encode(Image.fromarray(ramp), "TIFF")] * 3, tmp_path)
    assert images.min() == 0
    assert images.max() == 255
    assert "floating-point" in decoded.notes[0]


def test_sixteen_bits_are_no_surprise(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 65_535, 32).astype(np.uint16), (32, 1))
    images, decoded = _decode([_encode(Image.fromarray(ramp))] * 3, tmp_path)
    assert np.abs(images[0, 0] - ramp / 257).max() <= 0.5
    assert decoded.notes == ()


def test_frames_are_left_and_said_or_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (32, 32), color) for color in ("red", "lime", "blue")]
    movie = _encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    images, decoded = _decode([movie, _plain(9)], tmp_path)
    assert decoded.rows.tolist() == [[0, 0], [1, 0]]
    assert decoded.notes == (
        "1 file holds several pages or frames: its first was taken, 2 were left; --frames all "
        "takes them",
    )
    images, decoded = _decode([movie, _plain(9)], tmp_path, frames="all")
    assert decoded.rows.tolist() == [[0, 0], [0, 1], [0, 2], [1, 0]]
    assert images[:3, :, 5, 5].tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    assert name_rows(["a.gif", "b.png"], decoded.rows) == ["a.gif#1", "a.gif#2", "a.gif#3", "b.png"]


def test_pages_of_a_tiff(tmp_path: Path) -> None:
    pages = [Image.new("L", (40 + 10 * i, 50), 80 * i) for i in range(4)]
    content = _encode(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    images, _ = _decode([content], tmp_path, frames="all")
    assert images[:, 0, 5, 5].tolist() == [0, 80, 160, 240]


def test_damaged_metadata_is_said_and_the_pixels_are_used(tmp_path: Path) -> None:
    good = Image.new("RGB", (32, 32), (10, 200, 10))
    content = _encode(good, icc_profile=b"no profile at all")
    images, decoded = _decode([content] * 3, tmp_path)
    assert images[0, :, 0, 0].tolist() == [10, 200, 10]
    assert decoded.notes == (
        "3 files have damaged metadata (EXIF or color profile): the pixels were used",
    )


def test_a_reason_that_may_pass_is_told_from_damage(tmp_path: Path) -> None:
    def read(index: int) -> bytes:
        if index == 1:
            raise UnreadableImage("Permission denied", is_passing=True)
        return _plain(9)

    _, decoded = _decode_by(read, 3, tmp_path)
    assert decoded.passing == {1}
    assert decoded.unreadable == {1: "Permission denied"}


def test_an_error_of_the_disk_may_pass_too(tmp_path: Path) -> None:
    def read(index: int) -> bytes:
        if index == 1:
            raise PermissionError(13, "Permission denied")
        return _plain(9)

    assert _decode_by(read, 3, tmp_path)[1].passing == {1}


def test_whole_numbers_and_fractions_have_a_range_each(tmp_path: Path) -> None:
    deep = _encode(Image.fromarray(np.full((32, 32), 65_535, np.uint16)))
    dark = _encode(Image.fromarray(np.zeros((32, 32), np.uint16)))
    half = _encode(Image.fromarray(np.full((32, 32), 0.5, np.float32)), "TIFF")
    images, _ = _decode([deep, dark, half], tmp_path)
    assert images[:, 0, 0, 0].tolist() == [255, 0, 128]
