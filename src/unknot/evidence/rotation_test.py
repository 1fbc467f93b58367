"""What the tests against random rotations share: the same code, turned, and the place among turns.

A rotation of a code holds the same information along other axes. So a test that compares a code
with random rotations of itself asks about its axes alone, and its p-value is exact whatever the
model: if the axes are no better than any others, the code is one more draw of its own null.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, ndtr, stdtr

from unknot.common.errors import UserError
from unknot.metrics.inputs import check_seed, numbers, vary
from unknot.metrics.nulls import SINGULAR, compare_with
from unknot.metrics.table import MIN_KNOWN

FloatArray = NDArray[np.float64]
Stops = Sequence[tuple[int, float]]
"""Numbers of rotations, ascending, and the p-values above which no more are drawn."""
NAN = float("nan")

LEAST_DIRECTIONS = 2  # a single direction has no axes to rotate
LEAST_ROTATIONS = 19  # with fewer, p cannot fall to 5%
LEAST_SKEW = 0.01  # below which a gamma distribution is a normal one
EQUAL = 1e-12  # a null whose standard deviation is below this share of its size is one number


@dataclass(frozen=True)
class RotationTest:
    """A statistic of codes beside that of random rotations of them.

    All numbers but `statistic` are NaN where the test is void; so is `statistic` where it is not
    defined.

    Attributes:
        statistic: of the codes, whitened along their own axes.
        null_mean: of the same statistic of the rotations.
        null_std: likewise, the standard deviation.
        z: by how many of these standard deviations the codes stand out; negative where most
            rotations stand out more.
        percentile: share of the rotations that stand out less, in percent; equal ones count half.
        p_value: `(1 + rotations that stand out as much) / (1 + rotations)`: one-sided and exact.
        rotations: how many were drawn.
        void: why the question cannot be asked of these codes; None where it can.
        excluded: name of each latent or label that took no part -> the reason.
        null_skew: skewness of the rotations, above 0 where the longer tail is that of those that
            stand out; NaN in evidence of earlier versions.
    """

    statistic: float
    null_mean: float
    null_std: float
    z: float
    percentile: float
    p_value: float
    rotations: int
    void: str | None
    excluded: dict[str, str]
    null_skew: float = NAN

    @property
    def tail_p_value(self) -> float:
        """`p_value`, or where no rotation reaches the codes, that of a fitted tail if it is less.

        The tail is that of a normal distribution whose mean and deviation are those of the
        rotations (Student's t of one more draw). Seen on trained models, interaction of rotations
        is nearly normal (skewness -.2 to .1), and of 1,000 rotations held against 100 others a
        share of .8 to 1.7 times 1%, and 0 to 1.1 times .1%, had such a p-value
        (`python benchmarks/rotation_tests.py --only --tail RUN`).
        """
        if not self.p_value <= 1.5 / (1 + self.rotations):
            return self.p_value
        num = self.rotations
        tail = float(stdtr(num - 1, -self.z * np.sqrt((num - 1) / (num + 1))))
        return min(self.p_value, tail)

    @property
    def skewed_tail_p_value(self) -> float:
        """`p_value`, or where no rotation reaches the codes, that of a gamma tail if it is less.

        Mean, deviation and skewness are those of the rotations (Winkler et al. 2016, NeuroImage
        141; their gamma approximation). Of selectivity, 20,000 rotations held against 1,000 of them
        had such a p-value of 1%, .1% and .03% in .7 to 1.5, 0 to 2 and 0 to 2.3 times as many
        cases, and that of a normal tail in 1.5 to 2.8, 2.7 to 7.5 and 2.2 to 12.5 times as many
        (`python benchmarks/label_tails.py`).
        """
        if not self.p_value <= 1.5 / (1 + self.rotations):
            return self.p_value
        return min(self.p_value, gamma_tail(self.z, self.null_skew))

    def as_dict(self) -> dict[str, Any]:
        """The fields for a JSON document, None for NaN."""
        return {name: None if value != value else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "RotationTest":
        """Read back what `as_dict` gave."""

        def number(name: str) -> float:
            return NAN if document[name] is None else document[name]

        return cls(
            statistic=number("statistic"),
            null_mean=number("null_mean"),
            null_std=number("null_std"),
            z=number("z"),
            percentile=number("percentile"),
            p_value=number("p_value"),
            rotations=document["rotations"],
            void=document["void"],
            excluded=document["excluded"],
            null_skew=number("null_skew") if "null_skew" in document else NAN,
        )


class ActiveCodes(NamedTuple):
    """Codes, and which of their latents can be tested.

    Attributes:
        values: of all latents, shape `(num, latent_dim)`.
        active: which vary, shape `(latent_dim,)`.
        excluded: name of each other latent -> the reason.
    """

    values: FloatArray
    active: NDArray[np.bool_]
    excluded: dict[str, str]

    @property
    def latents(self) -> FloatArray:
        """The active ones, shape `(num, num_active)`."""
        return self.values[:, self.active]

    @property
    def num_directions(self) -> int:
        """In how many directions the active latents vary: fewer where one is a sum of others."""
        return num_directions(self.latents)

    @property
    def too_few(self) -> str | None:
        """Why these codes have no axes to rotate; None where they have."""
        if self.num_directions >= LEAST_DIRECTIONS:
            return None
        num = int(self.active.sum())
        if num < LEAST_DIRECTIONS:
            are = "latent is" if num == 1 else "latents are"
            return f"{num or 'no'} {are} in use, and it takes two to mix them"
        return f"the {num} latents in use all say the same, so that mixing them changes nothing"


def read_codes(what: str, codes: Any, active_above: float) -> ActiveCodes:
    """Check codes, and find the latents that vary.

    Args:
        what: their name in an error.
        codes: shape `(num, latent_dim)`.
        active_above: latents whose variance is not above this are left out.

    Raises:
        UserError: if they are no table of finite numbers, or hold too few images.
    """
    values = numbers(what, codes)
    if values.ndim != 2 or not values.shape[1]:
        raise UserError(f"{what} has shape {values.shape}; give (num, latent_dim)")
    if len(values) < MIN_KNOWN:
        raise UserError(f"{what} holds {len(values)} images; give {MIN_KNOWN} or more")
    if not 0 <= active_above < np.inf:
        raise UserError(f"active_above is {active_above}; give a number from 0 on")
    variance = values.var(0)
    active = (variance > active_above) & vary(values)
    excluded = {
        f"latent {i}": f"collapsed (variance {variance[i]:.2g})" for i in np.flatnonzero(~active)
    }
    return ActiveCodes(values=values, active=active, excluded=excluded)


def check_draws(rotations: int, seed: int) -> None:
    """Refuse too few rotations, or a seed that is none.

    Raises:
        UserError: if one of them does not fit.
    """
    if isinstance(rotations, bool) or not isinstance(rotations, int | np.integer):
        raise UserError(f"rotations is {rotations!r}; give a whole number")
    if rotations < LEAST_ROTATIONS:
        raise UserError(
            f"rotations is {rotations}; with fewer than {LEAST_ROTATIONS} no p-value can reach 5%"
        )
    check_seed(seed)


def num_directions(codes: FloatArray) -> int:
    """Count the directions in which codes vary: fewer than latents where one is a sum of others.

    Args:
        codes: shape `(num, dim)`.
    """
    return int((_variances(codes)[0] > 0).sum())


def covariance_root(codes: FloatArray) -> FloatArray:
    """Compute the symmetric root of the codes' covariance, shape `(dim, dim)`.

    Column i is a move of one standard deviation along axis i of the symmetrically whitened codes.

    Args:
        codes: shape `(num, dim)`.
    """
    variances, axes = _variances(codes)
    return np.asarray((axes * np.sqrt(variances)) @ axes.T)


def whiten_symmetrically(codes: FloatArray) -> FloatArray:
    """Scale and decorrelate codes while each axis stays as close to its latent as it can.

    Of all ways to whiten, this one moves codes least (Kessy et al. 2018, ZCA), and whitened
    rotations of codes are rotations of the whitened codes, which makes the tests exact. Directions
    without variance stay without.

    Args:
        codes: shape `(num, dim)`.

    Returns:
        The same shape, of mean 0 and uncorrelated columns of variance 1, if all directions vary.
    """
    variances, axes = _variances(codes)
    varying = variances > 0
    scale = np.divide(1, np.sqrt(variances), out=np.zeros_like(variances), where=varying)
    return np.asarray((codes - codes.mean(0)) @ ((axes * scale) @ axes.T))


def _variances(codes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Variances along the principal axes, 0 where they are rounding alone, and these axes."""
    centered = codes - codes.mean(0)
    variances, axes = np.linalg.eigh(centered.T @ centered / len(codes))
    return np.where(variances > SINGULAR * variances.max(initial=0), variances, 0), axes


def draw_in_stages(
    draw: Callable[[int], Iterable[float]],
    rotations: int,
    stops: Stops,
    p_value: Callable[[FloatArray], float],
) -> FloatArray:
    """Draw statistics of rotations, and stop early where p is hopeless.

    Args:
        draw: gives the statistics of so many more rotations.
        rotations: at most.
        stops: pairs of a number of rotations, ascending, and a p-value: after so many no more are
            drawn if p is above that. A p-value that ends up small is that of all rotations, so that
            stopping early makes none too small.
        p_value: of the codes among draws.

    Returns:
        Shape `(num_drawn,)`.
    """
    draws = np.empty(0)
    for stage, hopeless in (*stops, (rotations, 1.0)):
        draws = np.array([*draws, *draw(min(stage, rotations) - len(draws))])
        if p_value(draws) > hopeless:
            break
    return draws


def compare_with_rotations(
    statistic: float, draws: FloatArray, excluded: dict[str, str], *, low_stands_out: bool = False
) -> RotationTest:
    """Find the place of a statistic among that of rotations; void where all rotations are alike.

    Args:
        statistic: of the whitened codes.
        draws: of their rotations, shape `(rotations,)`.
        excluded: latents and labels that took no part -> the reason.
        low_stands_out: whether codes stand out by a low statistic.
    """
    mean, std = float(draws.mean()), float(draws.std())
    if std <= EQUAL * max(abs(mean), abs(statistic)):
        reason = "every random mix of the latents gives the same"
        return replace(void_test(reason, len(draws), excluded), statistic=statistic)
    sign = -1 if low_stands_out else 1
    null = compare_with(sign * statistic, [sign * draw for draw in draws], 0)
    assert null is not None, "the statistic is not finite"
    return RotationTest(
        statistic=statistic,
        null_mean=mean,
        null_std=std,
        z=sign * (statistic - mean) / std,
        percentile=null.percentile,
        p_value=null.p_value,
        rotations=len(draws),
        void=None,
        excluded=excluded,
        null_skew=sign * float((((draws - mean) / std) ** 3).mean()),
    )


def gamma_tail(z: float, skew: float) -> float:
    """Compute the share of a gamma distribution, shifted to mean 0 and deviation 1, above z.

    Its shape is `4 / skew^2`. Where the skewness is not above 0, it is the normal distribution.

    Args:
        z: of the codes.
        skew: of the distribution; NaN where it is not known, for a share of 1.
    """
    if np.isnan(skew):
        return 1.0
    if skew <= LEAST_SKEW:
        return float(ndtr(-z))
    shape = 4 / skew**2
    return float(gammaincc(shape, max(0.0, shape + z * np.sqrt(shape))))


def void_test(reason: str, rotations: int, excluded: dict[str, str]) -> RotationTest:
    """Make the result of a test that cannot be made.

    Args:
        reason: why, for a reader.
        rotations: that were asked for.
        excluded: latents and labels that took no part -> the reason.
    """
    return RotationTest(
        statistic=NAN,
        null_mean=NAN,
        null_std=NAN,
        z=NAN,
        percentile=NAN,
        p_value=NAN,
        rotations=rotations,
        void=reason,
        excluded=excluded,
    )
