"""Codecs are opened by their kind."""

from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.experiments.experiment import Experiment
from unknot.runs.codecs import open_codec


def test_a_run_is_opened_by_its_kind(trained: Experiment) -> None:
    codec = open_codec("run", trained.run(beta=2).folder)
    assert (codec.latent_dim, codec.image_shape) == (3, (3, 32, 32))


def test_what_is_no_codec_or_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="codec is 'torch'; it can be run"):
        open_codec("torch", tmp_path)
    with pytest.raises(UserError, match="is not the folder of a run"):
        open_codec("run", tmp_path)
