"""A run's pictures in its folder."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.report.small import LATENT_DIM, SHAPE, small_config, small_run
from unknot.models.vae import Posterior
from unknot.report.run_figures import (
    TRAVERSAL_COLUMNS,
    draw_figures,
    draw_reconstructions,
    draw_traversals,
    prior_codes,
    traversal_animation,
    traversal_still,
)
from unknot.runs.codecs import Codec
from unknot.runs.run import Run


class PaintedCodec:
    """A codec that is no run: each image is as bright as its first latent."""

    latent_dim = 2
    image_shape = (1, 8, 8)

    def posterior(self, images: np.ndarray) -> Posterior:
        raise NotImplementedError

    def decode(self, codes: np.ndarray) -> np.ndarray:
        levels = np.clip(128 + 100 * codes[:, 0], 0, 255).astype(np.uint8)
        return np.broadcast_to(levels[:, None, None, None], (len(codes), 1, 8, 8)).copy()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return small_run(tmp_path, small_config().runs()[0])


def test_a_run_gets_all_its_pictures(run: Run) -> None:
    run.files.history.write_text(
        "".join(
            f'{{"split": "{split}", "step": {step}, "distortion": 9.0, "rate": 1.0, '
            '"kl": [1.0, 0.0, 0.0], "seconds": 1.0}\n'
            for step in (6, 12)
            for split in ("train", "validation")
        )
    )
    run.files.curves.unlink()
    draw_figures(run)
    assert "<svg" in run.files.curves.read_text()
    with Image.open(run.files.traversals) as picture:
        assert picture.size[0] > TRAVERSAL_COLUMNS * SHAPE[2]
    names = {path.stem for path in run.folder.iterdir()}
    assert {"reconstructions", "traversals", "curves"} <= names


def test_reconstructions_have_a_frame_for_every_recorded_step(run: Run) -> None:
    path, note = draw_reconstructions(run, run.folder, format="gif")
    assert (path.name, note) == ("reconstructions.gif", "")
    with Image.open(path) as picture:
        assert picture.n_frames == 3


def test_other_traversals_get_names_of_their_own(run: Run, tmp_path: Path) -> None:
    codes = np.zeros((1, LATENT_DIM), np.float32)
    names = [
        draw_traversals(run, tmp_path, format="png")[0].name,
        draw_traversals(run, tmp_path, codes=codes, format="png")[0].name,
        draw_traversals(run, tmp_path, span=(-3, 3), format="png")[0].name,
    ]
    assert names == ["traversals.png", "traversals_images.png", "traversals_-3_3.png"]


def test_every_run_starts_from_the_same_samples(run: Run, tmp_path: Path) -> None:
    other = small_run(tmp_path, small_config(seeds=(7,)).runs()[1])
    assert prior_codes(run).shape == (TRAVERSAL_COLUMNS, LATENT_DIM)
    assert np.array_equal(prior_codes(run), prior_codes(other))


def test_any_codec_can_be_traversed() -> None:
    codec: Codec = PaintedCodec()
    kl, codes = np.array([0.1, 2.0]), prior_codes(codec)
    assert codes.shape == (TRAVERSAL_COLUMNS, 2)
    frames = traversal_animation(codec, kl, codes, (-1.0, 1.0))
    assert len(frames) == 40
    still = np.asarray(traversal_still(codec, kl, np.zeros(2), (-1.0, 1.0)))
    row = still[-6]  # of the last latent by rate, which sets the brightness
    assert {28, 228} <= set(np.unique(row))
