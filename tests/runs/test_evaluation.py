"""`evaluation.json`: written, read back, and as version 0.1.0 wrote it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.common.files import write_json
from unknot.experiments.experiment import Experiment
from unknot.metrics.settings import NullSettings
from unknot.runs.evaluation import CodeScores, Evaluation, SplitLoss


def test_it_comes_back_as_it_went(trained: Experiment, tmp_path: Path) -> None:
    evaluation = trained.run(beta=2).evaluation
    assert evaluation.scores is not None
    other = replace(evaluation.scores, source="elsewhere", problem="none")
    evaluation = replace(evaluation, scores_on_other_data={"elsewhere": other})
    evaluation.save(tmp_path / "evaluation.json")
    again = Evaluation.load(tmp_path / "evaluation.json")
    assert again.as_dict() == evaluation.as_dict()
    assert again.test.elbo == -(again.test.distortion + again.test.rate)


def test_before_it_is_scored(tmp_path: Path) -> None:
    loss = SplitLoss(distortion=3.0, rate=1.0, kl=(0.75, 0.25), num_images=7)
    evaluation = Evaluation(
        validation=loss, test=loss, strategy="single", precision="float32", note=""
    )
    evaluation.save(tmp_path / "evaluation.json")
    assert Evaluation.load(tmp_path / "evaluation.json") == evaluation


WRITTEN_BY_0_1_0 = {
    "validation": {"distortion": 5.0, "rate": 2.0, "kl": [1.5, 0.5], "elbo": -7.0},
    "test": {"distortion": 4.0, "rate": 2.0, "kl": [1.5, 0.5], "num": 9, "elbo": -6.0},
    "num_validation": 11,
    "mode": "data-parallel bfloat16",
    "note": "",
    "measured": {
        "num": 9,
        "data": None,
        "effort": {
            "permutations": 20,
            "rotations": 20,
            "resamples": 0,
            "points": 1000,
            "null_measures": ["dci"],
            "max_labels": 12,
        },
        "seed": 0,
        "active_latents": [0],
        "aggregate_mismatch": {"total": 1.0, "per_latent": [0.5, 0.5], "total_correlation": 0.0},
        "scores": {
            "higgins": {
                "value": 0.5,
                "per_factor": {"x": 0.5},
                "per_code": [],
                "range": [0.0, 1.0],
                "chance": 0.25,
                "num": 9,
                "null_permutation": None,
                "null_rotation": None,
                "interval": None,
                "flags": [],
            }
        },
        "seconds": 1.5,
    },
}


def test_what_version_0_1_0_wrote_is_read(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.json"
    path.write_text(json.dumps(WRITTEN_BY_0_1_0))
    evaluation = Evaluation.load(path)
    assert (evaluation.strategy, evaluation.precision) == ("data_parallel", "bfloat16")
    assert evaluation.validation.num_images == 11
    assert evaluation.test.num_images == 9
    scores = evaluation.scores
    assert isinstance(scores, CodeScores)
    assert scores.nulls == NullSettings(20, 20, 0, 1000)
    assert scores.marginal_kl is not None
    assert scores.scores["beta_vae_score"].value == 0.5
    evaluation.save(path)
    assert Evaluation.load(path).as_dict() == evaluation.as_dict()


def test_a_later_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "evaluation.json").write_text('{"format": 99}')
    with pytest.raises(UserError, match="written by a later version"):
        Evaluation.load(tmp_path / "evaluation.json")


@pytest.mark.parametrize("document", [[], {"format": 2}, {"mode": 3}, {"format": "two"}])
def test_what_does_not_fit_is_damaged(document: object, tmp_path: Path) -> None:
    write_json(tmp_path / "e.json", document)
    with pytest.raises(UserError, match=r"e\.json is damaged \("):
        Evaluation.load(tmp_path / "e.json")
