"""Shares of variance against grids whose shares are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.evidence.variance_shares import variance_shares

FEW = {"num_resamples": 50}


def grid_of(
    objective: float, strength: float, num_seeds: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Scores of 6 objectives and 3 strengths of variance 1, with given shares of it."""
    objectives = rng.standard_normal((6, 1, 1))
    strengths = rng.standard_normal((6, 3, 1))
    objectives -= objectives.mean()
    strengths -= strengths.mean(1, keepdims=True)
    noise = rng.standard_normal((6, 3, num_seeds))
    return (
        np.sqrt(objective) * objectives / objectives.std()
        + np.sqrt(strength) * strengths / strengths.std()
        + np.sqrt(1 - objective - strength) * noise
    )


def test_noise_has_no_share_where_the_uncorrected_one_is_a_third() -> None:
    rng = np.random.default_rng(0)
    shares = [variance_shares(grid_of(0, 0, 3, rng), **FEW).both for _ in range(200)]
    assert np.mean([share.uncorrected for share in shares]) == pytest.approx(17 / 53, abs=0.02)
    assert np.mean([share.value for share in shares]) == pytest.approx(0, abs=0.02)


def test_a_known_mixture_is_recovered() -> None:
    rng = np.random.default_rng(1)
    shares = [variance_shares(grid_of(0.37, 0.22, 3, rng), **FEW) for _ in range(200)]
    means = {name: np.mean([getattr(s, name).value for s in shares]) for name in shares[0]._fields}
    truth = {"objective": 0.37, "strength": 0.22, "both": 0.59, "seed": 0.41}
    assert means == pytest.approx(truth, abs=0.02)


def test_shares_of_a_grid_done_by_hand() -> None:
    grid = [[[0.0, 2.0]], [[4.0, 6.0]]]  # SS between 16, within 4, of 2 degrees of freedom
    shares = variance_shares(grid, **FEW)
    assert shares.objective.value == pytest.approx((16 - 2) / (20 + 2))
    assert shares.objective.uncorrected == pytest.approx(0.8)
    assert shares.strength.value == pytest.approx(0)
    assert shares.seed.value == pytest.approx(1 - 14 / 22)


def test_scores_without_noise_are_the_objectives_alone() -> None:
    grid = np.broadcast_to(np.arange(4.0)[:, None, None], (4, 3, 3))
    shares = variance_shares(grid, **FEW)
    assert shares.objective == pytest.approx((1, 1, 1, 1))
    assert shares.seed == pytest.approx((0, 0, 0, 0))


def test_an_interval_holds_the_truth_as_often_as_the_docstring_says() -> None:
    rng = np.random.default_rng(2)
    held = []
    for _ in range(150):
        both = variance_shares(grid_of(0.37, 0.22, 3, rng), num_resamples=200).both
        held.append(both.low <= 0.59 <= both.high)
    assert 0.8 < np.mean(held) <= 1


def test_scale_and_shift_of_scores_change_nothing() -> None:
    grid = grid_of(0.3, 0.3, 3, np.random.default_rng(3))
    assert variance_shares(100 * grid + 7) == pytest.approx(np.array(variance_shares(grid)))


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (np.zeros((3, 2)), "must be (objectives, strengths, seeds)"),
        (np.zeros((2, 2, 1)), "two objectives and two seeds or more"),
        ([[[1.0, np.nan]], [[1.0, 2.0]]], "1 of 4 scores are missing"),
        (np.ones((2, 2, 2)), "no variance to divide"),
    ],
)
def test_grids_that_are_refused(grid: object, message: str) -> None:
    with pytest.raises(UserError) as refused:
        variance_shares(grid)  # type: ignore[arg-type]
    assert message in str(refused.value)
