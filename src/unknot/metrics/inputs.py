"""Codes and factors from outside -> Table, checked once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.metrics.estimators.bins import NUM_BINS
from unknot.metrics.estimators.ranks import mid_ranks
from unknot.metrics.table import MIN_KNOWN, Factor, Kind, Table, canonical, make_factor

KINDS: dict[str, Kind] = {
    "discrete": "discrete",
    "binary": "discrete",
    "continuous": "continuous",
}
MOST_LEVELS = 256  # of a factor that is called discrete
MAX_LEVELS = 64  # a factor of more values is taken for continuous unless its kind is given
LEVEL_POINTS = 5  # on average, of each value of a factor that is taken for discrete
NEAR_CONSTANT = 1e-9  # a latent whose spread is below this share of its size is constant
CORRELATED = 0.3
RARE = 3  # points at which a latent differs from its only usual value, and is not a mistake


def make_table(
    codes: Any,
    factors: Any,
    *,
    factor_names: Sequence[str] | None = None,
    factor_kinds: Sequence[str] | None = None,
    active_above: float = 0.0,
    seed: int = 0,
) -> Table:
    """Check codes and factors, and bring them into the form that metrics take.

    Extreme values are winsorized: one further outside the central 99% of its latent than that is
    wide takes the nearest value inside, and is flagged.

    Args:
        codes: real numbers, shape `(num, dim)`.
        factors: real numbers, shape `(num, num_factors)` or `(num,)`; NaN where not known.
        factor_names: one per factor; `factor 1`, ... by default.
        factor_kinds: `"discrete"`, `"binary"` or `"continuous"` for each; by default discrete if
            it has at most 64 distinct values, each five times on average. One of up to 256 values
            that would be discrete but for their number is flagged: information is told of its 20
            quantiles, and reads higher than of its values.
        active_above: latents whose standard deviation is not above this are left out (0.1 is right
            for the posterior means of a VAE with a unit prior).
        seed: of all random choices.

    Raises:
        UserError: if codes or factors are not numbers, not finite, too few or of different length.
    """
    values, causes = _checked(codes, factors)
    names = _names(factor_names, causes.shape[1])
    if not (active_above >= 0 and np.isfinite(active_above)):
        raise UserError(f"active_above is {active_above}; it must be a number from 0 on")
    check_seed(seed)
    used, flags = _factors(_shrunk(causes), names, _kinds(factor_kinds, causes, names))
    size = np.abs(values).max(0)
    above = _shrunk(values).std(0) > active_above / np.where(size > 0, size, 1)
    values, num_clipped = _winsorize(_shrunk(values))
    active = np.flatnonzero(vary(values) & above)
    flags += [f"winsorized: {_count(num_clipped, 'point')}"] if num_clipped else []
    flags += _activity_flags(len(active), values.shape[1])
    flags += _many_levels_flags(used, guessed=factor_kinds is None)
    ordered, order = canonical(values[:, active])
    return Table(
        codes=ordered,
        source_columns=active[order],
        num_latents=values.shape[1],
        factors=used,
        factor_names=names,
        seed=seed,
        flags=(*flags, *_correlated(used)),
    )


def check_seed(seed: int) -> None:
    """Refuse a seed that NumPy would refuse, or of more than 64 bits.

    Raises:
        UserError: if it is not a whole number from 0 on, or too large.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise UserError(f"seed is {seed}; it must be a whole number from 0 on")
    if seed >= 2**63:
        raise UserError(f"seed is {seed}; it must be at most {2**63 - 1:,}")


def _checked(codes: Any, factors: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read codes, shape `(num, dim)`, and factors, shape `(num, num_factors)`."""
    values = numbers("codes", codes)
    causes = numbers("factors", factors, missing=True)
    if values.ndim != 2 or not values.shape[1]:
        raise UserError(f"codes has shape {values.shape}; it must be (num, dim)")
    causes = causes[:, None] if causes.ndim == 1 else causes
    if causes.ndim != 2 or not causes.shape[1]:
        raise UserError(f"factors has shape {causes.shape}; it must be (num, num_factors)")
    if len(values) != len(causes):
        raise UserError(
            f"codes hold {len(values):,} points and factors {len(causes):,}; "
            "each row of one belongs to the same row of the other"
        )
    if len(values) < NUM_BINS:
        raise UserError(
            f"codes hold {len(values):,} points, fewer than the {NUM_BINS} bins that the metrics "
            f"use; give at least {NUM_BINS} (1,000 for steady results)"
        )
    return values, causes


def _activity_flags(num_active: int, num_latents: int) -> list[str]:
    if not num_active:
        return ["collapsed: no latent varies"]
    if num_active < num_latents:
        return [f"{num_active} of {_count(num_latents, 'latent')} active"]
    return []


def _shrunk(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide columns by their largest absolute value: nothing overflows when it is squared."""
    size = np.where(np.isnan(table), 0, np.abs(table)).max(0, initial=0)
    return table / np.where(size > 0, size, 1)


def numbers(what: str, array: Any, missing: bool = False) -> NDArray[np.float64]:
    """Turn whatever holds numbers into float64.

    Args:
        what: its name in an error.
        array: a sequence, array or tensor.
        missing: let NaN pass.

    Raises:
        UserError: if it holds something else.
    """
    if hasattr(array, "detach"):
        array = array.detach().cpu().double().numpy()
    if isinstance(array, np.ma.MaskedArray):
        array = np.ma.filled(array.astype(np.float64), np.nan)
    try:
        given = np.asarray(array)
    except ValueError:
        raise UserError(f"{what} is no table; its rows must have the same length") from None
    if given.dtype.kind not in "biuf":
        raise UserError(
            f"{what} holds {given.dtype}, not numbers; number the values first, for example with "
            "numpy.unique(values, return_inverse=True)[1]"
        )
    converted = given.astype(np.float64)
    bad = np.isinf(converted) if missing else ~np.isfinite(converted)
    if bad.any():
        where = ", ".join(map(str, np.argwhere(bad)[0]))
        raise UserError(
            f"{what} holds {int(bad.sum()):,} values that are not finite, the first at [{where}]; "
            "leave those rows out" + (" or mark what is not known with NaN" if missing else "")
        )
    return converted


def _names(names: Sequence[str] | None, num: int) -> tuple[str, ...]:
    if names is None:
        return tuple(f"factor {i + 1}" for i in range(num))
    given = tuple(str(name) for name in names)
    if len(given) != num or len(set(given)) != num:
        raise UserError(
            f"factor_names holds {len(given)} names, {len(set(given))} of them different; "
            f"the {num} factors need one each"
        )
    for name in given:
        if not name.isprintable():
            raise UserError(f"factor_names holds {name!r}; names must be printable, on one line")
    return given


def _kinds(
    kinds: Sequence[str] | None, causes: NDArray[np.float64], names: Sequence[str]
) -> list[Kind]:
    if kinds is None:
        return [_guess_kind(column) for column in causes.T]
    given = [str(kind) for kind in kinds]
    if len(given) != len(names) or not set(given) <= set(KINDS):
        raise UserError(
            f"factor_kinds is {given}; give one of {', '.join(KINDS)} for each of the "
            f"{len(names)} factors"
        )
    for column, kind, name in zip(causes.T, given, names):
        num_values = len(np.unique(column[~np.isnan(column)]))
        if kind == "binary" and num_values > 2:
            raise UserError(f"factor {name!r} is called binary but has {num_values} values")
        if kind == "discrete" and (2 * num_values > len(column) or num_values > MOST_LEVELS):
            raise UserError(
                f"factor {name!r} is called discrete but has {num_values:,} values at "
                f"{len(column):,} points; call it continuous"
            )
    return [KINDS[kind] for kind in given]


def _guess_kind(column: NDArray[np.float64]) -> Kind:
    known = column[~np.isnan(column)]
    num_values = len(np.unique(known))
    few = num_values <= MAX_LEVELS and LEVEL_POINTS * num_values <= len(known)
    few |= num_values <= 2
    return "discrete" if few else "continuous"


def _many_levels_flags(factors: Sequence[Factor], *, guessed: bool) -> list[str]:
    """Name factors that have many levels for a discrete one, and few for a continuous one."""
    num_values = {f: len(np.unique(f.values[f.known])) for f in factors}
    many = {f: num for f, num in num_values.items() if MAX_LEVELS < num <= MOST_LEVELS}
    continuous = ", ".join(
        f"{f.name} ({num} values)"
        for f, num in many.items()
        if guessed and f.kind == "continuous" and LEVEL_POINTS * num <= f.known.sum()
    )
    discrete = ", ".join(f"{f.name} ({num})" for f, num in many.items() if f.kind == "discrete")
    flags = []
    if continuous:
        flags.append(
            f"taken for continuous: {continuous}; information is of {NUM_BINS} quantiles and "
            "reads higher than of values, which factor_kinds can ask for"
        )
    if discrete:
        flags.append(
            f"many levels for a discrete factor: {discrete}; predictors read them low, so call "
            "steps of one quantity continuous"
        )
    return flags


def _factors(
    causes: NDArray[np.float64], names: Sequence[str], kinds: Sequence[Kind]
) -> tuple[tuple[Factor, ...], list[str]]:
    """Make the factors that can be measured, and flags about the others."""
    used, flags = [], []
    for column, name, kind in zip(causes.T, names, kinds):
        known = int((~np.isnan(column)).sum())
        factor = make_factor(name, kind, column)
        if known < MIN_KNOWN:
            flags.append(f"factor known at {_count(known, 'point')} only: {name}")
        elif factor.num_levels < 2:
            flags.append(f"factor with one value: {name}")
        else:
            used.append(factor)
            if known < len(column):
                flags.append(f"labels missing: {name} at {_count(len(column) - known, 'point')}")
    if not used:
        raise UserError(
            f"no factor can be scored ({'; '.join(flags)}); a factor needs two values or more "
            f"and {MIN_KNOWN} points where it is known"
        )
    if len(used) == 1:
        flags.append(f"one factor only: {used[0].name}; metrics that compare factors are void")
    return tuple(used), flags


def _winsorize(codes: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Replace extreme values, and count the points at which one was replaced."""
    low, high = np.quantile(codes, (0.005, 0.995), axis=0)
    inside = (codes >= low - (high - low)) & (codes <= high + (high - low))
    inside |= (high == low) & ((codes != low).sum(0) >= RARE)  # a latent that is seldom on
    least = np.where(inside, codes, np.inf).min(0)
    most = np.where(inside, codes, -np.inf).max(0)
    return np.clip(codes, least, most), int((~inside).any(1).sum())


def vary(codes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Find the columns that vary by more than rounding, shape `(dim,)`."""
    return np.ptp(codes, axis=0) > NEAR_CONSTANT * np.abs(codes).max(0, initial=0)


def _correlated(factors: Sequence[Factor]) -> list[str]:
    """Flag factors that go together, by Spearman's correlation."""
    pairs = []
    for i, first in enumerate(factors):
        for second in factors[:i]:
            both = first.known & second.known
            rho = _correlation(mid_ranks(first.values[both]), mid_ranks(second.values[both]))
            if abs(rho) >= CORRELATED:
                pairs.append((abs(rho), f"{second.name} and {first.name} ({rho:+.2f})"))
    if not pairs:
        return []
    worst = max(pairs)[1]
    more = f" and {_count(len(pairs) - 1, 'other pair')}" if len(pairs) > 1 else ""
    return [f"factors correlate: {worst}{more}; scores other than DCI may read low"]


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    if not len(first):
        return 0.0
    a, b = first - first.mean(), second - second.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else 0.0


def _count(num: int, noun: str) -> str:
    return f"{num:,} {noun}{'' if num == 1 else 's'}"
