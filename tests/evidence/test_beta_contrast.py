"""One beta beside the lowest, in every condition."""

import json

import numpy as np
import pytest
from benchmarks.worlds import BETAS, World, make_world

from unknot.evidence.beta_contrast import NOT_SUPPORTED, Comparison, Contrast
from unknot.evidence.preregistration import Rule

QUICK = Rule(rotations=20)
CONDITIONS, MEASURES = (
    ["as_trained", "matched"],
    ["rotation_percentile", "selectivity", "udr_over_pca"],
)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world("fewer latents", seed=0, seeds=3, num=200)


def _comparison(world: World, rule: Rule = QUICK) -> Comparison:
    return Comparison.of(world.runs, world.labels, world.pca, rule, 0)


def test_every_measure_is_compared_as_trained_and_matched(world: World) -> None:
    comparison = _comparison(world)
    assert comparison.betas == list(BETAS)
    assert comparison.group(BETAS[1]) == [3, 4, 5]
    contrast = comparison.contrast(BETAS[2])
    assert list(contrast.differences) == CONDITIONS
    assert [list(measures) for measures in contrast.differences.values()] == [MEASURES] * 2
    trained = contrast.differences["as_trained"]["selectivity"]
    nulls = comparison.rotation_nulls
    assert trained.low == pytest.approx(np.mean([null.selectivity for null in nulls[:3]]))
    assert trained.high == pytest.approx(np.mean([null.selectivity for null in nulls[6:]]))
    assert contrast.num_latents == 3  # as many as the higher beta has left
    assert contrast.rate == pytest.approx(np.mean([run.kl.sum() for run in world.runs[6:]]))


def test_a_contrast_is_not_decided_yet(world: World) -> None:
    contrast = _comparison(world).contrast(BETAS[1])
    assert contrast.outcome == NOT_SUPPORTED
    assert (contrast.p_value_holm, contrast.reasons, contrast.seeds_needed) == (1.0, (), None)


def test_its_p_value_is_the_largest_and_one_where_something_is_not_higher(world: World) -> None:
    contrast = _comparison(world).contrast(BETAS[1])
    tested = [value for row in contrast.differences.values() for value in row.values()]
    expected = max(value.p_value if value.is_higher else 1.0 for value in tested)
    assert contrast.p_value == expected


def test_a_collapsed_group_cannot_be_matched(world: World) -> None:
    collapsed = [run._replace(mean=0 * run.mean, logvar=0 * run.logvar) for run in world.runs[6:]]
    runs = [*world.runs[:6], *collapsed]
    contrast = _comparison(world._replace(runs=runs)).contrast(BETAS[2])
    assert list(contrast.differences) == ["as_trained"]
    assert (contrast.num_latents, contrast.rate, contrast.p_value) == (0, None, 1.0)
    document = json.loads(json.dumps(contrast.as_dict(), allow_nan=False))
    assert Contrast.from_dict(document).as_dict() == contrast.as_dict()


def test_only_some_of_many_images_are_used(world: World) -> None:
    comparison = _comparison(world, Rule(rotations=5, points=50))
    assert comparison.runs[0].mean.shape == (50, 6)
    assert comparison.pca(0, 2).shape == (50, 2)


def test_a_contrast_is_read_back(world: World) -> None:
    contrast = _comparison(world).contrast(BETAS[1])
    assert Contrast.from_dict(json.loads(json.dumps(contrast.as_dict()))) == contrast
