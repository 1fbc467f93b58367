"""Where the selectivity of codes lies among that of random rotations of them."""

import numpy as np
import pytest
from benchmarks.worlds import make_world
from scipy.stats import kstest

from unknot.evidence.rotation_null import (
    axis_score,
    axis_scores,
    spaced_rows,
    thin_out,
)
from unknot.metrics.nulls import random_rotation


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_rotated_codes_lie_anywhere_among_their_rotations() -> None:
    world = make_world("nothing changes", seed=0, num=300)
    codes = [run.codes for run in world.runs]
    scores = axis_scores(codes, world.labels.factors, rotations=50)
    assert len(scores) == len(world.runs)
    assert 15 < np.mean([score.percentile for score in scores]) < 85


def test_conditions_and_runs_have_rotations_of_their_own() -> None:
    world = make_world("PCA", seed=0, num=200)
    codes = [world.runs[0].codes] * 2
    first, second = axis_scores(codes, world.labels.factors, rotations=20)
    other, _ = axis_scores(codes, world.labels.factors, rotations=20, condition="matched")
    assert first.selectivity == second.selectivity == other.selectivity
    assert len({first.z, second.z, other.z}) == 3


def test_more_processes_measure_the_same() -> None:
    world = make_world("PCA", seed=0, num=200)
    codes = [run.codes for run in world.runs]
    alone, shared = (
        axis_scores(codes, world.labels.factors, rotations=20, workers=workers)
        for workers in (1, 3)
    )
    assert alone == shared


def test_many_images_are_thinned_evenly() -> None:
    assert spaced_rows(5, 10).tolist() == [0, 1, 2, 3, 4]
    assert spaced_rows(101, 5).tolist() == [0, 25, 50, 75, 100]
    world = make_world("PCA", seed=0, num=300)
    runs, factors = thin_out(world.runs, world.labels.factors, spaced_rows(300, 30))
    assert runs[0].mean.shape == (30, 6)
    np.testing.assert_array_equal(runs[1].mean[-1], world.runs[1].mean[-1])
    assert all(len(factor.values) == 30 for factor in factors)


def test_labels_of_one_value_are_dropped_when_thinned() -> None:
    world = make_world("PCA", seed=0, num=300)
    rows = np.flatnonzero(world.labels.factors[0].values == 1)
    _, factors = thin_out(world.runs, world.labels.factors, rows)
    assert "label 1" not in [factor.name for factor in factors]


def test_codes_that_repeat_each_other_have_no_axes(rng: np.random.Generator) -> None:
    world = make_world("PCA", seed=0, num=300)
    codes = world.runs[0].codes[:, :2]
    for repeated in (np.hstack([codes, codes[:, :1]]), codes[:, :1]):
        assert np.isnan(axis_score(repeated, world.labels.factors, 20, rng).z)


def test_z_of_aligned_axes_passes_where_a_percentile_ends(rng: np.random.Generator) -> None:
    world = make_world("PCA", seed=0, num=300)
    score = axis_score(world.runs[0].codes, world.labels.factors, 200, rng)
    assert score.percentile == 100
    assert score.z > 5
    assert score.selectivity > score.null_mean


def test_percentiles_of_axes_that_mean_nothing_are_uniform() -> None:
    """Of correlated codes of unequal spread: their whitened rotations are rotations of them."""
    world = make_world("PCA", seed=1, num=200)
    codes = world.runs[0].codes @ np.diag([3, 2, 1, 1, 0.5, 0.4])
    codes[:, 1] += codes[:, 0]
    shares, z = [], []
    for seed in range(600):
        rng = np.random.default_rng([seed, *b"uniform"])
        turned = codes @ random_rotation(6, rng)
        score = axis_score(turned, world.labels.factors, 39, rng)
        num_below = round(39 * score.percentile / 100)
        shares.append((num_below + rng.random()) / 40)  # a rank spread over its step
        z.append(score.z)
    assert kstest(shares, "uniform").pvalue > 1e-3
    assert np.mean(z) == pytest.approx(0, abs=0.2)  # five standard errors


def test_one_latent_has_no_z(rng: np.random.Generator) -> None:
    world = make_world("PCA", seed=0, num=200)
    codes = world.runs[0].codes
    for few in (codes[:, :1], codes[:, :0], np.hstack([codes, codes[:, :1]])):
        score = axis_score(few, world.labels.factors, 20, rng)
        assert np.isnan([score.z, score.percentile, score.null_mean, score.null_std]).all()
        assert score.num_latents == few.shape[1]
