"""Which images make pairs."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data import pairs
from unknot.data.image_set import ImageSet
from unknot.data.pairs import FactorPartners, find_partners

NUM_LEVELS = (2, 4, 5, 3)
GRID = np.array(list(product(*(range(num) for num in NUM_LEVELS))), float)


def with_labels(
    images: ImageSet,
    *,
    factors: NDArray[np.floating] | None = None,
    groups: Sequence[int] | None = None,
    texts: Sequence[int] = (),
) -> ImageSet:
    """Give images factors or groups of a test's own."""
    num = len(images)
    factors = np.empty((num, 0)) if factors is None else factors[:num].astype(float)
    names = tuple(f"f{i}" for i in range(factors.shape[1]))
    labels = replace(
        images.labels,
        factors=factors,
        factor_names=names,
        groups=np.full(num, -1, np.int32) if groups is None else np.array(groups, np.int32),
        group_names=() if groups is None else tuple(f"g{i}" for i in range(max(groups) + 1)),
    )
    levels = {names[i]: ("a", "b", "c") for i in texts}
    return replace(images, labels=labels, info={**images.info, "factor_levels": levels})


def all_for_training(images: ImageSet) -> ImageSet:
    return replace(images, labels=replace(images.labels, split=np.zeros(len(images), np.int8)))


@pytest.fixture(scope="module")
def grid(small_faces: ImageSet) -> ImageSet:
    """120 images for training, one of each combination of four factors."""
    short = replace(small_faces, images=small_faces.images[: len(GRID)])
    labels = replace(short.labels, split=np.zeros(len(GRID), np.int8))
    return with_labels(replace(short, labels=labels), factors=GRID)


def drawn(images: ImageSet, differ: int, *, repeats: int = 20) -> list[tuple[int, int]]:
    """Draw partners of every image that has one, several times over."""
    partners, rng = find_partners(images, differ), np.random.default_rng(1)
    return [
        (int(a), int(b))
        for _ in range(repeats)
        for a, b in zip(partners.indices, partners.draw(partners.indices, rng), strict=True)
    ]


@pytest.mark.parametrize("differ", [1, 2, 3])
def test_partners_on_a_grid_differ_in_as_many_factors_as_asked(grid: ImageSet, differ: int) -> None:
    for a, b in drawn(grid, differ):
        assert (GRID[a] != GRID[b]).sum() == differ


def test_every_factor_and_every_other_level_has_its_chance(grid: ImageSet) -> None:
    """With one factor that changes, each of four is it in a quarter of the pairs."""
    pairs_drawn = np.array(drawn(grid, 1, repeats=50))
    changed = (GRID[pairs_drawn[:, 0]] != GRID[pairs_drawn[:, 1]]).mean(0)
    np.testing.assert_allclose(changed, 0.25, atol=0.03)
    of_first = pairs_drawn[(pairs_drawn[:, 0] == 0), 1]
    assert len(set(of_first.tolist())) == sum(NUM_LEVELS) - len(NUM_LEVELS)


def test_a_random_number_of_factors_is_from_one_to_all_but_one(grid: ImageSet) -> None:
    numbers = [int((GRID[a] != GRID[b]).sum()) for a, b in drawn(grid, 0)]
    shares = np.bincount(numbers, minlength=5) / len(numbers)
    np.testing.assert_allclose(shares, [0, 1 / 3, 1 / 3, 1 / 3, 0], atol=0.04)


def test_among_images_with_equal_factors_all_have_their_chance(grid: ImageSet) -> None:
    """Two levels of two factors, 30 images of each combination."""
    factors = np.stack([np.arange(120) % 2, np.arange(120) // 2 % 2], 1)
    pairs_drawn = np.array(drawn(with_labels(grid, factors=factors), 1, repeats=40))
    of_first = set(pairs_drawn[pairs_drawn[:, 0] == 0, 1].tolist())
    assert of_first <= set(np.flatnonzero(factors.sum(1) == 1).tolist())
    assert len(of_first) > 20


def brute_force(values: NDArray[np.float64], i: int, changed: NDArray[np.bool_]) -> int:
    scaled = values / values.std(0)
    others = [j for j in range(len(values)) if (values[j, changed] != values[i, changed]).all()]
    return min(others, key=lambda j: float(((scaled[j] - scaled[i])[~changed] ** 2).sum()))


def test_without_an_equal_image_the_nearest_is_the_partner(small_faces: ImageSet) -> None:
    """Continuous factors; 200 images are fewer than the pool, which therefore is all of them."""
    faces = all_for_training(small_faces)
    values = faces.labels.factors
    partners = FactorPartners(faces, 0)
    drawn_here = partners._draw(np.arange(60), np.random.default_rng(2))
    assert not drawn_here.is_exact.any()
    for i, (changed, partner) in enumerate(zip(drawn_here.changed, drawn_here.partners)):
        assert partner == brute_force(values, i, changed)


def test_a_grid_with_gaps_takes_equal_images_where_there_are_any(grid: ImageSet) -> None:
    """The partner of a lone combination is near it, and differs in what changes."""
    rows = np.random.default_rng(0).permutation(len(GRID))[:60]
    factors = np.tile(GRID[rows], (2, 1))
    gaps = with_labels(grid, factors=factors)
    partners = FactorPartners(gaps, 1)
    places = np.arange(120).repeat(5)
    result = partners._draw(places, np.random.default_rng(0))
    here, there = factors[places], factors[result.partners]
    assert 0.2 < result.is_exact.mean() < 0.95
    assert (here != there)[result.changed].all()
    for i in np.flatnonzero(~result.is_exact):
        equal_elsewhere = (factors == here[i])[:, ~result.changed[i]].all(1)
        differs = (factors != here[i])[:, result.changed[i]].all(1)
        assert not (equal_elsewhere & differs).any()
    assert ((here != there).sum(1)[result.is_exact] == 1).all()


def test_another_text_is_farther_than_any_number(grid: ImageSet) -> None:
    rng = np.random.default_rng(0)
    factors = np.column_stack([np.arange(120) % 3, rng.random((120, 2))])
    texts = with_labels(grid, factors=factors, texts=[0])
    result = FactorPartners(texts, 1)._draw(np.arange(120), rng)
    keeps = ~result.changed[:, 0]
    assert (factors[result.partners, 0] == factors[:, 0])[keeps].all()
    assert (factors[result.partners, 0] != factors[:, 0])[~keeps].all()


def test_of_many_images_a_pool_is_searched(
    small_faces: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairs, "POOL", 50)
    pairs_drawn = np.array(drawn(small_faces, 4, repeats=8))
    num_different = {a: len(set(pairs_drawn[pairs_drawn[:, 0] == a, 1])) for a in range(3)}
    assert (pairs_drawn[:, 0] != pairs_drawn[:, 1]).all()
    assert max(num_different.values()) > 3
    assert set(pairs_drawn.flat) <= set(small_faces.indices("train").tolist())


def test_factors_with_one_value_and_images_without_a_factor_do_not_count(grid: ImageSet) -> None:
    factors = np.column_stack([GRID, np.full(len(GRID), 7.0)])
    factors[:10, 2] = np.nan
    partners = find_partners(with_labels(grid, factors=factors), 3)
    assert partners.indices.tolist() == list(range(10, 120))
    note = "pairs differ in 3 of 4 factors; .*; 10 training images lack a factor: not trained on"
    assert re.fullmatch(note, partners.note)


def test_the_note_says_how_near_partners_are(grid: ImageSet, small_faces: ImageSet) -> None:
    assert find_partners(grid, 1).note == (
        "pairs differ in 1 of 4 factors; 100% of pairs are equal in the others"
    )
    two = find_partners(with_labels(grid, factors=GRID[:, :2]), 0)
    assert two.note.startswith("pairs differ in 1 of 2 factors; ")
    note = find_partners(small_faces, 0).note
    assert note.startswith("pairs differ in 1 to 8 of 9 factors; 0% of pairs are equal in the oth")
    assert note.endswith("% of what two images at random do")


def test_people_are_paired_with_themselves(grid: ImageSet) -> None:
    """Partners are of one group; every other image of it is drawn alike often."""
    sizes = [5, 1, 3, 2, 1, 108]
    groups = np.random.default_rng(0).permutation(np.repeat(np.arange(6), sizes))
    groups[groups == 5] = -1
    people = with_labels(grid, factors=GRID, groups=groups.tolist())
    partners = find_partners(people)
    assert partners.indices.tolist() == np.flatnonzero(np.isin(groups, [0, 2, 3])).tolist()
    assert partners.note == (
        "pairs are two of 10 training images, of one group; 110 with no other of their group are "
        "not trained on"
    )
    pairs_drawn = drawn(people, 0, repeats=400)
    assert all(a != b and groups[a] == groups[b] for a, b in pairs_drawn)
    first = int(np.flatnonzero(groups == 0)[0])
    counts = np.bincount([b for a, b in pairs_drawn if a == first])
    np.testing.assert_allclose(counts[counts > 0] / 400, 0.25, atol=0.08)
    assert (counts > 0).sum() == 4


def test_a_partner_outside_training_does_not_count(small_faces: ImageSet) -> None:
    test, train = small_faces.indices("test")[0], small_faces.indices("train")[:3]
    groups = np.full(len(small_faces), -1)
    groups[[test, train[0]]], groups[train[1:]] = 0, 1
    partners = find_partners(with_labels(small_faces, groups=groups.tolist()))
    assert partners.indices.tolist() == train[1:].tolist()
    assert partners.draw(partners.indices, np.random.default_rng(0)).tolist() == [
        train[2],
        train[1],
    ]


def test_images_that_make_no_pairs_are_refused(grid: ImageSet, bare_faces: ImageSet) -> None:
    one_factor = with_labels(grid, factors=GRID[:, :1])
    alone = with_labels(grid, groups=list(range(120)))
    for images, differ, message in (
        (bare_faces, 0, "nothing says which images belong together; give --group people"),
        (alone, 0, "no two training images are of one group"),
        (alone, 2, "differ is 2, which goes with factors; .* leave out differ"),
        (one_factor, 0, r"1 factor\(s\) vary over the training images"),
        (with_labels(grid, factors=np.full((120, 3), np.nan)), 0, r"0 factor\(s\) vary"),
        (grid, 4, "differ is 4, and 4 factors vary; .* give at most 3, or 0"),
    ):
        with pytest.raises(UserError, match=message) as caught:
            find_partners(images, differ)
        assert "\n" not in str(caught.value)
