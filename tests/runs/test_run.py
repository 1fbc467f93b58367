"""A trained run, opened again."""

import csv
from pathlib import Path

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.experiments.experiment import Experiment
from unknot.runs.folder import RunFolder
from unknot.runs.run import Run


def test_encode_and_decode(trained: Experiment, small_faces: ImageSet) -> None:
    run = trained.run(beta=0.5)
    codes = run.encode(small_faces)
    assert codes.shape == (200, 3)
    assert np.allclose(codes[:5], run.encode(small_faces.images[:5]), atol=1e-5)
    assert run.decode(codes).shape == (200, 3, 32, 32)
    assert run.decode(codes).dtype == np.uint8
    with pytest.raises(UserError, match=r"takes \(num, 3\)"):
        run.decode(np.zeros((2, 4)))
    with pytest.raises(UserError, match="this run takes uint8"):
        run.encode(np.zeros((2, 1, 32, 32), np.uint8))


def test_what_training_left_is_read(trained: Experiment) -> None:
    run = trained.run(beta=2)
    assert run.name == "beta-2_seed-0"
    assert run.image_shape == (3, 32, 32)
    assert run.kl.sum() == pytest.approx(run.evaluation.test.rate)
    assert run.history("validation")[-1]["step"] == 12
    frames = run.frames()
    assert frames["reconstructions"].shape == (len(frames["steps"]), 8, 3, 32, 32)


def test_codes_are_written_as_arrays_and_as_a_table(
    trained: Experiment, small_faces: ImageSet, tmp_path: Path
) -> None:
    run = trained.run(beta=2)
    for name in ("codes.npz", "codes.csv"):
        run.write_codes(small_faces, tmp_path / name)
    with np.load(tmp_path / "codes.npz", allow_pickle=False) as arrays:
        mean, names = arrays["posterior_mean"], arrays["name"]
    assert np.allclose(mean, run.encode(small_faces))
    with (tmp_path / "codes.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == names.tolist()
    assert np.allclose([float(row["mean_1"]) for row in rows], mean[:, 1])


def test_a_run_that_is_not_trained_to_its_end(small_faces: ImageSet, tmp_path: Path) -> None:
    RunFolder(tmp_path / "run").create(RunConfig(), small_faces)
    with pytest.raises(UserError, match="is not trained to its end; run its command again"):
        Run(tmp_path / "run")
