"""Scores as users ask for them: what every metric gives for codes with known properties.

The figures are those of the reference implementations on such codes, but for the cells that are
faults of theirs: there, ours mends the value or carries a flag.
"""

import json

import numpy as np
import pytest

from tests.metrics.codes import NO_NULLS, codes_of, scores_of, world
from unknot.common.errors import UserError
from unknot.metrics import KEYS, NullSettings, beta_vae_score, mig, score
from unknot.metrics.inputs import make_table
from unknot.metrics.scoring import score_table, single_metric

MARGIN = 0.03
COLUMNS = (
    "mig",
    "dci_disentanglement",
    "dci_completeness",
    "sap",
    "modularity",
    "irs",
    "beta_vae_score",
    "factor_vae_score",
    "infomec_modularity",
    "infomec_compactness",
    "infomec_explicitness",
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
    ("half", "beta_vae_score"): 0.74,
    ("half", "factor_vae_score"): 0.68,
    ("noise", "beta_vae_score"): 0.25,
    ("noise", "factor_vae_score"): 0.25,
}
"""Cells that scatter with the noise in the codes: the mean of several draws is compared."""


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


def test_the_other_metrics_of_a_perfect_code() -> None:
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
    before, after = score(codes, factors, nulls=NO_NULLS), score(moved, factors, nulls=NO_NULLS)
    for key, unmoved in before.items():
        assert after[key].value == pytest.approx(unmoved.value, abs=1e-6), key


def test_per_latent_values_move_with_the_latents() -> None:
    factors, perfect = world(2_000)
    codes = codes_of(perfect)["half"]
    order = [3, 1, 0, 2]
    before, after = (
        score(codes, factors, nulls=NO_NULLS),
        score(codes[:, order], factors, nulls=NO_NULLS),
    )
    moved = np.array(before["mig_sup"].per_latent)[order]
    np.testing.assert_allclose(after["mig_sup"].per_latent, moved, atol=1e-9)


def test_a_rotated_code_scores_below_a_perfect_one_in_the_headline_pair() -> None:
    perfect, rotated = scores_of("perfect"), scores_of("rotated")
    for key in ("dci_disentanglement", "infomec_modularity"):
        assert rotated[key].value < perfect[key].value - 0.3


def test_collapsed_codes_are_flagged() -> None:
    for key, result in scores_of("collapsed").items():
        assert np.isfinite(result.value), key
        assert any(flag.startswith("collapsed:") for flag in result.flags), key


def test_scores_that_rotations_reach_as_well_are_flagged() -> None:
    """Beta-VAE's score and FactorVAE's call a generic rotation perfect; the null says so."""
    factors, perfect = world()
    rotated = codes_of(perfect)["rotated"]
    only_rotations = NullSettings(permutations=0, rotations=40, subsamples=0)
    found = score(rotated, factors, metrics=["beta_vae_score", "dci"], nulls=only_rotations)
    flag = "no better than random rotations of the same codes"
    assert found["beta_vae_score"].value == pytest.approx(1, abs=MARGIN)
    assert flag in found["beta_vae_score"].flags
    perfect_too = score(perfect, factors, metrics=["dci"], nulls=only_rotations)
    assert flag not in perfect_too["dci_disentanglement"].flags


def test_a_score_is_the_same_alone_and_among_others() -> None:
    factors, perfect = world(1_000)
    codes = codes_of(perfect)["rotated"]
    together = score(codes, factors, nulls=NO_NULLS)
    assert mig(codes, factors).value == together["mig"].value
    assert beta_vae_score(codes, factors).value == together["beta_vae_score"].value


def test_the_same_seed_gives_the_same_scores_with_any_number_of_processes() -> None:
    factors, perfect = world(600)
    codes = codes_of(perfect)["rotated"]
    nulls = NullSettings(permutations=3, rotations=3, subsamples=3, max_points=300)
    alone = score(codes, factors, nulls=nulls, seed=4, workers=1)
    shared = score(codes, factors, nulls=nulls, seed=4, workers=2)
    assert {k: s.as_dict() for k, s in alone.items()} == {k: s.as_dict() for k, s in shared.items()}
    other = score(codes, factors, nulls=nulls, seed=5, workers=1)
    assert other["dci_disentanglement"].value != alone["dci_disentanglement"].value


def test_every_key_is_there_and_json_takes_it() -> None:
    factors, perfect = world(500)
    nulls = NullSettings(permutations=2, rotations=2, subsamples=2, max_points=200)
    found = score(perfect, factors, nulls=nulls)
    assert tuple(found) == KEYS
    document = json.loads(json.dumps({k: s.as_dict() for k, s in found.items()}, allow_nan=False))
    gap = document["mig"]
    assert set(gap["per_factor"]) == {f"factor {i}" for i in range(1, 5)}
    assert gap["null_permutation"]["num"] == gap["null_rotation"]["num"] == 2
    assert gap["null_rotation"]["num_points"] == 200
    assert gap["interval"][0] <= gap["value"] <= gap["interval"][1]


def test_one_factor_leaves_what_compares_factors_void() -> None:
    factors, perfect = world(500)
    found = score(perfect, factors[:, :1], nulls=NO_NULLS)
    assert found["mig"].value == pytest.approx(1, abs=0.03)
    for key in (
        "dci_disentanglement",
        "infomec_modularity",
        "beta_vae_score",
        "modularity",
        "mig_sup",
    ):
        assert found[key].as_dict()["value"] is None, key
        assert any("one factor only" in flag for flag in found[key].flags)


def test_one_active_latent_has_no_rotation_null() -> None:
    factors, perfect = world(500)
    nulls = NullSettings(permutations=0, rotations=2, subsamples=0, max_points=200)
    found = score(perfect[:, :1], factors, nulls=nulls)
    assert found["mig"].null_rotation is None
    assert any(flag.startswith("rotation null void") for flag in found["mig"].flags)


def test_nulls_can_be_had_for_some_metrics_only() -> None:
    factors, perfect = world(500)
    nulls = NullSettings(permutations=2, rotations=2, subsamples=0, max_points=200)
    table = make_table(perfect, factors)
    found = score_table(table, metrics=["mig", "sap"], nulls=nulls, null_metrics=["sap"])
    assert found["sap"].null_rotation is not None
    assert found["mig"].null_rotation is None


def test_progress_is_called_after_each_draw() -> None:
    factors, perfect = world(300)
    nulls = NullSettings(permutations=1, rotations=1, subsamples=1, max_points=100)
    calls: list[tuple[str, int, int]] = []
    score(perfect, factors, metrics=["sap"], nulls=nulls, progress=lambda *call: calls.append(call))
    assert calls == [("scoring", i, 4) for i in (0, 1, 2, 3, 4)]


def test_one_metric_as_a_function_says_what_it_is() -> None:
    function = single_metric("dci", "dci_completeness")
    assert function.__name__ == "dci_completeness"
    assert "Eastwood and Williams 2018" in (function.__doc__ or "")
    with pytest.raises(UserError, match="it can be beta_vae_score"):
        single_metric("magic")
