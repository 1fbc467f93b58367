"""Codes of held-out images beside what is known of the images."""

import numpy as np
import pytest

import unknot
from unknot.data.image_set import ImageSet
from unknot.experiments.experiment import Experiment
from unknot.runs.held_out import HeldOutCodes


def test_codes_hold_what_later_metrics_need(trained: Experiment, small_faces: ImageSet) -> None:
    run = trained.run(beta=2)
    with np.load(run.files.codes, allow_pickle=False) as codes:
        rows = np.concatenate([small_faces.indices("validation"), small_faces.indices("test")])
        assert np.array_equal(codes["image"], rows)
        assert codes["name"][0] == small_faces.names[rows[0]]
        assert codes["factors"].shape == (len(rows), 9)
        assert codes["factor_names"][0] == "skin_tone"
        mean = run.encode(small_faces)[rows]
        assert np.allclose(codes["posterior_mean"], mean, atol=1e-5)
        assert codes["posterior_logvar"].shape == mean.shape


def test_the_runs_own_images_give_its_test_images(
    trained: Experiment, small_faces: ImageSet
) -> None:
    run = trained.run(beta=2)
    saved, encoded = HeldOutCodes.load(run.files), HeldOutCodes.of(run, small_faces)
    assert len(saved.posterior_mean) == len(small_faces.indices("test"))
    np.testing.assert_allclose(encoded.posterior_mean, saved.posterior_mean, atol=1e-5)
    np.testing.assert_array_equal(encoded.labels, saved.labels)
    assert encoded.label_names == saved.label_names


def test_other_images_are_encoded_whole_with_missing_labels_as_nan(trained: Experiment) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 3, 32, 32), np.uint8)
    smiling = np.tile([1, 0, -1], 10)
    images = unknot.load_images(
        pixels, size=32, attributes={"smiling": smiling}, factors={"age": np.arange(30.0)}
    )
    codes = HeldOutCodes.of(trained.run(beta=2), images)
    assert codes.label_names == ("age", "smiling")
    assert codes.labels.shape == (30, 2)
    assert np.isnan(codes.labels[:, 1]).sum() == 10
    assert codes.labels[:, 0] == pytest.approx(np.arange(30))
