"""How betas are dealt anew to runs, and what so many runs can tell."""

from itertools import permutations, product
from math import comb

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.evidence.beta_deals import MAX_DEALS, deal_betas, least_p_value, look_levels


def test_all_deals_within_seeds_are_made_once() -> None:
    deals = deal_betas(4, 3)
    orders = [[tuple(3 * seed + k for k in p) for p in permutations(range(3))] for seed in range(4)]
    expected = set(product(*orders))
    assert {tuple(map(tuple, deal.tolist())) for deal in deals} == expected
    assert len(deals) == len(expected) == 6**4


def test_many_deals_are_drawn_with_the_observed_one_among_them() -> None:
    deals = deal_betas(5, 3, seed=4)
    assert deals.shape == (MAX_DEALS, 5, 3)
    np.testing.assert_array_equal(deals[0], np.arange(15).reshape(5, 3))
    np.testing.assert_array_equal(np.sort(deals, axis=2), np.broadcast_to(deals[0], deals.shape))
    np.testing.assert_array_equal(deals, deal_betas(5, 3, seed=4))
    shares = (deals[1:] % 3 == 0).mean(0)  # of deals in which the lowest beta's run is there
    assert shares == pytest.approx(1 / 3, abs=0.05)  # five standard errors


@pytest.mark.parametrize(("num_seeds", "num_betas", "num"), [(3, 3, 1680), (2, 3, 90), (1, 4, 24)])
def test_few_seeds_are_dealt_across_in_all_ways(num_seeds: int, num_betas: int, num: int) -> None:
    deals = deal_betas(num_seeds, num_betas)
    assert deals.shape == (num, num_seeds, num_betas)
    for deal in deals:
        assert sorted(deal.ravel()) == list(range(num_seeds * num_betas))
    groups = {tuple(map(tuple, np.sort(deal, axis=0).T.tolist())) for deal in deals}
    assert len(groups) == num
    assert tuple(map(tuple, np.arange(num_seeds * num_betas).reshape(-1, num_betas).T)) in groups


def test_many_deals_across_seeds_are_drawn_with_the_observed_one_among_them() -> None:
    deals = deal_betas(3, 4)
    assert deals.shape == (MAX_DEALS, 3, 4)
    np.testing.assert_array_equal(deals[0], np.arange(12).reshape(3, 4))


@pytest.mark.parametrize("num_seeds", [2, 3, 4])
def test_two_betas_of_few_seeds_are_dealt_across_seeds(num_seeds: int) -> None:
    deals = deal_betas(num_seeds, 2)
    assert len(deals) == comb(2 * num_seeds, num_seeds)
    for deal in deals:
        assert sorted(deal.ravel()) == list(range(2 * num_seeds))
    assert len({tuple(sorted(deal[:, 0])) for deal in deals}) == len(deals)


def test_two_betas_are_dealt_within_seeds_where_that_reaches_the_level() -> None:
    assert len(deal_betas(5, 2)) == comb(10, 5)  # a half of 5% cannot be reached within
    assert len(deal_betas(6, 2)) == 2**6
    assert len(deal_betas(8, 2, level=0.015)) == 2**8


def test_too_many_deals_across_seeds_are_drawn() -> None:
    deals = deal_betas(8, 2, level=0.001)
    assert deals.shape == (MAX_DEALS, 8, 2)
    assert sorted(deals[0, :, 0]) == list(range(0, 16, 2))
    assert all(sorted(deal.ravel()) == list(range(16)) for deal in deals)


@pytest.mark.parametrize("num_seeds", [1, 2, 3])
@pytest.mark.parametrize("num_betas", [2, 3, 4])
def test_the_least_p_value_is_that_of_the_clearest_table(num_seeds: int, num_betas: int) -> None:
    """The formula beside a count over all deals."""
    deals = deal_betas(num_seeds, num_betas)
    rows = [np.concatenate([[0], np.linspace(1, 2, num_betas - 2), [9]])] * num_seeds
    z = np.stack(rows) + np.linspace(0, 0.1, num_seeds)[:, None] * (np.arange(num_betas) > 0)
    dealt = z.ravel()[deals].mean(1)
    largest = (dealt[:, 1:] - dealt[:, :1]).max(1)
    share = (largest >= largest.max() - 1e-9).mean()
    if len(deals) < MAX_DEALS:  # else deals are drawn
        assert least_p_value(num_seeds, num_betas) == pytest.approx(share)


def test_what_designs_can_reach() -> None:
    assert least_p_value(3, 3) == pytest.approx(2 / 1680)
    assert least_p_value(2, 3) == pytest.approx(2 / 90)
    assert least_p_value(4, 3) == pytest.approx(2 / 6**4)
    assert least_p_value(3, 2) == pytest.approx(1 / 20)
    assert least_p_value(5, 2) == pytest.approx(1 / 252)
    assert least_p_value(6, 2) == pytest.approx(1 / 64)
    assert least_p_value(8, 5) == 1 / MAX_DEALS


def test_looks_share_the_level() -> None:
    assert look_levels() == pytest.approx((0.015, 0.015, 0.02))
    assert look_levels((5,)) == (0.05,)
    assert sum(look_levels((3, 4, 5, 6, 8))) == pytest.approx(0.05)


def test_looks_that_cannot_reach_their_level_are_skipped() -> None:
    assert look_levels(num_betas=2) == pytest.approx((0, 0.05 * 3 / 7, 0.05 * 4 / 7))
    assert look_levels((1, 2, 3)) == pytest.approx((0, 0, 0.05))
    assert look_levels((1,)) == (0,)


@pytest.mark.parametrize("looks", [(), (5, 3), (3, 3), (0, 3)])
def test_looks_that_do_not_ascend_are_refused(looks: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="give numbers of seeds that ascend"):
        look_levels(looks)
