"""Which test images the blind test shows."""

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.data.splits import SPLITS
from unknot.experiments.experiment import Experiment
from unknot.report.blind.codes import LEAST_TRIALS, read_blind_codes, spare_rows
from unknot.report.figures.sheets import SAMPLE_SEED, sample_indices
from unknot.training.monitors import NUM_FRAME_IMAGES


def test_images_are_neither_in_the_sample_nor_among_those_of_the_training() -> None:
    images = np.arange(1_000, 1_400)
    rows = spare_rows(images, 2_000, 19)
    assert len(rows) == len(set(rows)) == 20
    assert rows.min() >= NUM_FRAME_IMAGES
    sample = sample_indices(2_000, rng=np.random.default_rng(SAMPLE_SEED))
    assert not np.isin(images[rows], sample).any()
    assert not np.array_equal(rows, spare_rows(images, 2_000, 20))


def test_the_sample_takes_images_away() -> None:
    images = np.arange(40)  # all of them are in the sample
    assert len(spare_rows(images, 40, 19)) == 0


def test_codes_are_those_of_the_test_images(trained: Experiment) -> None:
    run = trained.run(beta=2)
    images = run.files.open_images()
    codes = read_blind_codes(run, 19)
    assert np.array_equal(codes.images, images.indices("test"))
    frames = run.frames()["images"]
    assert len(frames) == NUM_FRAME_IMAGES
    shown = images.images[codes.images[codes.spare]]
    assert not any(np.array_equal(image, frame) for image in shown for frame in frames)
    again = run.encode(images.images[codes.images])
    assert codes.mean == pytest.approx(again, abs=1e-4)


def test_too_few_images_are_said(copied: Experiment) -> None:
    run = copied.run(beta=2)
    with np.load(run.files.codes) as arrays:
        contents = dict(arrays)
    test = np.flatnonzero(contents["split"] == SPLITS.index("test"))
    contents["split"][test[NUM_FRAME_IMAGES + 3 :]] = SPLITS.index("validation")
    np.savez(run.files.codes, **contents)
    run.files.mark_done()
    with pytest.raises(UserError, match=f"shown nowhere else, and a test needs {LEAST_TRIALS}"):
        read_blind_codes(run, 19)
