"""Scores as users ask for them: nulls, intervals, odd data, bad data."""

import json

import numpy as np
import pytest
import torch

from tests.measure.codes import ROTATION, codes_of, world
from unknot.errors import UserError
from unknot.measure import KEYS, higgins, mig, score
from unknot.measure import scoring as scoring_module
from unknot.measure.nulls import random_rotation, whiten

NO_NULLS = {"permutations": 0, "rotations": 0, "resamples": 0}


def test_the_same_seed_gives_the_same_scores_with_any_number_of_processes() -> None:
    factors, perfect = world(600)
    codes = codes_of(perfect)["rotated"]
    options = {"permutations": 3, "rotations": 3, "resamples": 3, "points": 300, "seed": 4}
    one = score(codes, factors, workers=1, **options)
    two = score(codes, factors, workers=2, **options)
    assert {k: s.as_dict() for k, s in one.items()} == {k: s.as_dict() for k, s in two.items()}
    other = score(codes, factors, workers=1, **options | {"seed": 5})
    assert other["dci_disentanglement"].value != one["dci_disentanglement"].value


def test_a_score_is_the_same_alone_and_among_others() -> None:
    factors, perfect = world(1_000)
    codes = codes_of(perfect)["rotated"]
    together = score(codes, factors, **NO_NULLS)
    assert mig(codes, factors).value == together["mig"].value
    assert higgins(codes, factors).value == together["higgins"].value


def test_every_key_is_there_and_json_takes_it() -> None:
    factors, perfect = world(500)
    found = score(perfect, factors, permutations=2, rotations=2, resamples=2, points=200)
    assert tuple(found) == KEYS
    document = json.loads(json.dumps({k: s.as_dict() for k, s in found.items()}, allow_nan=False))
    one = document["mig"]
    assert set(one["per_factor"]) == {f"factor {i}" for i in range(1, 5)}
    assert one["null_permutation"]["num"] == one["null_rotation"]["num"] == 2
    assert one["null_rotation"]["num_points"] == 200
    assert one["interval"][0] <= one["value"] <= one["interval"][1]


def test_nulls_tell_aligned_codes_from_rotated_ones() -> None:
    factors, perfect = world(2_000)
    found = score(perfect, factors, measures=["dci", "mig"], resamples=0, rotations=20)
    for key in ("dci_disentanglement", "mig"):
        null = found[key].null_rotation
        assert null is not None
        assert null.percentile == 100
        assert null.mean < 0.6
    permuted = found["dci_disentanglement"].null_permutation
    assert permuted is not None
    assert permuted.mean < 0.1


def test_percentiles_of_random_rotations_are_spread_evenly() -> None:
    factors, perfect = world(1_000)
    ranks = []
    for seed in range(12):
        codes = perfect @ random_rotation(4, np.random.default_rng(seed))
        found = score(codes, factors, measures=["mig"], permutations=0, resamples=0, seed=seed)
        null = found["mig"].null_rotation
        assert null is not None
        ranks.append(null.percentile)
    assert 25 < np.mean(ranks) < 75
    assert np.ptp(ranks) > 40


def test_intervals_cover_the_value_of_many_points() -> None:
    _, many = world(100_000)
    factors, _ = world(100_000)
    noise = np.random.default_rng(7).standard_normal(many.shape)
    truth = mig(many + noise, factors).value
    inside = 0
    for i in range(20):
        rows = slice(i * 2_000, (i + 1) * 2_000)
        found = score(
            (many + noise)[rows],
            factors[rows],
            **{"measures": ["mig"], "permutations": 0, "rotations": 0, "resamples": 40},
        )["mig"]
        assert found.interval is not None
        inside += found.interval[0] <= truth <= found.interval[1]
    assert inside >= 16  # 19 expected of 20; below 16 once in 3,000 such tests


def test_rotations_are_orthogonal_and_of_either_sign() -> None:
    rng = np.random.default_rng(0)
    rotations = [random_rotation(3, rng) for _ in range(200)]
    for rotation in rotations[:5]:
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert abs(np.mean(rotations)) < 0.05


def test_whitening_drops_directions_without_variance() -> None:
    code = np.random.default_rng(0).standard_normal((500, 3)) @ [[3, 1, 0], [0, 1, 0], [0, 0, 2]]
    white = whiten(np.hstack([code, code[:, :1]]))
    assert white.shape == (500, 3)
    np.testing.assert_allclose(np.cov(white.T, bias=True), np.eye(3), atol=1e-9)


def test_one_outlier_is_flagged_and_changes_nothing_much() -> None:
    factors, perfect = world(3_000)
    codes = perfect @ ROTATION + 0.1 * np.random.default_rng(5).standard_normal(perfect.shape)
    spoilt = codes.copy()
    spoilt[17, 2] = 1e6
    before, after = score(codes, factors, **NO_NULLS), score(spoilt, factors, **NO_NULLS)
    for key in KEYS:
        assert after[key].value == pytest.approx(before[key].value, abs=0.02), key
        assert "winsorised: 1 point" in after[key].flags


def test_correlated_factors_leave_dci_alone_and_are_reported() -> None:
    rng = np.random.default_rng(0)
    both = rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 5_000)
    factors = np.stack([np.digitize(both[:, i], (-1, -0.3, 0.3, 1)) for i in range(2)], axis=1)
    found = score(factors.astype(float), factors, **NO_NULLS)
    assert found["dci_disentanglement"].value == pytest.approx(1, abs=0.02)
    assert any("factor 1 and factor 2 (+0." in flag for flag in found["mig"].flags)


def test_mixed_factors_and_missing_labels() -> None:
    rng = np.random.default_rng(0)
    continuous, binary = rng.random(2_000), rng.integers(2, size=2_000).astype(float)
    codes = np.stack([continuous, binary + 0.1 * rng.standard_normal(2_000)], axis=1)
    factors = np.stack([continuous, binary], axis=1)
    factors[:300, 1] = np.nan
    found = score(codes, factors, factor_names=["size", "smile"], **NO_NULLS)
    assert "labels missing: smile at 300 points" in found["mig"].flags
    assert found["mig"].per_factor["size"] > 0.9
    for key in ("dci_disentanglement", "dci_informativeness", "infomec_modularity", "sap"):
        assert found[key].value > 0.85, key


def test_an_incomplete_grid_is_no_obstacle() -> None:
    factors, perfect = world(3_000)
    kept = ~((factors[:, 0] == 1) & (factors[:, 1] < 3))
    found = score(perfect[kept], factors[kept], **NO_NULLS)
    assert found["dci_disentanglement"].value > 0.95
    assert found["higgins"].value > 0.97


def test_values_with_too_few_rows_are_skipped_and_counted() -> None:
    factors, perfect = world(1_000)
    factors[0, 0] = 99
    found = higgins(perfect, factors)
    assert "values of factor 1 with too few points: 1" in found.flags
    assert found.value > 0.95


def test_chance_levels_of_sampled_measures() -> None:
    factors, _ = world(3_000)
    noise = np.random.default_rng(3).standard_normal((3_000, 4))
    found = score(noise, factors, measures=["higgins", "factor_vae"], **NO_NULLS)
    for key in ("higgins", "factor_vae"):
        assert found[key].chance == 0.25
        assert found[key].value == pytest.approx(0.25, abs=0.03), key  # 3 sd of 5,000 guesses: .018


def test_a_constant_factor_is_left_out_with_a_flag() -> None:
    factors, perfect = world(500)
    factors[:, 1] = 2
    found = score(perfect, factors, **NO_NULLS)["mig"]
    assert "factor with one value: factor 2" in found.flags
    assert np.isnan(found.per_factor["factor 2"])
    assert found.value == pytest.approx(1, abs=0.03)


def test_one_factor_leaves_what_compares_factors_void() -> None:
    factors, perfect = world(500)
    found = score(perfect, factors[:, :1], **NO_NULLS)
    assert found["mig"].value == pytest.approx(1, abs=0.03)
    for key in ("dci_disentanglement", "infomec_modularity", "higgins", "modularity", "mig_sup"):
        assert found[key].as_dict()["value"] is None, key
        assert any("one factor only" in flag for flag in found[key].flags)


def test_one_active_code_has_no_rotation_null() -> None:
    factors, perfect = world(500)
    found = score(perfect[:, :1], factors, rotations=2, permutations=0, resamples=0, points=200)
    assert found["mig"].null_rotation is None
    assert any(flag.startswith("rotation null void") for flag in found["mig"].flags)


@pytest.mark.parametrize(
    ("codes", "factors", "options", "message"),
    [
        (np.full((50, 2), np.nan), np.arange(50) % 2, {}, "codes holds 100 values that are not"),
        (np.full((50, 2), np.inf), np.arange(50) % 2, {}, r"not finite, the first at \[0, 0\]"),
        (np.eye(10), np.arange(10) % 2, {}, "10 points, fewer than the 20 bins"),
        (np.ones((50, 2)), np.arange(49) % 2, {}, "50 points and factors 49"),
        (np.ones((50, 2)), np.zeros(50), {}, "factor with one value: factor 1"),
        (np.ones((50, 2)), np.array(["a", "b"] * 25), {}, "factors holds <U1, not numbers"),
        (np.ones((50, 2)), np.full(50, np.inf), {}, "mark what is not known with NaN"),
        (np.ones((50, 2), object), np.arange(50) % 2, {}, "codes holds object, not numbers"),
        (np.ones(50), np.arange(50) % 2, {}, r"codes has shape \(50,\); it must be"),
        (np.ones((50, 2)), np.ones((50, 2, 2)), {}, "factors has shape"),
        (np.ones((50, 2)), np.arange(50) % 2, {"factor_names": ["a", "b"]}, "need one each"),
        (np.ones((50, 2)), np.arange(50) % 2, {"factor_kinds": ["odd"]}, "give one of discrete"),
        (np.ones((50, 2)), np.arange(50) % 3, {"factor_kinds": ["binary"]}, "has 3 values"),
        (np.ones((50, 2)), np.arange(50), {"factor_kinds": ["discrete"]}, "call it continuous"),
        (np.ones((50, 2)), np.arange(50) % 2, {"measures": ["magic"]}, "it can hold higgins"),
    ],
)
def test_bad_input_is_one_clear_line(codes, factors, options, message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        score(codes, factors, **NO_NULLS, **options)
    assert "\n" not in str(raised.value)


def test_every_measure_has_a_key() -> None:
    assert set(scoring_module.KEYS) == {
        *("higgins", "factor_vae", "mig", "mig_sup", "jemmig", "dci_disentanglement"),
        *("dci_completeness", "dci_informativeness", "med", "sap", "modularity", "explicitness"),
        *("irs", "infomec_modularity", "infomec_compactness", "infomec_explicitness"),
        "total_correlation",
    }


ODD_NULLS = {"permutations": 2, "rotations": 2, "resamples": 2, "points": 300}


def test_codes_that_hardly_ever_vary() -> None:
    factors, perfect = world(3_000)
    sparse = np.zeros(3_000)
    sparse[:21] = 1
    found = score(np.column_stack([perfect[:, 0], sparse]), factors, **ODD_NULLS)
    assert all(np.isfinite(one.value) for one in found.values())


def test_factors_that_are_known_at_few_points() -> None:
    factors, perfect = world(3_000)
    factors[25:, 1] = np.nan
    found = score(perfect, factors, **ODD_NULLS)
    assert np.isfinite(found["dci_disentanglement"].value)
    assert "labels missing: factor 2 at 2,975 points" in found["mig"].flags


def test_a_rare_binary_factor_alone() -> None:
    rare = (np.arange(3_000) < 8).astype(float)
    codes = np.random.default_rng(0).standard_normal((3_000, 3))
    assert np.isfinite(score(codes, rare, **ODD_NULLS)["mig"].value)


def test_a_code_that_varies_only_where_a_label_is_missing() -> None:
    factors, perfect = world(2_000)
    factors[:500] = np.nan
    codes = perfect.copy()
    codes[500:, 0] = 0.5
    found = score(codes, factors, **NO_NULLS)
    assert all(np.isfinite(one.value) for one in found.values())
    assert found["modularity"].per_code[0] == 0


def test_codes_that_tell_of_nothing_are_named() -> None:
    factors, perfect = world(2_000)
    found = score(codes_of(perfect)["half"], factors, **NO_NULLS)
    flag = "codes that tell of no factor count as well: 2, 3 (from 0)"
    for key in ("modularity", "irs", "mig_sup", "infomec_modularity"):
        assert flag in found[key].flags, key


@pytest.mark.parametrize("kind", [np.int16, np.float32, bool])
def test_numbers_of_any_type(kind: type) -> None:
    factors, perfect = world(500)
    found = score((3 * perfect).astype(kind), factors.astype(np.int8), **NO_NULLS)
    assert all(np.isfinite(one.value) for one in found.values())


@pytest.mark.parametrize("shift", [1e9, -1e9])
def test_a_large_offset_changes_little(shift: float) -> None:
    factors, perfect = world(2_000)
    codes = codes_of(perfect)["rotated"]
    before, after = score(codes, factors, **NO_NULLS), score(codes + shift, factors, **NO_NULLS)
    for key in ("mig", "dci_disentanglement", "sap", "factor_vae"):
        assert after[key].value == pytest.approx(before[key].value, abs=0.03), key


def test_skewed_factors_keep_their_classes_in_the_draws() -> None:
    """Joining levels by number put nearly all points of such a factor into one class."""
    rng = np.random.default_rng(0)
    factors = np.minimum(rng.geometric(0.5, (3_000, 2)), 12).astype(float)
    codes = (factors == 1) + 0.1 * rng.standard_normal((3_000, 2))
    found = score(codes, factors, measures=["dci"], resamples=0)["dci_disentanglement"]
    assert found.null_rotation is not None
    assert found.null_rotation.observed == pytest.approx(found.value, abs=0.15)


def test_rare_factors_stay_out_of_the_draws_with_a_flag() -> None:
    rng = np.random.default_rng(0)
    factors, perfect = world(3_000)
    rare = (rng.permutation(3_000) < 5).astype(float)
    table = np.column_stack([factors[:, :2], rare])
    options = {"measures": ["sap"], "permutations": 0, "rotations": 0, "points": 300}
    found = score(perfect[:, :2], table, **options)["sap"]
    assert "too rare for nulls and intervals: factor 3" in found.flags
    assert found.interval is not None
    assert found.interval[1] - found.interval[0] < 0.05


def test_levels_that_occur_once_do_not_look_robust() -> None:
    rng = np.random.default_rng(0)
    factors, _ = world(3_000)
    noise = rng.standard_normal((3_000, 3))
    before = score(noise, factors, measures=["irs"], **NO_NULLS)["irs"].value
    factors[:40, 0] = np.arange(100, 140)
    after = score(noise, factors, measures=["irs"], **NO_NULLS)["irs"].value
    assert after == pytest.approx(before, abs=0.05)


def test_values_that_differ_by_rounding_are_the_same() -> None:
    factors, _ = world(2_000)
    a, b, c, _ = factors.T
    codes = np.stack([0.1 * a + 0.2 * b + 0.3 * c, 0.7 * b - 0.1 * c, 0.3 * c + 0.1 * a], axis=1)
    before = score(codes, factors, **NO_NULLS)
    after = score(codes * [0.3, -7e-4, 3.3], factors, **NO_NULLS)
    for key in KEYS:
        assert after[key].value == pytest.approx(before[key].value, abs=1e-6), key


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_very_large_and_very_small_values(size: float) -> None:
    factors, perfect = world(500)
    before = score(perfect, factors, **NO_NULLS)
    after = score(perfect * size, factors * size, **NO_NULLS)
    for key in KEYS:
        assert after[key].value == pytest.approx(before[key].value, abs=0.01), key


def test_a_code_that_is_seldom_on_still_counts() -> None:
    rare = (np.arange(3_000) < 12).astype(float)
    factors, perfect = world(3_000)
    found = mig(np.column_stack([perfect[:, 0], rare]), np.column_stack([factors[:, 0], rare]))
    assert found.value > 0.9


def test_one_code_leaves_completeness_void() -> None:
    factors, perfect = world(500)
    found = score(perfect[:, :1], factors, **NO_NULLS)
    for key in ("dci_completeness", "infomec_compactness"):
        assert np.isnan(found[key].value)
        assert any("one code varies" in flag for flag in found[key].flags)


def test_masked_values_are_missing() -> None:
    factors, perfect = world(500)
    masked = np.ma.MaskedArray(factors, mask=np.tile(np.arange(500)[:, None] < 100, 4))
    flags = mig(perfect, masked).flags
    assert "labels missing: factor 1 at 100 points" in flags


def test_tensors_are_taken() -> None:
    factors, perfect = world(500)
    tensor = torch.tensor(perfect, dtype=torch.bfloat16, requires_grad=True)
    assert mig(tensor, torch.tensor(factors)).value > 0.9


@pytest.mark.parametrize(
    "options",
    [
        *({"seed": -1}, {"seed": 1.5}, {"workers": 0}, {"points": 0}, {"permutations": -1}),
        {"active_above": float("nan")},
        {"factor_names": ["a\nb", "c", "d", "e"]},
    ],
)
def test_bad_options_are_refused(options: dict) -> None:
    factors, perfect = world(100)
    (name,) = options
    with pytest.raises(UserError, match=name):
        score(perfect, factors, **options)


def test_void_scores_carry_no_nulls() -> None:
    factors, _ = world(1_000)
    noise = np.random.default_rng(0).standard_normal((1_000, 3))
    found = score(noise, factors, measures=["infomec"], permutations=2, rotations=2, resamples=2)
    one = found["infomec_modularity"]
    assert (one.null_rotation, one.null_permutation, one.interval) == (None, None, None)
