"""Animations of sheets."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unknot.common.errors import UserError
from unknot.report.figures import animations


def test_traversals_move_one_latent_a_row_in_order_of_kl() -> None:
    seen = []

    def decode(codes: np.ndarray) -> np.ndarray:
        seen.append(codes)
        return np.zeros((len(codes), 1, 8, 8), np.uint8)

    codes = np.random.default_rng(0).normal(size=(4, 3))
    kl = np.array([0.5, 2.0, 1.0])
    values = np.array([-1.0, 0.0, 1.0])
    frames = animations.traversal_frames(decode, codes, kl, values)
    assert len(frames) == 3
    traversed = seen[0].reshape(3, 3, 4, 3)  # frame, row, column, latent
    for frame, value in enumerate(values):
        for row, latent in enumerate((1, 2, 0)):
            expected = codes.copy()
            expected[:, latent] = value
            assert np.array_equal(traversed[frame, row], expected)


def test_there_and_back_has_no_jump() -> None:
    frames = [Image.new("L", (1, 1), i) for i in range(4)]
    assert [f.getpixel((0, 0)) for f in animations.there_and_back(frames)] == [0, 1, 2, 3, 2, 1]


@pytest.mark.parametrize("suffix", ["avif", "gif", "webp"])
def test_animations_come_back(suffix: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (64, 64), (i * 60, 30, 30)) for i in range(4)]
    path = tmp_path / f"a.{suffix}"
    animations.save_animation(frames, path, milliseconds=50)
    with Image.open(path) as picture:
        assert picture.n_frames == 4
        picture.seek(3)
        assert abs(picture.convert("RGB").getpixel((30, 30))[0] - 180) < 8
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_unknown_formats_are_refused() -> None:
    with pytest.raises(UserError, match="avif, gif, webp, png"):
        animations.available_format("mp4")


def test_reconstructions_have_a_frame_for_each_step() -> None:
    images = np.zeros((2, 1, 8, 8), np.uint8)
    frames = animations.reconstruction_frames(
        images, np.stack([images, images, images]), np.array([1, 5, 10])
    )
    assert len(frames) == 3
    assert len({frame.size for frame in frames}) == 1


def test_a_sheet_moves_one_code_along_each_latent() -> None:
    seen = []

    def decode(codes: np.ndarray) -> np.ndarray:
        seen.append(codes)
        return np.zeros((len(codes), 1, 8, 8), np.uint8)

    values = animations.traversal_values((-2.0, 2.0), 3)
    assert values.tolist() == [-2, 0, 2]
    animations.traversal_sheet(decode, np.array([5.0, 7.0]), np.array([0.5, 2.0]), values)
    assert seen[0].tolist() == [[5, -2], [5, 0], [5, 2], [-2, 7], [0, 7], [2, 7]]


def test_a_picture_is_written(tmp_path: Path) -> None:
    animations.save_picture(Image.new("RGB", (2, 2)), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (2, 2)


def test_what_pillow_cannot_write_gives_way_to_webp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unknot.report.figures.animations.features.check", lambda name: False)
    assert animations.available_format("gif") == ("gif", None)
    suffix, note = animations.available_format("avif")
    assert suffix == "webp"
    assert "wrote WebP instead" in (note or "")
