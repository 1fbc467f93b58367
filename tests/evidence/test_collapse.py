"""Which betas can matter, before training."""

import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import unknot
from unknot.common.errors import UserError
from unknot.data.image_set import ImageSet
from unknot.data.pca import Spectrum
from unknot.evidence.collapse import (
    CollapsePrediction,
    ObservedCollapse,
    beta_warning,
    collapse_for,
    collapse_from_spectrum,
    predict_collapse,
    suggest_betas,
)
from unknot.experiments.setup import experiment_config
from unknot.models.objectives import OBJECTIVES, Loss, StepContext
from unknot.models.vae import Terms


@dataclass(frozen=True)
class ToyObjective:
    """An objective that the linear model does not describe."""

    needs_whole_batch: ClassVar[bool] = False
    quantities: ClassVar[tuple[str, ...]] = ()
    collapses_by_beta: ClassVar[bool] = False
    larger_beta_is_weaker: ClassVar[bool] = False
    beta_is: ClassVar[str] = "a strength"

    def loss(self, terms: Terms, at: StepContext) -> Loss:
        return Loss(terms.distortion.mean())


def _prediction(
    eigenvalues: list[float], latent_dim: int = 3, sigma: float = 1.0
) -> CollapsePrediction:
    spectrum = Spectrum(
        eigenvalues=np.array(eigenvalues),
        total=sum(eigenvalues) + 10.0,
        num_images=1_000,
        directions=np.empty((0, 0), np.float32),
    )
    return collapse_from_spectrum(spectrum, latent_dim, 100, sigma=sigma)


def test_the_linear_model_at_one_beta() -> None:
    """Latent i is active if its eigenvalue exceeds beta, and carries 0.5 ln(eigenvalue / beta)."""
    linear = _prediction([100, 50, 4, 1]).predict(10)
    assert linear.active == 2
    assert linear.rate == pytest.approx(0.5 * np.log(10 * 5))
    assert linear.distortion == pytest.approx(0.5 * (4 + 1 + 10 + 2 * 10))


def test_sigma_moves_the_collapse_betas() -> None:
    assert _prediction([100, 50, 4]).collapse_betas.tolist() == [100, 50, 4]
    assert _prediction([100, 50, 4], sigma=2.0).collapse_betas.tolist() == [25, 12.5, 1]
    assert _prediction([100, 50, 4], sigma=2.0).predict(13).active == 1


def test_more_latents_than_directions() -> None:
    prediction = _prediction([100, 50], latent_dim=4)
    assert prediction.collapse_betas.tolist() == [100, 50, 0, 0]
    assert all(beta > 0 for beta in prediction.suggested_betas)


def test_the_warning_names_the_lowest_collapse_beta() -> None:
    prediction = _prediction([3000, 1000, 448])
    assert "latents in use below beta 448, and your largest is 10" in prediction.warning([0.1, 10])
    assert prediction.warning([0.1, 10]).endswith("Betas that can matter: 1 45 150 450 1000")
    assert prediction.warning([1, 400]) == ""


def test_the_suggested_grid_spans_the_range() -> None:
    prediction = _prediction([3000, 1000, 448])
    assert prediction.suggested_betas[0] == 1
    assert prediction.suggested_betas[-1] == 1000
    assert 448 / 11 < prediction.suggested_betas[1] < 448


def test_what_training_gave_stands_beside_the_prediction() -> None:
    prediction = _prediction([100, 50, 4])
    row = prediction.compare_with_observed(beta=10, seed=3, active=1, rate=1.0)
    assert (row.predicted_active, row.seed) == (2, 3)
    assert row.rate_ratio == pytest.approx(1 / (0.5 * np.log(10 * 5)))
    assert ObservedCollapse.from_dict(json.loads(json.dumps(row.as_dict()))) == row
    assert prediction.compare_with_observed(beta=200, seed=0, active=0, rate=0.1).rate_ratio is None


def test_prediction_of_faces_is_a_document_that_is_read_back(small_faces: ImageSet) -> None:
    prediction = unknot.predict_collapse(small_faces, 4)
    assert len(prediction.eigenvalues) == 10
    document = json.loads(json.dumps(prediction.as_dict([1, 10])))
    assert document == prediction.as_dict([1, 10])
    assert document["model"] == "linear"
    assert [row["beta"] for row in document["predictions"]] == [1, 10]
    again = CollapsePrediction.from_dict(document)
    assert again.predict(20) == prediction.predict(20)
    assert again.suggested_betas == prediction.suggested_betas
    assert again.as_dict([1, 10]) == document


def test_an_experiment_takes_the_suggested_betas(small_faces: ImageSet) -> None:
    config = experiment_config(small_faces, [1], [0], latent_dim=2, standardize="per_channel")
    prediction, reason = collapse_for(config, small_faces)
    assert prediction is not None
    assert reason == ""
    direct = predict_collapse(small_faces, 2, standardize="per_channel")
    assert suggest_betas(config, small_faces) == (direct.suggested_betas, "")
    assert beta_warning(config, small_faces) == direct.warning([1]) != ""


def test_other_likelihoods_have_no_prediction(small_faces: ImageSet) -> None:
    with pytest.raises(
        UserError, match="can be predicted for Gaussian pixels of a fixed sigma only"
    ):
        unknot.predict_collapse(small_faces, likelihood="bernoulli", standardize="unit")
    config = experiment_config(small_faces, [1], [0], likelihood="bernoulli", standardize="unit")
    prediction, reason = collapse_for(config, small_faces)
    assert prediction is None
    assert "likelihood is bernoulli" in reason
    assert beta_warning(config, small_faces) == ""
    betas, note = suggest_betas(config, small_faces)
    assert betas == (1, 4, 16)
    assert "which betas can matter cannot be predicted (likelihood is bernoulli" in note


def test_other_objectives_have_no_prediction(
    small_faces: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OBJECTIVES, "toy", "tests.evidence.test_collapse:ToyObjective")
    config = experiment_config(small_faces, [1], [0], objective="toy")
    prediction, reason = collapse_for(config, small_faces)
    assert prediction is None
    assert "with the objective toy, beta is a strength; at which betas latents collapse" in reason
    assert "cannot be predicted (with the objective toy" in suggest_betas(config, small_faces)[1]
