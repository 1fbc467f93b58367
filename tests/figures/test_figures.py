"""Sheets, animations and plots."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unknot.errors import UserError
from unknot.figures import animations, plots
from unknot.figures.sheets import GAP, random_sample, sheet


def tiles(rows: int, columns: int, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (rows, columns, channels, 8, 8), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_stands_in_its_place(channels: int) -> None:
    images = tiles(2, 3, channels)
    page = np.asarray(sheet(images))
    for row in range(2):
        for column in range(3):
            top, left = GAP + row * (8 + GAP), GAP + column * (8 + GAP)
            expected = np.broadcast_to(images[row, column], (3, 8, 8)).transpose(1, 2, 0)
            assert np.array_equal(page[top : top + 8, left : left + 8], expected)


def test_words_stand_beside_and_above() -> None:
    images = tiles(2, 3)
    plain, labelled = sheet(images), sheet(images, row_labels=("one", "two"), title="step 7")
    assert labelled.size[0] > plain.size[0]
    assert labelled.size[1] > plain.size[1]
    assert np.asarray(labelled)[:16].min() < 100  # the title's ink


def test_a_sample_of_few_images_is_smaller() -> None:
    images = tiles(1, 7)[0]
    assert random_sample(images, rng=np.random.default_rng(0)).size == (7 * 10 + 2, 12)


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
    moved = seen[0].reshape(3, 3, 4, 3)  # frame, row, column, latent
    for frame, value in enumerate(values):
        for row, latent in enumerate((1, 2, 0)):
            expected = codes.copy()
            expected[:, latent] = value
            assert np.array_equal(moved[frame, row], expected)


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


def test_plots_are_svg_and_the_same_for_the_same_numbers() -> None:
    lines = [
        {"step": s, "distortion": 9.0 / s, "rate": s / 2, "kl": [0.1 * s, 0.2]} for s in (1, 2, 3)
    ]
    first, second = (plots.to_svg(plots.training_curves(lines, lines)) for _ in range(2))
    assert first.startswith("<svg")
    assert first == second
    assert "validation" in plots.to_svg(plots.training_curves(lines, lines))
    plane = plots.to_svg(plots.rate_distortion([("beta 1", 3.0, 9.0), ("beta 2", 2.0, 10.0)]))
    assert "beta 2" in plane
