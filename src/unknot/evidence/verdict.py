"""Whether a higher beta separated the latents: three outcomes, by a rule fixed before training."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from unknot.common.errors import UserError
from unknot.evidence.beta_contrast import (
    NOT_SUPPORTED,
    SUPPORTED,
    TOO_FEW,
    Comparison,
    Contrast,
    Outcome,
)
from unknot.evidence.group_tests import (
    Difference,
    Pca,
    holm,
    least_p_value,
    seeds_to_find,
    seeds_to_reach,
)
from unknot.evidence.label_effects import UsableLabels
from unknot.evidence.preregistration import (
    AGREEMENT,
    MATCHED,
    ROTATION,
    RULE,
    SELECTIVITY,
    TRAINED,
    Rule,
)
from unknot.evidence.rate_matching import RunPosteriors
from unknot.evidence.rotation_null import LEAST_LATENTS, RotationNull

IN_WORDS = {
    ROTATION: "the rotation percentile",
    SELECTIVITY: "selectivity",
    AGREEMENT: "UDR less PCA's",
    TRAINED: "as trained",
    MATCHED: "at matched rate and number of latents",
}


@dataclass(frozen=True)
class Verdict:
    """Whether a higher beta separated the latents.

    Attributes:
        outcome: of the whole experiment.
        lowest_beta: the beta that the others are held against.
        contrasts: one for each other beta, ascending.
        rotation_nulls: of every run as it was trained, in the order in which they were given; empty
            where the verdict was read back from a JSON document, which does not hold them.
        seeds_needed: of each beta, where they are too few.
    """

    outcome: Outcome
    lowest_beta: float
    contrasts: tuple[Contrast, ...]
    rotation_nulls: tuple[RotationNull, ...]
    seeds_needed: int | None

    def as_dict(self) -> dict[str, Any]:
        """The fields for a JSON document, less the rotation nulls."""
        return {
            "outcome": self.outcome,
            "lowest_beta": self.lowest_beta,
            "seeds_needed": self.seeds_needed,
            "contrasts": [contrast.as_dict() for contrast in self.contrasts],
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "Verdict":
        """Read back what `as_dict` gave."""
        return cls(
            outcome=document["outcome"],
            lowest_beta=document["lowest_beta"],
            contrasts=tuple(Contrast.from_dict(contrast) for contrast in document["contrasts"]),
            rotation_nulls=(),
            seeds_needed=document["seeds_needed"],
        )


def decide_verdict(
    runs: Sequence[RunPosteriors],
    labels: UsableLabels,
    pca: Pca,
    *,
    rule: Rule = RULE,
    seed: int = 0,
) -> Verdict:
    """Hold every beta against the lowest, by a rule that was fixed before training.

    A beta is supported only if the rotation percentile of its codes, the selectivity of its latents
    and its UDR less PCA's are all higher than at the lowest beta, both as the models were trained
    and at a matched rate and number of latents, after correction for the number of betas.

    Args:
        runs: every run's posteriors of the same images.
        labels: of these images.
        pca: refits of PCA: `pca(i, num)` gives the first `num` of run i's, shape `(n, num)`.
        rule: see there.
        seed: of rotations, noise and resamples.

    Raises:
        UserError: if there is one beta only, no label, or runs have codes of different images.
    """
    _check(runs, labels)
    comparison = Comparison.of(runs, labels, pca, rule, seed)
    undecided = [comparison.contrast(beta) for beta in comparison.betas[1:]]
    corrected = holm([contrast.p_value for contrast in undecided])
    contrasts = tuple(
        _decide(replace(contrast, p_value_holm=p_value), comparison)
        for contrast, p_value in zip(undecided, corrected)
    )
    outcomes = {contrast.outcome for contrast in contrasts}
    outcome = next(o for o in (SUPPORTED, TOO_FEW, NOT_SUPPORTED) if o in outcomes)
    needed = [contrast.seeds_needed for contrast in contrasts if contrast.seeds_needed]
    return Verdict(
        outcome=outcome,
        lowest_beta=comparison.betas[0],
        contrasts=contrasts,
        rotation_nulls=tuple(comparison.rotation_nulls),
        seeds_needed=min(needed) if needed and outcome == TOO_FEW else None,
    )


def _check(runs: Sequence[RunPosteriors], labels: UsableLabels) -> None:
    """Refuse what no verdict can be made of."""
    num_betas = len({run.beta for run in runs})
    if num_betas < 2:
        raise UserError(
            f"{num_betas} beta has finished runs; a verdict compares those of two betas or more"
        )
    if not labels.factors:
        raise UserError("no label can be tested, and selectivity needs labels")
    if len({len(run.mean) for run in runs} | {len(f.values) for f in labels.factors}) > 1:
        raise UserError("runs and labels are of different numbers of images")


def _decide(contrast: Contrast, comparison: Comparison) -> Contrast:
    """Give the contrast its outcome and the reasons for it."""
    rule, num_contrasts = comparison.rule, len(comparison.betas) - 1
    num_low = len(comparison.group(comparison.betas[0]))
    num_high = len(comparison.group(contrast.beta))
    differences = _listed(contrast)
    if contrast.p_value_holm <= rule.level:
        text = f"all of {len(differences)} differences are higher, p {contrast.p_value_holm:.2g}"
        return replace(contrast, outcome=SUPPORTED, reasons=(text,))
    least = least_p_value(num_low, num_high) * num_contrasts
    if least > rule.level:
        return replace(
            contrast,
            outcome=TOO_FEW,
            seeds_needed=seeds_to_reach(rule.level, num_contrasts),
            reasons=(
                f"With {num_low} and {num_high} runs and {num_contrasts} "
                f"beta{'s' * (num_contrasts > 1)} to compare, p could not fall below "
                f"{min(least, 1.0):.2g}",
            ),
        )
    if contrast.num_latents < LEAST_LATENTS:
        return replace(contrast, reasons=(_collapsed(contrast.beta, comparison),))
    not_higher = tuple(
        f"{name} is not higher ({value.high:.3g} beside {value.low:.3g})"
        for name, value in differences.items()
        if not value.is_higher
    )
    if not_higher:
        return replace(contrast, reasons=not_higher)
    return _leave_open(contrast, min(num_low, num_high), num_contrasts, rule)


def _leave_open(contrast: Contrast, num_seeds: int, num_contrasts: int, rule: Rule) -> Contrast:
    """The contrast where everything is higher but not clearly: more seeds, or too small to tell."""
    differences = _listed(contrast)
    needed = max(
        seeds_to_find(value, num_seeds, rule.level, num_contrasts, rule.power)
        for value in differences.values()
    )
    worst = max(differences, key=lambda name: differences[name].p_value)
    reason = (
        f"all differences point upwards, but that of {worst} could be chance "
        f"(p {contrast.p_value_holm:.2g})"
    )
    if needed <= rule.most_seeds:
        seeds = max(int(needed), num_seeds + 1)
        return replace(contrast, outcome=TOO_FEW, seeds_needed=seeds, reasons=(reason,))
    too_small = f"more than {rule.most_seeds} seeds would be needed to tell"
    return replace(contrast, reasons=(reason, too_small))


def _listed(contrast: Contrast) -> dict[str, Difference]:
    """Every difference by measure and condition, in words."""
    return {
        f"{IN_WORDS[measure]} {IN_WORDS[condition]}": value
        for condition, measures in contrast.differences.items()
        for measure, value in measures.items()
    }


def _collapsed(beta: float, comparison: Comparison) -> str:
    """Name the runs that have too few active latents for axes to mean anything."""
    named = [
        f"beta {run.beta:g} seed {run.seed}"
        for run in comparison.runs
        if run.beta in (comparison.betas[0], beta) and len(run.active) < LEAST_LATENTS
    ]
    return f"fewer than {LEAST_LATENTS} active latents: {', '.join(named)}"
