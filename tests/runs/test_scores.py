"""Scores of a trained run's codes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import unknot
from unknot.data.image_set import ImageSet
from unknot.data.sources.faces import FACTOR_NAMES
from unknot.metrics import KEYS
from unknot.metrics.settings import NO_NULLS, NullSettings
from unknot.runs.evaluation import CodeScores
from unknot.runs.held_out import HeldOutCodes
from unknot.runs.run import Run
from unknot.runs.scores import QUICK, score_run, score_summary


@pytest.fixture(scope="module")
def run(own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    faces = unknot.load_images("faces", num=400, size=32)
    out = tmp_path_factory.mktemp("scored") / "run"
    return unknot.train(faces, 0.1, steps=40, batch_size=8, latent_dim=3, out=out)


def _own(run: Run) -> CodeScores:
    scores = run.evaluation.scores
    assert scores is not None
    return scores


def test_training_scores_its_codes(run: Run) -> None:
    scored = _own(run)
    assert tuple(scored.scores) == KEYS
    assert scored.num_images == len(HeldOutCodes.load(run.files).labels) > 20
    assert set(scored.scores["mig"].per_factor) == set(FACTOR_NAMES)
    assert scored.marginal_kl is not None
    assert scored.marginal_kl["total"] >= 0
    assert scored.nulls == QUICK


def test_scores_of_other_data_stand_beside_the_runs_own(run: Run) -> None:
    other = unknot.load_images("faces", num=60, size=32, seed=5)
    before = _own(run)
    scored = score_run(run, other, nulls=NO_NULLS)
    assert scored.num_images == 60
    assert _own(run).as_dict() == before.as_dict()
    assert list(run.evaluation.scores_on_other_data) == ["faces"]
    assert run.evaluation.scores_on_other_data["faces"].as_dict() == scored.as_dict()


def test_the_runs_own_data_gives_the_scores_of_its_test_images(run: Run) -> None:
    own = unknot.load_images("faces", num=400, size=32)
    scored = score_run(run, own, nulls=NO_NULLS)
    assert scored.num_images == len(own.indices("test"))
    again = score_run(run, nulls=NO_NULLS)
    assert scored.scores["mig"].value == pytest.approx(again.scores["mig"].value)


def test_too_few_test_images_leave_a_named_gap(small_faces: ImageSet, tmp_path: Path) -> None:
    faces = unknot.load_images("faces", num=60, size=32)
    run = unknot.train(
        faces, 1, steps=4, batch_size=4, latent_dim=2, network="linear", out=tmp_path / "run"
    )
    scored = _own(run)
    assert scored.problem is not None
    assert "are too few for scores: 20 are needed" in scored.problem
    assert score_summary(scored).startswith("not scored: ")


def test_many_labels_leave_the_nulls_to_evaluate(run: Run) -> None:
    scored = score_run(run, nulls=NullSettings(2, 2, 0, 100), max_labels=3)
    assert all(score.null_rotation is None for score in scored.scores.values())


def test_scores_never_give_way_to_none(run: Run) -> None:
    good = run.files.codes.read_bytes()
    score_run(run, nulls=NO_NULLS)
    with np.load(run.files.codes) as arrays:
        few = {name: array[:0] for name, array in arrays.items() if "names" not in name}
        spoilt = dict(arrays) | few
    np.savez(run.files.codes, **spoilt)
    run.files.mark_done()
    with pytest.raises(unknot.UserError, match="left as they are"):
        score_run(run, nulls=NO_NULLS)
    run.files.codes.write_bytes(good)
    run.files.mark_done()
    assert _own(run).scores


def test_bad_settings_leave_the_scores(run: Run) -> None:
    before = run.evaluation.as_dict()
    with pytest.raises(unknot.UserError, match="seed is -1"):
        score_run(run, seed=-1)
    with pytest.raises(unknot.UserError, match="workers is 0"):
        score_run(run, workers=0)
    assert run.evaluation.as_dict() == before


def test_a_summary_says_what_the_best_regarded_scores_are(run: Run) -> None:
    scored = _own(run)
    flag = "void: no latent beats the permutation null for yaw"
    half = {
        name: replace(score, value=0.5, flags=(flag,), null_rotation=None)
        for name, score in scored.scores.items()
    }
    assert score_summary(replace(scored, scores=half, active_latents=(0,))) == (
        "DCI 0.50, InfoM 0.50"
    )
    assert score_summary(replace(scored, active_latents=())) == ("collapsed: no latent is active")
