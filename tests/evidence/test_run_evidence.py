"""What each latent of a run does."""

import json

import numpy as np
import pytest

from unknot.data.image_set import ImageSet
from unknot.evidence.computed_labels import computed_labels
from unknot.evidence.run_evidence import (
    RunEvidence,
    evidence_of_runs,
    explained_share,
    posteriors_of,
)
from unknot.experiments.experiment import Experiment
from unknot.runs.held_out import HeldOutCodes
from unknot.runs.run import Run


def _codes(runs: list[Run]) -> list[HeldOutCodes]:
    return [HeldOutCodes.load(run.files) for run in runs]


def test_latents_have_labels_and_effects(four_runs: Experiment, faces: ImageSet) -> None:
    runs = four_runs.runs()[:2]
    codes = _codes(runs)
    calls: list[tuple[str, int, int]] = []
    properties = computed_labels(faces.images[faces.indices("test")])
    evidence, reasons = evidence_of_runs(
        runs, codes, faces, properties, progress=lambda *call: calls.append(call)
    )
    assert reasons == {}
    assert calls == [("evidence", 1, 2), ("evidence", 2, 2)]
    assert [run.beta for run in evidence] == [0.5, 8.0]
    first = evidence[0]
    assert first.labels is not None
    assert first.labels.num_images == len(codes[0].labels)
    assert first.traversal_effects is not None
    is_active = codes[0].posterior_mean.var(0) > 0.01
    np.testing.assert_array_equal(~np.isnan(first.traversal_effects.change), is_active)
    np.testing.assert_array_equal(first.labels.active, is_active)
    assert first.properties is not None
    assert first.properties.label_names == properties.names
    assert first.explained is not None
    assert -1 < first.explained < 1


def test_many_runs_are_labelled_at_a_time(four_runs: Experiment, faces: ImageSet) -> None:
    runs = four_runs.runs() + four_runs.runs()[:1]
    evidence, _ = evidence_of_runs(runs, _codes(runs), faces, None)
    first, last = evidence[0].labels, evidence[-1].labels
    assert first is not None
    assert last is not None
    np.testing.assert_array_equal(first.p_value, last.p_value)


def test_a_model_that_cannot_be_opened_leaves_the_labels(
    spoiled: Experiment, faces: ImageSet
) -> None:
    runs = spoiled.runs()[:1]
    runs[0].files.weights.unlink()
    evidence, reasons = evidence_of_runs(runs, _codes(runs), faces, None)
    assert list(reasons) == ["traversal effects"]
    assert "weights.safetensors is missing" in reasons["traversal effects"]
    assert evidence[0].traversal_effects is None
    assert np.isnan(evidence[0].jacobian_cosine)
    assert evidence[0].explained is None
    assert evidence[0].labels is not None
    assert evidence[0].properties is None


def test_it_is_read_back(four_runs: Experiment, faces: ImageSet) -> None:
    runs = four_runs.runs()[:1]
    evidence, _ = evidence_of_runs(runs, _codes(runs), faces, None)
    document = json.loads(json.dumps(evidence[0].as_dict(), allow_nan=False))
    assert RunEvidence.from_dict(document).as_dict() == document
    bare = RunEvidence(
        beta=2.0, seed=1, labels=None, properties=None, traversal_effects=None, explained=None
    )
    assert RunEvidence.from_dict(bare.as_dict()).as_dict() == bare.as_dict()


def test_posteriors_have_their_runs_beta_and_seed(four_runs: Experiment) -> None:
    run = four_runs.run(8, 1)
    codes = HeldOutCodes.load(run.files)
    posteriors = posteriors_of(run, codes)
    assert (posteriors.beta, posteriors.seed) == (8.0, 1)
    np.testing.assert_allclose(posteriors.kl, run.kl, rtol=1e-4)


def test_the_share_explained_is_that_of_the_squares() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 1, 4, 4)).astype(np.uint8)
    rows = np.arange(5, 40)
    mean = images[rows].astype(float).mean(0)
    codes = rows[:, None].astype(float)

    def perfect(z: np.ndarray) -> np.ndarray:
        return images[z[:, 0].astype(int)].astype(np.float32)

    def half(z: np.ndarray) -> np.ndarray:
        return ((perfect(z) + mean) / 2).astype(np.float32)

    assert explained_share(perfect, codes, images, rows) == 1
    assert explained_share(half, codes, images, rows) == pytest.approx(0.75, abs=1e-3)
    blank = np.zeros_like(images)
    assert explained_share(perfect, codes, blank, rows) == 0
