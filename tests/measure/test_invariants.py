"""What every measure gives for codes with known properties.

The figures are those of the reference implementations on such codes, but for the cells that are
faults of theirs: there, ours mends the value or carries a flag.
"""

from functools import cache

import numpy as np
import pytest

from tests.measure.codes import codes_of, world
from unknot.measure import Score, score

MARGIN = 0.03
NUM_INFOMEC = 3_000  # the mutual information of lattice codes depends on the number of points

COLUMNS = (
    *("mig", "dci_disentanglement", "dci_completeness", "sap", "modularity", "irs"),
    *("higgins", "factor_vae"),
    *("infomec_modularity", "infomec_compactness", "infomec_explicitness"),
)
ANY = None  # depends on noise alone, or is a fault that has a test of its own below
TABLE = {
    "perfect": (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.99, 0.99, 1.0),
    "moved": (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    "constant": (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.99, 0.99, 1.0),
    "noisy": (0.99, 1.0, 1.0, 1.0, ANY, ANY, 1.0, 1.0, ANY, 0.98, 1.0),
    "doubled": (0.0, 1.0, 0.67, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.43, 1.0),
    "pairs": (0.0, 0.5, 0.5, 0.01, 0.77, 0.50, 0.51, 0.51, 0.33, 0.33, 1.0),
    "rotated": (0.46, 0.49, 0.49, 0.71, ANY, 0.64, ANY, ANY, 0.54, 0.59, 1.0),
    "folded": (0.66, 0.90, 0.90, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.66),
    "half": (0.50, ANY, ANY, 0.50, ANY, ANY, ANY, ANY, ANY, ANY, 0.50),
    "noise": (0.0, 0.0, 0.0, 0.0, ANY, ANY, ANY, ANY, 0.0, 0.0, 0.0),
    "collapsed": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.25, 0.0, 0.0, 0.0, 0.0),
}
NOISE_CELLS = {
    ("noisy", "modularity"): 0.69,
    ("noisy", "irs"): 0.48,
    ("noisy", "infomec_modularity"): 0.73,
    ("half", "dci_disentanglement"): 0.63,
    ("half", "dci_completeness"): 0.63,
    ("half", "modularity"): 0.74,
    ("half", "irs"): 0.50,
    ("half", "higgins"): 0.74,
    ("half", "factor_vae"): 0.68,
    ("noise", "higgins"): 0.25,
    ("noise", "factor_vae"): 0.25,
}
"""Cells that scatter with the noise in the code: the mean of several draws is compared."""


@cache
def scores_of(code: str, seed: int = 0) -> dict[str, Score]:
    factors, perfect = world(seed=seed)
    codes = codes_of(perfect, seed=seed + 1)[code]
    nothing = {"permutations": 0, "rotations": 0, "resamples": 0}
    few = slice(NUM_INFOMEC)
    return score(codes, factors, **nothing) | score(
        codes[few], factors[few], measures=["infomec"], **nothing
    )


@pytest.mark.parametrize("code", TABLE)
def test_scores_of_known_codes(code: str) -> None:
    found = scores_of(code)
    for key, expected in zip(COLUMNS, TABLE[code]):
        if expected is not ANY:
            assert found[key].value == pytest.approx(expected, abs=MARGIN), key


@pytest.mark.parametrize(("code", "key"), NOISE_CELLS)
def test_scores_that_scatter_with_noise(code: str, key: str) -> None:
    draws = [scores_of(code, seed)[key].value for seed in range(4)]
    scatter = 2 * np.std(draws, ddof=1) / len(draws) ** 0.5  # two standard errors of the mean
    assert np.mean(draws) == pytest.approx(NOISE_CELLS[code, key], abs=MARGIN + scatter)


def test_the_other_measures_of_a_perfect_code() -> None:
    found = scores_of("perfect")
    for key in ("mig_sup", "jemmig", "dci_informativeness", "explicitness"):
        assert found[key].value == pytest.approx(1, abs=MARGIN), key
    assert found["med"].value > 0.95
    assert found["total_correlation"].value < 0.1


@pytest.mark.parametrize("key", COLUMNS)
def test_constant_dimensions_change_nothing(key: str) -> None:
    assert scores_of("constant")[key].value == pytest.approx(scores_of("perfect")[key].value)


@pytest.mark.parametrize("code", ["perfect", "rotated", "half"])
def test_order_sign_and_scale_change_nothing(code: str) -> None:
    factors, perfect = world(2_000)
    codes = codes_of(perfect)[code]
    moved = codes[:, [2, 0, 3, 1]] * [-1.0, 2e3, 0.3, -7e-4] + [0, 5, 0, -1]
    nothing = {"permutations": 0, "rotations": 0, "resamples": 0}
    before, after = score(codes, factors, **nothing), score(moved, factors, **nothing)
    for key, one in before.items():
        assert after[key].value == pytest.approx(one.value, abs=1e-6), key


def test_per_code_values_move_with_the_codes() -> None:
    factors, perfect = world(2_000)
    codes = codes_of(perfect)["half"]
    order = [3, 1, 0, 2]
    nothing = {"permutations": 0, "rotations": 0, "resamples": 0}
    before, after = score(codes, factors, **nothing), score(codes[:, order], factors, **nothing)
    moved = np.array(before["mig_sup"].per_code)[order]
    np.testing.assert_allclose(after["mig_sup"].per_code, moved, atol=1e-9)


def test_a_rotated_code_scores_below_a_perfect_one_in_the_headline_pair() -> None:
    perfect, rotated = scores_of("perfect"), scores_of("rotated")
    for key in ("dci_disentanglement", "infomec_modularity"):
        assert rotated[key].value < perfect[key].value - 0.3


def test_collapsed_codes_are_flagged() -> None:
    for key, one in scores_of("collapsed").items():
        assert np.isfinite(one.value), key
        assert any(flag.startswith("collapsed code") for flag in one.flags), key


def test_noise_is_flagged_as_void() -> None:
    for key, one in scores_of("noise").items():
        if key != "total_correlation":
            assert "void: no latent beats the permutation null" in one.flags, key


def test_factors_that_no_latent_tells_are_named() -> None:
    for key in ("infomec_modularity", "infomec_compactness"):
        flags = scores_of("half")[key].flags
        assert any(flag.endswith("for factor 3, factor 4") for flag in flags)


def test_scores_that_rotations_reach_as_well_are_flagged() -> None:
    """Higgins' score and FactorVAE's call a generic rotation perfect; the null says so."""
    factors, perfect = world()
    rotated = codes_of(perfect)["rotated"]
    found = score(
        rotated, factors, measures=["higgins", "dci"], rotations=40, permutations=0, resamples=0
    )
    flag = "no better than random rotations of the same code"
    assert found["higgins"].value == pytest.approx(1, abs=MARGIN)
    assert flag in found["higgins"].flags
    perfect_too = score(
        perfect, factors, measures=["dci"], rotations=40, permutations=0, resamples=0
    )
    assert flag not in perfect_too["dci_disentanglement"].flags
