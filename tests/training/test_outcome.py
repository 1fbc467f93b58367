"""What a trained run leaves for others."""

import numpy as np
import pytest

from tests.training.tiny import LINEAR, tiny
from unknot.common.reading import read_arrays
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.runs.evaluation import Evaluation
from unknot.runs.folder import RunFolder
from unknot.runs.history import read_history
from unknot.runs.inference import encode_images, evaluate_elbo
from unknot.training.fit import TrainedModel, fit
from unknot.training.outcome import save_outcome


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return RunFolder(tmp_path_factory.mktemp("outcome"))


@pytest.fixture(scope="module")
def finished(folder: RunFolder, small_faces: ImageSet) -> TrainedModel:
    config = RunConfig(2.0, 5, model=LINEAR, training=tiny(precision="bfloat16"))
    finished = fit(config, small_faces, folder, device="cpu")
    save_outcome(folder, finished, small_faces)
    return finished


def test_losses_are_those_of_the_held_out_images(
    folder: RunFolder, finished: TrainedModel, small_faces: ImageSet
) -> None:
    evaluation = Evaluation.load(folder.evaluation)
    rows = small_faces.indices("test")
    test = evaluate_elbo(finished.model, small_faces.images, rows, seed=5)
    assert evaluation.test.distortion == test.distortion
    assert evaluation.test.rate == test.rate
    assert evaluation.test.kl == tuple(test.kl)
    assert evaluation.test.elbo == test.elbo
    assert evaluation.test.num_images == len(rows)
    last = read_history(folder.history, "validation")[-1]
    assert evaluation.validation.distortion == last["distortion"]
    assert evaluation.validation.rate == last["rate"]
    assert evaluation.validation.kl == tuple(last["kl"])
    assert evaluation.validation.num_images == len(small_faces.indices("validation"))


def test_how_it_was_computed_is_said(folder: RunFolder, finished: TrainedModel) -> None:
    evaluation = Evaluation.load(folder.evaluation)
    assert evaluation.strategy == "single"
    assert evaluation.precision == "float32"
    assert "no layers for bfloat16" in evaluation.note
    assert evaluation.scores is None


def test_codes_stand_beside_all_that_is_known_of_the_images(
    folder: RunFolder, finished: TrainedModel, small_faces: ImageSet
) -> None:
    codes = read_arrays(folder.codes)
    rows = np.concatenate([small_faces.indices("validation"), small_faces.indices("test")])
    assert np.array_equal(codes["image"], rows)
    assert codes["name"].tolist() == [small_faces.names[row] for row in rows]
    posterior = encode_images(finished.model, small_faces.images, rows)
    assert np.allclose(codes["posterior_mean"], posterior.mean, atol=1e-5)
    assert np.allclose(codes["posterior_logvar"], posterior.logvar, atol=1e-5)
    labels = small_faces.labels
    for name in ("split", "attributes", "factors", "groups"):
        assert np.array_equal(codes[name], getattr(labels, name)[rows])
    assert tuple(codes["factor_names"]) == labels.factor_names
    assert tuple(codes["attribute_names"]) == labels.attribute_names
