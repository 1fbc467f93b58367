"""Where the selectivity of codes lies among that of random rotations of them."""

import numpy as np
import pytest
from benchmarks.worlds import make_world

from unknot.evidence.preregistration import Rule
from unknot.evidence.rotation_null import rotation_null, rotation_nulls, spaced_rows, thin_out


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_aligned_codes_stand_above_their_rotations(rng: np.random.Generator) -> None:
    world = make_world("PCA", seed=0, num=300)
    aligned = rotation_null(world.runs[0].codes, world.labels.factors, 60, rng)
    assert aligned.percentile == 100
    assert aligned.selectivity > aligned.null_mean


def test_rotated_codes_lie_anywhere_among_their_rotations() -> None:
    world = make_world("nothing changes", seed=0, num=300)
    nulls = rotation_nulls(world.runs, world.labels, rule=Rule(rotations=50))
    assert len(nulls) == len(world.runs)
    assert 15 < np.mean([null.percentile for null in nulls]) < 85


def test_one_latent_or_none_has_no_axes_to_rotate(rng: np.random.Generator) -> None:
    world = make_world("PCA", seed=0, num=300)
    one = rotation_null(world.runs[0].codes[:, :1], world.labels.factors, 50, rng)
    assert np.isnan(one.percentile)
    assert one.selectivity > 0
    none = rotation_null(world.runs[0].codes[:, :0], world.labels.factors, 50, rng)
    assert (none.selectivity, none.num_latents) == (0, 0)


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
