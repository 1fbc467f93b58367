"""Did a higher beta do it? The tests by labels and by pictures, put together into one answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unknot.evidence.beta_deals import LEVEL
from unknot.evidence.beta_test import ROUNDING, SPECIAL, BetaResult, BetaTest
from unknot.evidence.corrections import hochberg


@dataclass(frozen=True)
class BetaDecision:
    """At which betas the axes stand out more than at the lowest, on all bases together.

    Attributes:
        tests: by what they rest on: `labels`, `pictures`.
        p_values: of each basis, corrected for their number.
        supported: betas that each basis supports, ascending.
        level: that the corrected p-values must reach.
    """

    tests: dict[str, BetaTest]
    p_values: dict[str, float]
    supported: dict[str, tuple[float, ...]]
    level: float

    @property
    def betas(self) -> tuple[float, ...]:
        """The betas that any basis supports, ascending."""
        return tuple(sorted({beta for betas in self.supported.values() for beta in betas}))

    @property
    def p_value(self) -> float:
        """The smallest of the corrected p-values; 1 where nothing was tested."""
        return min(self.p_values.values(), default=1.0)

    def as_dict(self) -> dict[str, Any]:
        """The fields for a JSON document."""
        return {
            "tests": {basis: test.as_dict() for basis, test in self.tests.items()},
            "p_values": self.p_values,
            "supported": {basis: list(betas) for basis, betas in self.supported.items()},
            "level": self.level,
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "BetaDecision":
        """Read back what `as_dict` gave."""
        tests = {basis: BetaTest.from_dict(test) for basis, test in document["tests"].items()}
        supported = {basis: tuple(betas) for basis, betas in document["supported"].items()}
        return cls(
            tests=tests,
            p_values=document["p_values"],
            supported=supported,
            level=document["level"],
        )


def combine_bases(tests: Mapping[str, BetaTest], *, level: float = LEVEL) -> BetaDecision:
    """Put the tests on several bases together, so that any of them errs in 5% of cases at most.

    A basis has the smallest p-value of the betas whose axes are special there. Of two bases both
    count where both reach the level, and the better one alone where it reaches half of it
    (Hochberg 1988; valid for tests that depend on each other positively or not at all, as these
    do: they are made of the same codes). The share of rotations above the axes is corrected
    likewise: a basis alone may leave half as many above them.

    Args:
        tests: by what they rest on.
        level: of all of them together.
    """
    by_basis = {
        basis: min((_p_value(r, level) for r in test.results if r.special), default=1.0)
        for basis, test in tests.items()
    }
    all_reach_it = all(p_value <= level for p_value in by_basis.values())
    threshold = level if all_reach_it else level / len(tests)
    supported = {
        basis: tuple(r.beta for r in test.results if r.special and _p_value(r, level) <= threshold)
        for basis, test in tests.items()
    }
    return BetaDecision(
        tests=dict(tests), p_values=hochberg(by_basis), supported=supported, level=level
    )


def _p_value(result: BetaResult, level: float) -> float:
    """The p-value of a beta, or the share of rotations above its axes if that stands higher.

    The share is measured in units of what is allowed, as the p-value is of the level.
    """
    return max(result.p_value, result.share_above * level / (SPECIAL / 100) - ROUNDING)
