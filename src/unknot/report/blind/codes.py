"""Codes of a run's test images, and which of these images the page shows nowhere else."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.splits import SPLITS
from unknot.metrics.posterior import ACTIVE_VARIANCE
from unknot.report.figures.sheets import SAMPLE_SEED, sample_indices
from unknot.runs.held_out import read_codes
from unknot.runs.run import Run
from unknot.training.monitors import NUM_FRAME_IMAGES

FloatArray = NDArray[np.float64]
Rows = NDArray[np.int64]

LEAST_TRIALS, MOST_TRIALS, TYPICAL_TRIALS = 8, 20, 12


class BlindCodes(NamedTuple):
    """Codes of a run's test images.

    Attributes:
        mean: posterior means, shape `(num, latent_dim)`.
        images: number of each image among all, shape `(num,)`.
        active: indices of the active latents.
        spare: rows of the images that the blind test alone shows.
    """

    mean: FloatArray
    images: Rows
    active: Rows
    spare: Rows


def read_blind_codes(run: Run, seed: int) -> BlindCodes:
    """Read what the trials of a run are made of.

    Raises:
        UserError: if its codes are missing or damaged, or the images are too few.
    """
    arrays = read_codes(run.files)
    is_test = arrays["split"] == SPLITS.index("test")
    mean = arrays["posterior_mean"][is_test].astype(np.float64)
    images = arrays["image"][is_test]
    spare = spare_rows(images, run.files.read_images().shape[0], seed)
    if len(spare) < LEAST_TRIALS:
        raise UserError(
            f"only {len(spare)} test images are shown nowhere else, and a test needs {LEAST_TRIALS}"
        )
    return BlindCodes(
        mean=mean,
        images=images,
        active=np.flatnonzero(mean.var(0) > ACTIVE_VARIANCE),
        spare=spare,
    )


def spare_rows(images: Rows, num_images: int, seed: int) -> Rows:
    """Choose the test images that the blind test alone shows, the same for every run.

    They are neither among those that are reconstructed over training nor in the random sample;
    a section that shows other test images leaves these out.

    Args:
        images: number of each test image among all, shape `(num,)`.
        num_images: how many there are in all.
        seed: of the blind test.

    Returns:
        Rows of `images`, ascending, at most 20.
    """
    sample = sample_indices(num_images, rng=np.random.default_rng(SAMPLE_SEED))
    rows = np.arange(NUM_FRAME_IMAGES, len(images))
    rows = rows[~np.isin(images[rows], sample)]
    chosen = np.random.default_rng([seed, *b"images"]).permutation(rows)[:MOST_TRIALS]
    return np.sort(chosen)
