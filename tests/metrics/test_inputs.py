"""Odd data, bad data, and what is done to both."""

import numpy as np
import pytest
import torch

from tests.metrics.codes import NO_NULLS, ROTATION, codes_of, world
from unknot.common.errors import UserError
from unknot.metrics import KEYS, NullSettings, mig, score
from unknot.metrics.inputs import check_seed, make_table, numbers, vary

ODD_NULLS = NullSettings(permutations=2, rotations=2, subsamples=2, max_points=300)


def test_one_outlier_is_flagged_and_changes_nothing_much() -> None:
    factors, perfect = world(3_000)
    codes = perfect @ ROTATION + 0.1 * np.random.default_rng(5).standard_normal(perfect.shape)
    spoilt = codes.copy()
    spoilt[17, 2] = 1e6
    before, after = score(codes, factors, nulls=NO_NULLS), score(spoilt, factors, nulls=NO_NULLS)
    for key in KEYS:
        assert after[key].value == pytest.approx(before[key].value, abs=0.02), key
        assert "winsorized: 1 point" in after[key].flags


def test_correlated_factors_leave_dci_alone_and_are_reported() -> None:
    rng = np.random.default_rng(0)
    both = rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 5_000)
    factors = np.stack([np.digitize(both[:, i], (-1, -0.3, 0.3, 1)) for i in range(2)], axis=1)
    found = score(factors.astype(float), factors, nulls=NO_NULLS)
    assert found["dci_disentanglement"].value == pytest.approx(1, abs=0.02)
    assert any("factor 1 and factor 2 (+0." in flag for flag in found["mig"].flags)


def test_mixed_factors_and_missing_labels() -> None:
    rng = np.random.default_rng(0)
    continuous, binary = rng.random(2_000), rng.integers(2, size=2_000).astype(float)
    codes = np.stack([continuous, binary + 0.1 * rng.standard_normal(2_000)], axis=1)
    factors = np.stack([continuous, binary], axis=1)
    factors[:300, 1] = np.nan
    found = score(codes, factors, factor_names=["size", "smile"], nulls=NO_NULLS)
    assert "labels missing: smile at 300 points" in found["mig"].flags
    assert found["mig"].per_factor["size"] > 0.9
    for key in ("dci_disentanglement", "dci_informativeness", "infomec_modularity", "sap"):
        assert found[key].value > 0.85, key


def test_a_constant_factor_is_left_out_with_a_flag() -> None:
    factors, perfect = world(500)
    factors[:, 1] = 2
    found = score(perfect, factors, nulls=NO_NULLS)["mig"]
    assert "factor with one value: factor 2" in found.flags
    assert np.isnan(found.per_factor["factor 2"])
    assert found.value == pytest.approx(1, abs=0.03)


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
        (np.ones((50, 2)), np.arange(50) % 2, {"metrics": ["magic"]}, "it can be beta_vae_score"),
    ],
)
def test_bad_input_is_one_clear_line(codes, factors, options, message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        score(codes, factors, nulls=NO_NULLS, **options)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "options",
    [
        {"seed": -1},
        {"seed": 1.5},
        {"workers": 0},
        {"active_above": float("nan")},
        {"factor_names": ["a\nb", "c", "d", "e"]},
    ],
)
def test_bad_options_are_refused(options: dict) -> None:
    factors, perfect = world(100)
    (name,) = options
    with pytest.raises(UserError, match=name):
        score(perfect, factors, **options)


def test_latents_that_hardly_ever_vary() -> None:
    factors, perfect = world(3_000)
    sparse = np.zeros(3_000)
    sparse[:21] = 1
    found = score(np.column_stack([perfect[:, 0], sparse]), factors, nulls=ODD_NULLS)
    assert all(np.isfinite(result.value) for result in found.values())


def test_factors_that_are_known_at_few_points() -> None:
    factors, perfect = world(3_000)
    factors[25:, 1] = np.nan
    found = score(perfect, factors, nulls=ODD_NULLS)
    assert np.isfinite(found["dci_disentanglement"].value)
    assert "labels missing: factor 2 at 2,975 points" in found["mig"].flags


def test_a_latent_that_varies_only_where_a_label_is_missing() -> None:
    factors, perfect = world(2_000)
    factors[:500] = np.nan
    codes = perfect.copy()
    codes[500:, 0] = 0.5
    found = score(codes, factors, nulls=NO_NULLS)
    assert all(np.isfinite(result.value) for result in found.values())
    assert found["modularity"].per_latent[0] == 0


@pytest.mark.parametrize("kind", [np.int16, np.float32, bool])
def test_numbers_of_any_type(kind: type) -> None:
    factors, perfect = world(500)
    found = score((3 * perfect).astype(kind), factors.astype(np.int8), nulls=NO_NULLS)
    assert all(np.isfinite(result.value) for result in found.values())


@pytest.mark.parametrize("shift", [1e9, -1e9])
def test_a_large_offset_changes_little(shift: float) -> None:
    factors, perfect = world(2_000)
    codes = codes_of(perfect)["rotated"]
    before, after = (
        score(codes, factors, nulls=NO_NULLS),
        score(codes + shift, factors, nulls=NO_NULLS),
    )
    for key in ("mig", "dci_disentanglement", "sap", "factor_vae_score"):
        assert after[key].value == pytest.approx(before[key].value, abs=0.03), key


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_very_large_and_very_small_values(size: float) -> None:
    factors, perfect = world(500)
    before = score(perfect, factors, nulls=NO_NULLS)
    after = score(perfect * size, factors * size, nulls=NO_NULLS)
    for key in KEYS:
        assert after[key].value == pytest.approx(before[key].value, abs=0.01), key


def test_a_latent_that_is_seldom_on_still_counts() -> None:
    rare = (np.arange(3_000) < 12).astype(float)
    factors, perfect = world(3_000)
    found = mig(np.column_stack([perfect[:, 0], rare]), np.column_stack([factors[:, 0], rare]))
    assert found.value > 0.9


def test_masked_values_are_missing() -> None:
    factors, perfect = world(500)
    masked = np.ma.MaskedArray(factors, mask=np.tile(np.arange(500)[:, None] < 100, 4))
    flags = mig(perfect, masked).flags
    assert "labels missing: factor 1 at 100 points" in flags


def test_tensors_are_taken() -> None:
    factors, perfect = world(500)
    tensor = torch.tensor(perfect, dtype=torch.bfloat16, requires_grad=True)
    assert mig(tensor, torch.tensor(factors)).value > 0.9


def test_latents_that_do_not_vary_are_counted_in_a_flag() -> None:
    factors, perfect = world(100)
    codes = np.column_stack([perfect[:, 0], np.ones(100), 0.01 * perfect[:, 1]])
    assert "2 of 3 latents active" in make_table(codes, factors).flags
    assert "1 of 3 latents active" in make_table(codes, factors, active_above=0.1).flags
    assert "collapsed: no latent varies" in make_table(np.ones((100, 3)), factors).flags
    assert vary(codes).tolist() == [True, False, True]


def test_seeds_and_numbers_are_checked() -> None:
    check_seed(3)
    with pytest.raises(UserError, match="seed is True"):
        check_seed(True)
    with pytest.raises(UserError, match="at most 9,223,372,036,854,775,807"):
        check_seed(2**63)
    assert numbers("codes", [1, 2]).dtype == np.float64
    with pytest.raises(UserError, match="rows must have the same length"):
        numbers("codes", [[1], [1, 2]])


@pytest.mark.parametrize(
    ("num_values", "num", "kinds", "flagged"),
    [
        (200, 1_000, None, True),
        (200, 999, None, False),  # too few points for either kind to be asked for
        (64, 1_000, None, False),
        (200, 1_000, ["discrete"], False),
        (200, 1_000, ["continuous"], False),
    ],
)
def test_a_factor_of_many_levels_is_flagged_where_its_kind_is_guessed(
    num_values: int, num: int, kinds: list[str] | None, flagged: bool
) -> None:
    factor = np.arange(num) % num_values
    codes = factor[:, None] + np.random.default_rng(0).standard_normal((num, 2))
    flags = make_table(codes, factor, factor_kinds=kinds).flags
    expected = f"taken for continuous: factor 1 ({num_values} values); information is of 20"
    assert any(flag.startswith(expected) for flag in flags) == flagged
    many = "many levels for a discrete factor: factor 1 (200)"
    assert any(flag.startswith(many) for flag in flags) == (kinds == ["discrete"])


def test_information_of_many_levels_depends_on_their_kind() -> None:
    """By integration it is .47 of the values of 200 even levels, .72 of their 20 quantiles."""
    factors, perfect = world(1_000, levels=(200, 200))
    noise = np.random.default_rng(1).standard_normal((1_000, 4))
    codes = np.hstack([perfect, perfect]) + np.array([0.05, 0.05, 1, 1]) * noise
    assert mig(codes, factors, factor_kinds=["discrete"] * 2).value == pytest.approx(0.47, abs=0.03)
    assert mig(codes, factors).value == pytest.approx(0.72, abs=0.03)
