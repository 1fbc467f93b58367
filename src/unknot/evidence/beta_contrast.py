"""One beta beside the lowest: every measure, as trained and at a matched rate."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unknot.evidence.group_tests import Difference, Pca, difference, mean_of, udr_minus_pca
from unknot.evidence.label_effects import UsableLabels
from unknot.evidence.preregistration import (
    AGREEMENT,
    MATCHED,
    ROTATION,
    SELECTIVITY,
    TRAINED,
    Rule,
)
from unknot.evidence.rate_matching import RunPosteriors, match_rates
from unknot.evidence.rotation_null import (
    RotationNull,
    rotation_null,
    rotation_nulls,
    spaced_rows,
    thin_out,
)
from unknot.metrics.table import Factor

FloatArray = NDArray[np.float64]
Outcome = Literal["supported", "not supported", "too few runs to tell"]

SUPPORTED: Outcome = "supported"
NOT_SUPPORTED: Outcome = "not supported"
TOO_FEW: Outcome = "too few runs to tell"


@dataclass(frozen=True)
class Contrast:
    """One beta beside the lowest.

    Attributes:
        beta: the higher one.
        outcome: by the rule.
        p_value: the largest of all that the rule asks for.
        p_value_holm: corrected for the number of betas.
        differences: of each measure in each condition, as `differences[condition][measure]`.
        num_latents: that every run keeps when they are matched.
        rate: that they are matched at, in nats; None where they could not be.
        reasons: what the outcome rests on, in words.
        seeds_needed: of each beta, if these are too few to tell.
    """

    beta: float
    outcome: Outcome
    p_value: float
    p_value_holm: float
    differences: dict[str, dict[str, Difference]]
    num_latents: int
    rate: float | None
    reasons: tuple[str, ...]
    seeds_needed: int | None

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a JSON document."""
        differences = {
            condition: {measure: value.as_dict() for measure, value in measures.items()}
            for condition, measures in self.differences.items()
        }
        return asdict(self) | {"differences": differences, "reasons": list(self.reasons)}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "Contrast":
        """Read back what `as_dict` gave."""
        differences = {
            condition: {measure: Difference.from_dict(value) for measure, value in measures.items()}
            for condition, measures in document["differences"].items()
        }
        fields = document | {"differences": differences, "reasons": tuple(document["reasons"])}
        return cls(**fields)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Runs that are compared, on some of the test images, and how.

    Attributes:
        runs: every run's posteriors of these images.
        factors: labels of these images.
        rotation_nulls: of every run as it was trained.
        pca: refits of PCA: `pca(i, num)` gives the first `num` of run i's, of these images.
        rule: of the verdict.
        seed: of rotations, noise and resamples.
    """

    runs: list[RunPosteriors]
    factors: list[Factor]
    rotation_nulls: list[RotationNull]
    pca: Pca
    rule: Rule
    seed: int

    @classmethod
    def of(
        cls,
        runs: Sequence[RunPosteriors],
        labels: UsableLabels,
        pca: Pca,
        rule: Rule,
        seed: int,
    ) -> "Comparison":
        """Prepare runs to be compared; see `unknot.evidence.verdict.decide_verdict`."""
        rows = spaced_rows(len(runs[0].mean), rule.points)
        thinned, factors = thin_out(runs, labels.factors, rows)
        return cls(
            runs=thinned,
            factors=factors,
            rotation_nulls=rotation_nulls(runs, labels, rule=rule, seed=seed),
            pca=lambda i, num: pca(i, num)[rows],
            rule=rule,
            seed=seed,
        )

    @property
    def betas(self) -> list[float]:
        """The betas of the runs, ascending."""
        return sorted({run.beta for run in self.runs})

    def group(self, beta: float) -> list[int]:
        """Find the runs of one beta."""
        return [i for i, run in enumerate(self.runs) if run.beta == beta]

    def contrast(self, beta: float) -> Contrast:
        """Compare one beta with the lowest, and decide nothing yet."""
        low, high = self.group(self.betas[0]), self.group(beta)
        runs = [self.runs[i] for i in (*low, *high)]
        matched = match_rates(runs[: len(low)], runs[len(low) :], seed=self.seed)
        codes = {TRAINED: [run.codes for run in runs]}
        nulls = {TRAINED: [self.rotation_nulls[i] for i in (*low, *high)]}
        if matched:
            codes[MATCHED] = matched.codes
            nulls[MATCHED] = self._matched_nulls(matched.codes, [*low, *high])
        differences = {}
        for condition in self.rule.conditions:
            if condition in codes:
                rng = np.random.default_rng([self.seed, *f"{condition} {beta!r}".encode()])
                tested = self._test(codes[condition], nulls[condition], low, high, rng)
                differences[condition] = tested
        return Contrast(
            beta=beta,
            outcome=NOT_SUPPORTED,
            p_value=_largest_p_value(differences, self.rule),
            p_value_holm=1.0,
            differences=differences,
            num_latents=matched.num_latents if matched else 0,
            rate=matched.rate if matched else None,
            reasons=(),
            seeds_needed=None,
        )

    def _matched_nulls(
        self, codes: Sequence[FloatArray], run_numbers: Sequence[int]
    ) -> list[RotationNull]:
        nulls = []
        for matched, i in zip(codes, run_numbers):
            rng = np.random.default_rng([self.seed, i, *b"matched"])
            nulls.append(rotation_null(matched, self.factors, self.rule.rotations, rng))
        return nulls

    def _test(
        self,
        codes: Sequence[FloatArray],
        nulls: Sequence[RotationNull],
        low: Sequence[int],
        high: Sequence[int],
        rng: np.random.Generator,
    ) -> dict[str, Difference]:
        """Test every measure in one condition; the codes of the lowest beta come first."""
        refits = [self.pca(i, c.shape[1]) for i, c in zip((*low, *high), codes)]
        statistics = {
            ROTATION: mean_of([null.percentile for null in nulls]),
            SELECTIVITY: mean_of([null.selectivity for null in nulls]),
            AGREEMENT: udr_minus_pca(codes, refits, self.rule.similarity),
        }
        return {
            measure: difference(statistics[measure], len(low), len(high), rng)
            for measure in self.rule.measures
        }


def _largest_p_value(differences: dict[str, dict[str, Difference]], rule: Rule) -> float:
    """The p-value of all differences together: 1 where one is missing or not higher."""
    tested = [value for measures in differences.values() for value in measures.values()]
    if len(tested) < len(rule.conditions) * len(rule.measures):
        return 1.0
    return max(value.p_value if value.is_higher else 1.0 for value in tested)
