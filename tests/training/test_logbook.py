"""What a run writes down while it trains."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.tiny import LINEAR, tiny
from unknot.common.reading import read_json
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.runs.folder import RunFolder
from unknot.runs.history import read_history
from unknot.training.fit import fit
from unknot.training.trainer import Trainer

CONFIG = RunConfig(2.0, 3, model=LINEAR, training=tiny(precision="float32"))


def test_the_beta_is_written_on_other_scales(small_faces: ImageSet, tmp_path: Path) -> None:
    config = replace(CONFIG, model=replace(LINEAR, sigma=0.5))
    Trainer(config, small_faces, RunFolder(tmp_path), "cpu").close()
    scales = read_json(RunFolder(tmp_path).scales)
    assert scales["beta"] == 2
    assert scales["beta_eff"] == pytest.approx(0.5)
    assert scales["beta_norm"] == pytest.approx(2 * 3 / 3072)
    assert scales["num_std_floored"] >= 0


def test_the_validation_loss_is_the_beta_vaes(small_faces: ImageSet, tmp_path: Path) -> None:
    """With the run's own beta, also while it is warming up."""
    config = replace(CONFIG, training=tiny(beta_warmup=25))
    fit(config, small_faces, RunFolder(tmp_path), device="cpu")
    lines = read_history(RunFolder(tmp_path).history, "validation")
    assert [line["step"] for line in lines] == [10, 20, 30]
    for line in lines:
        assert line["loss"] == pytest.approx(line["distortion"] + 2 * line["rate"], rel=1e-9)
