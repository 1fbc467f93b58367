"""What the tests against random rotations share."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import gamma, norm, pearson3, t

import unknot
from unknot import UserError
from unknot.data.image_set import ImageSet
from unknot.evidence.rotation_test import (
    RotationTest,
    check_draws,
    compare_with_rotations,
    covariance_root,
    gamma_tail,
    read_codes,
    void_test,
    whiten_symmetrically,
)
from unknot.experiments.experiment import Experiment
from unknot.metrics.nulls import random_rotation

PAGE = Path(__file__).parents[2] / "docs" / "rotation_tests.md"


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def codes(rng: np.random.Generator) -> np.ndarray:
    """Correlated codes of unequal spread, not centered."""
    return 3 + rng.standard_normal((300, 3)) @ np.array([[2.0, 0.5, 0], [0, 1, 0.3], [0, 0, 0.4]])


def test_whitened_codes_are_uncorrelated_and_stay_close_to_their_latents(codes: np.ndarray) -> None:
    white = whiten_symmetrically(codes)
    np.testing.assert_allclose(white.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(np.cov(white.T, bias=True), np.eye(3), atol=1e-12)
    between = np.corrcoef(codes.T, white.T)[:3, 3:]
    assert (between.argmax(1) == np.arange(3)).all()
    np.testing.assert_allclose(covariance_root(codes), covariance_root(codes).T, atol=1e-12)
    np.testing.assert_allclose(white @ covariance_root(codes), codes - codes.mean(0), atol=1e-12)


def test_whitened_rotations_are_rotations_of_the_whitened_codes(
    codes: np.ndarray, rng: np.random.Generator
) -> None:
    turn = random_rotation(3, rng)
    white = whiten_symmetrically(codes)
    np.testing.assert_allclose(whiten_symmetrically(codes @ turn), white @ turn, atol=1e-10)


def test_a_latent_that_is_a_sum_of_others_adds_no_direction(codes: np.ndarray) -> None:
    redundant = np.hstack([codes, codes[:, :1] + codes[:, 1:2]])
    assert read_codes("codes", redundant, 0.0).num_directions == 3
    variances = np.linalg.eigvalsh(np.cov(whiten_symmetrically(redundant).T, bias=True))
    np.testing.assert_allclose(variances, [0, 1, 1, 1], atol=1e-9)


def test_collapsed_latents_are_named(codes: np.ndarray) -> None:
    codes[:, 1] = 0.05 * codes[:, 1]
    read = read_codes("codes", codes, 0.01)
    assert read.active.tolist() == [True, False, True]
    assert list(read.excluded) == ["latent 1"]
    assert read.latents.shape == (300, 2)
    assert read.too_few is None


def test_codes_without_axes_to_rotate_say_why(codes: np.ndarray) -> None:
    alone = read_codes("codes", codes[:, :1], 0.0)
    assert alone.too_few == "1 latent is in use, and it takes two to mix them"
    none = read_codes("codes", np.zeros((30, 2)), 0.0)
    assert none.too_few == "no latents are in use, and it takes two to mix them"
    twice = read_codes("codes", codes[:, [0, 0]], 0.0)
    assert (
        twice.too_few
        == "the 2 latents in use all say the same, so that mixing them changes nothing"
    )


@pytest.mark.parametrize(
    ("codes", "active_above", "words"),
    [
        (np.zeros(30), 0.0, r"has shape \(30,\)"),
        (np.zeros((30, 0)), 0.0, "has shape"),
        (np.zeros((19, 2)), 0.0, "19 images; give 20 or more"),
        (np.full((30, 2), np.nan), 0.0, "not finite"),
        (np.zeros((30, 2)), -1.0, "active_above is -1"),
    ],
)
def test_bad_codes_are_refused(codes: np.ndarray, active_above: float, words: str) -> None:
    with pytest.raises(UserError, match=words):
        read_codes("codes", codes, active_above)


def test_too_few_rotations_are_refused() -> None:
    check_draws(19, 0)
    with pytest.raises(UserError, match="rotations is 18"):
        check_draws(18, 0)
    with pytest.raises(UserError, match="whole number"):
        check_draws(30.5, 0)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="seed"):
        check_draws(30, -1)


def test_the_place_among_rotations_is_exact() -> None:
    draws = np.arange(99.0)
    above = compare_with_rotations(96.0, draws, {})
    assert above.p_value == 4 / 100  # 96, 97 and 98 are not below
    assert above.percentile == pytest.approx(100 * 96.5 / 99)
    assert above.z == pytest.approx((96 - draws.mean()) / draws.std())
    below = compare_with_rotations(2.0, draws, {}, low_stands_out=True)
    assert (below.p_value, below.percentile) == (above.p_value, pytest.approx(above.percentile))
    assert below.z == pytest.approx(above.z)
    assert (below.statistic, below.null_mean) == (2, 49)


def test_rotations_that_are_all_alike_void_the_test() -> None:
    same = compare_with_rotations(0.5, np.full(30, 0.5), {"latent 0": "why"})
    assert same.void == "every random mix of the latents gives the same"
    assert same.statistic == 0.5
    assert np.isnan(same.p_value)
    assert same.excluded == {"latent 0": "why"}


def test_results_go_to_json_and_back() -> None:
    for result in (
        compare_with_rotations(0.5, np.arange(30.0), {"label 1": "why"}),
        void_test("no axes", 30, {}),
    ):
        document = json.loads(json.dumps(result.as_dict(), allow_nan=False))
        np.testing.assert_equal(RotationTest.from_dict(document), result)


def test_the_snippet_of_the_docs_runs(
    faces: ImageSet, four_runs: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its second half, on runs that are there: the first trains."""
    training, testing = (part.split("```")[0] for part in PAGE.read_text().split("```python")[1:])
    assert "unknot.compare(" in training
    runs = [four_runs.run(beta=0.5, seed=seed) for seed in (0, 1)]
    exec(testing, {"unknot": unknot, "images": faces, "runs": runs})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["properties", "interaction", "agreement"]
    assert all("p 0." in line or "p 1." in line for line in lines)


def test_a_tail_is_fitted_where_no_rotation_reaches_the_codes() -> None:
    draws = np.random.default_rng(0).standard_normal(100)
    apart, among = (compare_with_rotations(x, draws, {}) for x in (6.0, 1.0))
    assert apart.p_value == 1 / 101
    assert apart.tail_p_value == pytest.approx(t.sf(apart.z * (99 / 101) ** 0.5, 99))
    assert apart.tail_p_value < 1e-6
    assert among.tail_p_value == among.p_value


def test_the_fitted_tail_is_that_of_normal_rotations() -> None:
    """Of draws from the null, as many fall below .5% as should."""
    rng = np.random.default_rng(1)
    tails = [
        compare_with_rotations(x, rng.standard_normal(100), {}).tail_p_value
        for x in rng.standard_normal(4_000)
    ]
    assert np.mean(np.array(tails) <= 0.005) == pytest.approx(0.005, abs=0.0045)  # 4 errors


def test_the_gamma_tail_is_that_of_a_shifted_gamma_distribution() -> None:
    for skew in (0.05, 0.5, 1.0):
        law = pearson3(skew)
        for z in (0.0, 2.0, 6.0):
            assert gamma_tail(z, skew) == pytest.approx(law.sf(z), rel=1e-9)
    assert gamma_tail(-50.0, 1.0) == 1.0
    assert gamma_tail(3.0, 0.0) == gamma_tail(3.0, -0.5) == pytest.approx(norm.sf(3.0))
    assert gamma_tail(3.0, float("nan")) == 1.0


def test_a_skewed_tail_is_that_of_skewed_rotations() -> None:
    """A little above the highest of a thousand draws, p is about that of their law."""
    rng = np.random.default_rng(0)
    shape = 4 / 0.6**2
    draws = rng.gamma(shape, size=(400, 1001))
    tests = [compare_with_rotations(row[0], row[1:], {}) for row in draws]
    assert np.mean([test.null_skew for test in tests]) == pytest.approx(0.6, abs=0.03)
    beyond = [compare_with_rotations(row[1:].max() + 1.0, row[1:], {}) for row in draws]
    exact = np.array([gamma.sf(row[1:].max() + 1.0, shape) for row in draws])
    fitted = np.array([test.skewed_tail_p_value for test in beyond])
    ratio = np.median(fitted / np.minimum(exact, 1 / 1001))
    assert 0.5 < ratio < 2.0
    among = compare_with_rotations(0.0, rng.standard_normal(1000), {})
    assert among.skewed_tail_p_value == among.p_value


def test_skewness_counts_toward_what_stands_out() -> None:
    draws = np.random.default_rng(0).exponential(size=2000)
    assert compare_with_rotations(1.0, draws, {}).null_skew == pytest.approx(2.0, abs=0.5)
    low = compare_with_rotations(1.0, draws, {}, low_stands_out=True)
    assert low.null_skew == pytest.approx(-2.0, abs=0.5)
    document = low.as_dict()
    del document["null_skew"]
    assert np.isnan(RotationTest.from_dict(document).null_skew)
