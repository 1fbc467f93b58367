"""The test of all pairs of a latent and a factor."""

import numpy as np

from tests.metrics.codes import NO_NULLS, codes_of, scores_of, world
from unknot.metrics import score
from unknot.metrics.inputs import make_table
from unknot.metrics.significance import informative_pairs, mutual_information_test


def test_noise_is_flagged_as_void() -> None:
    for key, result in scores_of("noise").items():
        if key != "total_correlation":
            assert "void: no latent beats the permutation null" in result.flags, key


def test_latents_that_tell_of_nothing_are_named() -> None:
    factors, perfect = world(2_000)
    found = score(codes_of(perfect)["half"], factors, nulls=NO_NULLS)
    flag = "latents that tell of no factor count as well: 2, 3 (from 0)"
    for key in ("modularity", "irs", "mig_sup", "infomec_modularity"):
        assert flag in found[key].flags, key


def test_the_informative_pairs_of_half_a_code() -> None:
    factors, perfect = world(1_000)
    table = make_table(codes_of(perfect)["half"], factors)
    pairs = informative_pairs(table)[np.argsort(table.source_columns)]
    assert pairs.tolist() == np.eye(4, dtype=bool)[:2].tolist() + [[False] * 4] * 2


def test_noise_seldom_passes_and_rare_levels_never() -> None:
    rng = np.random.default_rng(0)
    levels = rng.integers(3, size=500)
    rare = (np.arange(500) < 9).astype(np.int64)
    passed = [
        mutual_information_test(rng.standard_normal((500, 3)), [(levels, 3)], rng).any()
        for _ in range(50)
    ]
    assert sum(passed) <= 1  # twice or more in 50 tables: once in 800 such tests
    assert not mutual_information_test(rare[:, None].astype(float), [(rare, 2)], rng).any()
