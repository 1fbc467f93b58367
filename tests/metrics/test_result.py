"""Scores and nulls to JSON and back."""

import json
from dataclasses import replace
from math import inf, isnan, nan

from tests.metrics.codes import world
from unknot.metrics import NullSettings, Score, score
from unknot.metrics.inputs import make_table
from unknot.metrics.result import (
    MetricResult,
    Null,
    mean_over_factors,
    mean_over_latents,
    void_result,
)

NULL = Null(
    mean=0.1,
    std=0.05,
    percentile=97.5,
    p_value=0.05,
    observed=0.6,
    num=20,
    num_points=1_000,
)
SCORE = Score(
    name="mig",
    value=0.6,
    per_factor={"size": 0.6},
    per_latent=(0.5, 0.25),
    range=(0.0, 1.0),
    chance=0.0,
    num=2_000,
    null_permutation=None,
    null_rotation=NULL,
    interval=(0.5, 0.7),
    flags=("3 of 10 latents active",),
)


def _through_json(score: Score, name: str | None = None) -> Score:
    return Score.from_dict(name or score.name, json.loads(json.dumps(score.as_dict())))


def test_a_null_and_a_score_come_back_as_they_were() -> None:
    assert Null.from_dict(json.loads(json.dumps(NULL.as_dict()))) == NULL
    assert _through_json(SCORE) == SCORE


def test_real_scores_come_back_as_they_were() -> None:
    factors, perfect = world(300)
    nulls = NullSettings(permutations=1, rotations=1, subsamples=2, max_points=150)
    for key, result in score(perfect, factors, nulls=nulls).items():
        assert _through_json(result) == result, key


def test_what_is_not_defined_comes_back_as_nan() -> None:
    void = replace(SCORE, value=nan, per_factor={"size": nan}, per_latent=(nan, 0.5))
    back = _through_json(void)
    assert isnan(back.value)
    assert isnan(back.per_factor["size"])
    assert isnan(back.per_latent[0])
    assert back.per_latent[1] == 0.5


def test_what_is_not_bounded_comes_back_as_infinite() -> None:
    flags = ("unbounded: a latent is a linear function of others",)
    unbounded = replace(SCORE, name="total_correlation", value=inf, range=(0.0, inf), flags=flags)
    assert _through_json(unbounded) == unbounded


def test_documents_of_version_0_1_0_are_read() -> None:
    document = SCORE.as_dict()
    document["per_code"] = document.pop("per_latent")
    assert Score.from_dict("higgins", document) == replace(SCORE, name="beta_vae_score")


def test_results_of_means_and_of_nothing() -> None:
    factors, perfect = world(100)
    table = make_table(perfect[:, :2], factors[:, :2])
    assert mean_over_factors(table, table.codes[0] * 0 + 0.5).per_factor == {
        "factor 1": 0.5,
        "factor 2": 0.5,
    }
    over_latents = mean_over_latents(table, table.codes[0] * 0 + 0.5, chance=None)
    assert over_latents == MetricResult(0.5, per_latent=(0.5, 0.5), chance=None)
    assert mean_over_latents(table.with_codes(perfect[:, :0]), perfect[0, :0]).value == 0
    assert isnan(void_result("void: why").value)
