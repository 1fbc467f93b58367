"""A run as a codec."""

from pathlib import Path

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.experiments.experiment import Experiment
from unknot.runs.codecs import CODECS, open_codec
from unknot.runs.codecs.run import open_run


def test_a_run_takes_images_to_codes_and_back(trained: Experiment) -> None:
    run = trained.run(beta=2)
    codec = open_run(run.folder)
    images = np.zeros((2, 3, 32, 32), np.uint8)
    assert (codec.latent_dim, codec.image_shape) == (3, (3, 32, 32))
    posterior = codec.posterior(images)
    assert posterior.mean.shape == posterior.logvar.shape == (2, 3)
    assert np.array_equal(posterior.mean.numpy(), run.encode(images))
    assert codec.decode(posterior.mean.numpy()).shape == (2, 3, 32, 32)


def test_a_codec_is_opened_by_its_kind(trained: Experiment) -> None:
    assert list(CODECS) == ["run"]
    assert open_codec("run", trained.run(beta=2).folder).latent_dim == 3
    with pytest.raises(UserError, match="codec is 'runs'; did you mean 'run'"):
        open_codec("runs", trained.folder)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not the folder of a run"):
        open_codec("run", tmp_path)
