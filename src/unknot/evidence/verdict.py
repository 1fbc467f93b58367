"""Whether a higher beta separated the latents: three outcomes, by a rule fixed before training."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unknot.errors import UserError
from unknot.evidence.contrast import (
    Difference,
    Statistic,
    agreement_of,
    difference,
    holm,
    least_p_value,
    mean_of,
    seeds_to_find,
    seeds_to_reach,
)
from unknot.evidence.matching import RunCodes, match
from unknot.evidence.plan import (
    AGREEMENT,
    MATCHED,
    ROTATION,
    RULE,
    SELECTIVITY,
    TRAINED,
    Rule,
    Similarity,
)
from unknot.evidence.position import LEAST_LATENTS, Position, position
from unknot.measure.agreement import udr
from unknot.measure.association import Labels
from unknot.measure.table import Factor, make_factor

FloatArray = NDArray[np.float64]
Outcome = Literal["supported", "not supported", "too few runs to tell"]
Pca = Callable[[int, int], FloatArray]
"""Number of a refit and number of dimensions -> PCA's codes of the test images."""

SUPPORTED: Outcome = "supported"
NOT_SUPPORTED: Outcome = "not supported"
TOO_FEW: Outcome = "too few runs to tell"
WORDS = {
    **{ROTATION: "the place among rotated codes", SELECTIVITY: "selectivity"},
    **{AGREEMENT: "UDR over PCA's", TRAINED: "as trained"},
    MATCHED: "at matched rate and number of latents",
}


@dataclass(frozen=True)
class Contrast:
    """One beta beside the lowest.

    Attributes:
        beta: the higher one.
        outcome: by the rule.
        p_value: the largest of all that the rule asks for.
        corrected: for the number of betas.
        differences: of each measure in each condition.
        num_latents: that every run keeps when they are matched.
        rate: that they are matched at, in nats; None where they could not be.
        why: what the outcome rests on, in words.
        seeds_needed: of each beta, if these are too few to tell.
    """

    beta: float
    outcome: Outcome
    p_value: float
    corrected: float
    differences: dict[str, dict[str, Difference]]
    num_latents: int
    rate: float | None
    why: tuple[str, ...]
    seeds_needed: int | None


@dataclass(frozen=True)
class Verdict:
    """Whether a higher beta separated the latents.

    Attributes:
        outcome: of the whole experiment.
        lowest: the beta that the others are held against.
        contrasts: one for each other beta, ascending.
        positions: of every run as it was trained, in the order in which they were given.
        seeds_needed: of each beta, where they are too few.
    """

    outcome: Outcome
    lowest: float
    contrasts: tuple[Contrast, ...]
    positions: tuple[Position, ...]
    seeds_needed: int | None

    def as_dict(self) -> dict[str, Any]:
        """For a JSON document."""
        return {
            "outcome": self.outcome,
            "lowest_beta": self.lowest,
            "seeds_needed": self.seeds_needed,
            "contrasts": [asdict(one) | {"differences": _tables(one)} for one in self.contrasts],
        }


def judge(
    runs: Sequence[RunCodes], labels: Labels, pca: Pca, *, rule: Rule = RULE, seed: int = 0
) -> Verdict:
    """Hold every beta against the lowest, by a rule that was fixed before training.

    A beta is supported only if the position of its codes in the rotation null, the selectivity of
    its latents and its UDR over PCA's are all higher than at the lowest beta, both as the models
    were trained and at a matched rate and number of latents, after correction for the number of
    betas.

    Args:
        runs: every run's posteriors of the same images.
        labels: of these images.
        pca: refits of PCA: `pca(i, num)` gives the first `num` of run i's, shape `(n, num)`.
        rule: see there.
        seed: of rotations, noise and resamples.

    Raises:
        UserError: if there is one beta only, no label, or runs have codes of different images.
    """
    betas = sorted({run.beta for run in runs})
    if len(betas) < 2:
        raise UserError(
            f"runs of {len(betas)} beta are there; a verdict needs those of two or more"
        )
    if not labels.factors:
        raise UserError("no label can be told, and selectivity needs labels")
    if len({len(run.mean) for run in runs} | {len(f.values) for f in labels.factors}) > 1:
        raise UserError("runs and labels are of different numbers of images")
    positions = positions_of(runs, labels, rule=rule, seed=seed)
    rows = _rows(len(runs[0].mean), rule.points)
    runs, factors = _thinned(runs, labels.factors, rows)
    low = [i for i, run in enumerate(runs) if run.beta == betas[0]]
    drafts = []
    for beta in betas[1:]:
        high = [i for i, run in enumerate(runs) if run.beta == beta]
        refits = {i: pca(i, runs[i].mean.shape[1])[rows] for i in (*low, *high)}
        drafts.append(_contrast(beta, runs, low, high, positions, factors, refits, rule, seed))
    corrected = holm([draft.p_value for draft in drafts])
    contrasts = tuple(
        _decide(draft, p_value, runs, len(low), len(drafts), rule)
        for draft, p_value in zip(drafts, corrected)
    )
    outcomes = {one.outcome for one in contrasts}
    outcome = next(o for o in (SUPPORTED, TOO_FEW, NOT_SUPPORTED) if o in outcomes)
    needed = [one.seeds_needed for one in contrasts if one.seeds_needed]
    few = min(needed) if needed and outcome == TOO_FEW else None
    return Verdict(outcome, betas[0], contrasts, tuple(positions), few)


def positions_of(
    runs: Sequence[RunCodes], labels: Labels, *, rule: Rule = RULE, seed: int = 0
) -> list[Position]:
    """Where every run's codes, as they were trained, lie among their rotations.

    Args:
        runs: posteriors of the same images.
        labels: of these images, one or more.
        rule: says how many rotations and images.
        seed: of the rotations.
    """
    runs, factors = _thinned(runs, labels.factors, _rows(len(runs[0].mean), rule.points))
    return [
        position(run.codes, factors, rule.rotations, np.random.default_rng([seed, i, *b"trained"]))
        for i, run in enumerate(runs)
    ]


def over_pca(
    codes: Sequence[FloatArray], refits: Sequence[FloatArray], similarity: Similarity
) -> Statistic:
    """UDR of a group of models less that of PCA with as many dimensions each.

    Args:
        codes: of each model.
        refits: PCA's, one for each model.
        similarity: as `udr` takes it.
    """
    if len(codes) < 2:
        return lambda group: float("nan")
    own, pca = (agreement_of(udr(part, similarity=similarity).pairs) for part in (codes, refits))
    return lambda group: own(group) - pca(group)


def _contrast(
    beta: float,
    runs: Sequence[RunCodes],
    low: list[int],
    high: list[int],
    positions: Sequence[Position],
    factors: Sequence[Factor],
    pca: Mapping[int, FloatArray],
    rule: Rule,
    seed: int,
) -> Contrast:
    """A contrast without an outcome."""
    both = [*low, *high]
    places = {TRAINED: [positions[i] for i in both]}
    codes = {TRAINED: [runs[i].codes for i in both]}
    matched = match([runs[i] for i in low], [runs[i] for i in high], seed=seed)
    if matched:
        codes[MATCHED] = matched.codes
        places[MATCHED] = [
            position(c, factors, rule.rotations, np.random.default_rng([seed, i, *b"matched"]))
            for c, i in zip(matched.codes, both)
        ]
    found: dict[str, dict[str, Difference]] = {}
    for condition in rule.conditions:
        if condition not in codes:
            continue
        refits = [pca[i][:, : c.shape[1]] for c, i in zip(codes[condition], both)]
        statistics = {
            ROTATION: mean_of([p.percentile for p in places[condition]]),
            SELECTIVITY: mean_of([p.selectivity for p in places[condition]]),
            AGREEMENT: over_pca(codes[condition], refits, rule.similarity),
        }
        rng = np.random.default_rng([seed, *f"{condition} {beta!r}".encode()])
        found[condition] = {
            name: difference(statistics[name], len(low), len(high), rng) for name in rule.measures
        }
    p_values = [d.p_value if d.is_higher else 1.0 for part in found.values() for d in part.values()]
    whole = len(p_values) == len(rule.conditions) * len(rule.measures)
    return Contrast(
        beta,
        NOT_SUPPORTED,
        max(p_values) if whole else 1.0,
        1.0,
        found,
        matched.num_latents if matched else 0,
        matched.rate if matched else None,
        (),
        None,
    )


def _decide(
    draft: Contrast,
    corrected: float,
    runs: Sequence[RunCodes],
    num_low: int,
    num_contrasts: int,
    rule: Rule,
) -> Contrast:
    """The contrast with its outcome and the reasons for it."""
    num_high = sum(run.beta == draft.beta for run in runs)
    least = least_p_value(num_low, num_high) * num_contrasts
    every = [
        (condition, name, d)
        for condition, measures in draft.differences.items()
        for name, d in measures.items()
    ]
    outcome, needed = NOT_SUPPORTED, None
    if corrected <= rule.level:
        outcome, why = SUPPORTED, [f"all of {len(every)} differences are higher, p {corrected:.2g}"]
    elif least > rule.level:
        outcome, needed = TOO_FEW, seeds_to_reach(rule.level, num_contrasts)
        why = [
            f"With {num_low} and {num_high} runs and {num_contrasts} "
            f"beta{'s' * (num_contrasts > 1)} to compare, p could not fall below "
            f"{min(least, 1.0):.2g}"
        ]
    elif draft.num_latents < LEAST_LATENTS:
        why = [_collapsed(draft.beta, runs)]
    elif not all(d.is_higher for _, _, d in every):
        why = [
            f"{WORDS[name]} is not higher {WORDS[condition]} ({d.high:.3g} beside {d.low:.3g})"
            for condition, name, d in every
            if not d.is_higher
        ]
    else:
        wanted = max(
            seeds_to_find(d, min(num_low, num_high), rule.level, num_contrasts, rule.power)
            for _, _, d in every
        )
        worst = max(every, key=lambda item: item[2].p_value)
        why = [
            f"all differences point upwards, but that of {WORDS[worst[1]]} {WORDS[worst[0]]} could "
            f"be chance (p {corrected:.2g})"
        ]
        if wanted <= rule.most_seeds:
            outcome = TOO_FEW
            needed = max(int(wanted), min(num_low, num_high) + 1)
        else:
            why.append(f"more than {rule.most_seeds} seeds would be needed to tell")
    return Contrast(
        **{
            **vars(draft),
            **{"outcome": outcome, "corrected": corrected, "why": tuple(why)},
            "seeds_needed": needed,
        }
    )


def _tables(one: Contrast) -> dict[str, dict[str, dict[str, Any]]]:
    """Differences for a JSON document; None for what has no value."""
    return {
        condition: {name: _plain(found) for name, found in measures.items()}
        for condition, measures in one.differences.items()
    }


def _plain(one: Difference) -> dict[str, Any]:
    whole = one._asdict() | {"value": one.value}
    return {
        key: None if isinstance(value, float) and np.isnan(value) else value
        for key, value in whole.items()
    }


def _collapsed(beta: float, runs: Sequence[RunCodes]) -> str:
    """Which runs have too few active latents for axes to mean anything."""
    betas = (min(run.beta for run in runs), beta)
    named = [
        f"beta {run.beta:g} seed {run.seed}"
        for run in runs
        if run.beta in betas and len(run.active) < LEAST_LATENTS
    ]
    return f"fewer than {LEAST_LATENTS} active latents: {', '.join(named)}"


def _rows(num: int, points: int) -> NDArray[np.int64]:
    """At most so many of all images, evenly spaced."""
    return np.linspace(0, num - 1, min(num, points)).round().astype(np.int64)


def _thinned(
    runs: Sequence[RunCodes], factors: Sequence[Factor], rows: NDArray[np.int64]
) -> tuple[list[RunCodes], list[Factor]]:
    """The same of some images, without labels that have one value there."""
    fewer = [run._replace(mean=run.mean[rows], logvar=run.logvar[rows]) for run in runs]
    kept = [make_factor(f.name, f.kind, f.values[rows]) for f in factors]
    return fewer, [factor for factor in kept if factor.num_levels > 1]
