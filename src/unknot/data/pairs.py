"""Which images make pairs: two of one group, or two that differ in some factors alone."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.image_set import ImageSet

NUM_DRAWS = 64  # of new values of the factors that change, each looked up among the images
POOL = 4_096  # images of which the nearest is taken where no draw is there
TEXT_SCALE = 1e3  # times a factor's spread: another text is farther than any number
UNCHANGED = np.float32(1e9)  # the distance of an image that is equal in a factor which must change
NUM_CHECKED = 256  # pairs that are drawn to say how near partners are


class Partners(Protocol):
    """Gives images of the training split their partners.

    Attributes:
        indices: the training images that have one, ascending, shape `(num,)`.
    """

    indices: NDArray[np.int64]

    @property
    def note(self) -> str:
        """Say in one line what a user should know of the pairs."""

    def draw(self, images: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw a partner for each of some images, which are among `indices`; same shape."""


def find_partners(images: ImageSet, differ: int = 0) -> Partners:
    """Choose by what images are paired: by their groups, or else by their factors.

    Args:
        images: of which those for training are paired.
        differ: in how many factors partners differ; 0 draws it for each pair.

    Raises:
        UserError: if there are neither groups nor factors, or they make no pair.
    """
    if images.labels.group_names:
        if differ:
            raise UserError(
                f"differ is {differ}, which goes with factors; these images are paired by their "
                "groups: leave out differ"
            )
        return GroupPartners(images)
    if images.labels.factor_names:
        return FactorPartners(images, differ)
    raise UserError(
        "the objective learns from pairs of images, and nothing says which images belong together; "
        "give --group people with a folder for each person or thing, or images with factors"
    )


class GroupPartners:
    """Pairs each image with any other training image of its group, all with the same chance.

    Args:
        images: with groups.

    Raises:
        UserError: if no two training images are of one group.
    """

    def __init__(self, images: ImageSet) -> None:
        train, groups = images.indices("train"), images.labels.groups
        self._order = train[np.argsort(groups[train], kind="stable")]
        self._groups = groups[self._order]
        sizes = np.bincount(groups[train] + 1)
        sizes[0] = 0  # those of no group
        self.indices = train[sizes[groups[train] + 1] > 1]
        if not len(self.indices):
            raise UserError(
                "no two training images are of one group, so that there are no pairs; give folders "
                "of several images each"
            )
        self._num_alone = len(train) - len(self.indices)
        self._of_image = groups

    @property
    def note(self) -> str:
        """Say how many images make pairs; see `Partners.note`."""
        note = f"pairs are two of {len(self.indices):,} training images, of one group"
        if self._num_alone:
            note += f"; {self._num_alone:,} with no other of their group are not trained on"
        return note

    def draw(self, images: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw a partner for each image; see `Partners.draw`."""
        groups = self._of_image[images]
        begins, ends = (np.searchsorted(self._groups, groups, side) for side in ("left", "right"))
        places = begins + rng.integers(0, ends - begins - 1)
        drawn = self._order[places]
        return np.where(drawn == images, self._order[ends - 1], drawn)


class _Draw(NamedTuple):
    """Partners of some images, all by their place among the images that are paired.

    Attributes:
        changed: in which factors they must differ, shape `(num, num_factors)`.
        partners: shape `(num,)`.
        is_exact: whether all other factors are equal, shape `(num,)`.
    """

    changed: NDArray[np.bool_]
    partners: NDArray[np.int64]
    is_exact: NDArray[np.bool_]


class FactorPartners:
    """Pairs each image with one that differs from it in some factors and in no other.

    The factors that change are drawn for each pair. New values are drawn for them, each from any
    training image, until a training image has them and all other factors as they were. Where
    none of 64 draws is there (continuous factors, grids with gaps), the partner is the nearest in
    the other factors, of 4,096 training images drawn at random that differ in all that change:
    by the sum of squared differences, each over the factor's standard deviation. A factor that is
    text is equal or far away.

    Factors with one value do not count, nor do images of which a factor is missing.

    Args:
        images: with factors.
        differ: how many factors change; 0 draws for each pair from 1 to one less than all.

    Raises:
        UserError: if no two factors vary, or as many as vary would change.
    """

    def __init__(self, images: ImageSet, differ: int) -> None:
        train, labels = images.indices("train"), images.labels
        known = np.isfinite(labels.factors[train]).all(1)
        self.indices = train[known]
        values = labels.factors[self.indices]
        varying = [f for f in range(values.shape[1]) if len(np.unique(values[:, f])) > 1]
        _check_number(len(varying), differ)
        self._differ, self._num_factors = differ, len(varying)
        values = values[:, varying] / values[:, varying].std(0)
        texts = images.info.get("factor_levels", {})  # entries of 0.1.0 have none
        self._is_text = np.array([labels.factor_names[f] in texts for f in varying])
        self._values = (values * np.where(self._is_text, TEXT_SCALE, 1)).astype(np.float32)
        self._levels = _levels(values)
        self._table = _LevelTable(self._levels)
        self._num_left_out = len(train) - len(self.indices)

    @property
    def note(self) -> str:
        """Say how near partners are, from some pairs; see `Partners.note`."""
        rng = np.random.default_rng(0)
        places = rng.integers(len(self.indices), size=NUM_CHECKED)
        drawn = self._draw(places, rng)
        most = self._differ or self._num_factors - 1
        number = f"{most}" if self._differ or most == 1 else f"1 to {most}"
        note = (
            f"pairs differ in {number} of {self._num_factors} factors; {drawn.is_exact.mean():.0%} "
            "of pairs are equal in the others"
        )
        near = ~drawn.changed & ~drawn.is_exact[:, None] & ~self._is_text
        if near.any():
            gaps = self._values[places] - self._values[drawn.partners]
            share = np.sqrt((gaps[near] ** 2).mean() / 2)  # two at random: variance 1 each
            note += f", the rest differ there by {share:.0%} of what two images at random do"
        if self._num_left_out:
            note += f"; {self._num_left_out:,} training images lack a factor: not trained on"
        return note

    def draw(self, images: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw a partner for each image; see `Partners.draw`."""
        places = np.searchsorted(self.indices, images)
        return self.indices[self._draw(places, rng).partners]

    def _draw(self, places: NDArray[np.int64], rng: np.random.Generator) -> _Draw:
        changed = self._draw_changed(len(places), rng)
        partners = self._draw_exact(places, changed, rng)
        is_exact = partners >= 0
        rest = ~is_exact
        partners[rest] = self._nearest(places[rest], changed[rest], rng)
        return _Draw(changed=changed, partners=partners, is_exact=is_exact)

    def _draw_changed(self, num: int, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Draw which factors change, shape `(num, num_factors)`."""
        numbers = np.full(num, self._differ)
        if not self._differ:
            numbers = rng.integers(1, self._num_factors, num)
        ranks = rng.random((num, self._num_factors)).argsort(1).argsort(1)
        changed: NDArray[np.bool_] = ranks < numbers[:, None]
        return changed

    def _draw_exact(
        self, places: NDArray[np.int64], changed: NDArray[np.bool_], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Draw images with other values of what changes, and equal ones of the rest; -1 if none."""
        size = (len(places), NUM_DRAWS, self._num_factors)
        others = self._levels[rng.integers(len(self._levels), size=size), np.arange(size[2])]
        here = self._levels[places][:, None]
        wanted = np.where(changed[:, None], others, here)
        differs = ((wanted != here) == changed[:, None]).all(2)
        return self._table.first_match(wanted, differs, rng)

    def _nearest(
        self, places: NDArray[np.int64], changed: NDArray[np.bool_], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Find the nearest in what does not change, of those that differ in all that does."""
        num = len(self._values)
        pool = rng.choice(num, min(num, POOL), replace=False)
        distances = np.zeros((len(places), len(pool)), np.float32)
        for here, there, changes in zip(
            self._values[places].T, self._values[pool].T, changed.T, strict=True
        ):
            distances[~changes] += (here[~changes, None] - there) ** 2
            distances[changes] += np.where(here[changes, None] == there, UNCHANGED, 0)
        return pool[distances.argmin(1)]


def _check_number(num_factors: int, differ: int) -> None:
    """Refuse factors of which none is left that partners have in common."""
    if num_factors < 2:
        raise UserError(
            f"{num_factors} factor(s) vary over the training images of which all are known; pairs "
            "that share some and differ in others need two: --label-columns takes those to use"
        )
    if differ >= num_factors:
        raise UserError(
            f"differ is {differ}, and {num_factors} factors vary; partners must share one: give at "
            f"most {num_factors - 1}, or 0 to draw it for each pair"
        )


def _levels(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Number the values of each column from 0; same shape."""
    columns = [np.unique(column, return_inverse=True)[1] for column in values.T]
    return np.stack(columns, 1).astype(np.uint64)


class _LevelTable:
    """Finds images by the levels of all their factors.

    Args:
        levels: of each image, shape `(num, num_factors)`.
    """

    def __init__(self, levels: NDArray[np.uint64]) -> None:
        odd = np.random.default_rng(0).integers(2**63, size=levels.shape[1], dtype=np.uint64) * 2
        self._multipliers = odd + np.uint64(1)
        keys = self._keys(levels)
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]

    def _keys(self, levels: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Hash rows of levels to 64 bits: two of a million differ in theirs but for 3e-8."""
        keys: NDArray[np.uint64] = (levels * self._multipliers).sum(-1)
        return keys

    def first_match(
        self, wanted: NDArray[np.uint64], allowed: NDArray[np.bool_], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Find an image for the first of each row's draws that has any.

        Args:
            wanted: levels, shape `(num, num_draws, num_factors)`.
            allowed: the draws that count, shape `(num, num_draws)`.
            rng: chooses among several images with the same levels.

        Returns:
            Places, -1 where none is there, shape `(num,)`.
        """
        keys = self._keys(wanted)
        begins, ends = (np.searchsorted(self._sorted, keys, side) for side in ("left", "right"))
        is_there = allowed & (ends > begins)
        rows, first = np.arange(len(keys)), is_there.argmax(1)
        begin, end = begins[rows, first], ends[rows, first]
        places = self._order[rng.integers(begin, np.maximum(end, begin + 1)) % len(self._order)]
        return np.where(is_there.any(1), places, -1)
