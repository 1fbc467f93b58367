"""Are the latents of each run special, or would any rotation of them do as well?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from unknot.common.machine import num_cores
from unknot.common.parallel import map_on_cores
from unknot.common.progress import Progress
from unknot.evidence.axis_test import axis_test
from unknot.evidence.computed_labels import ComputedLabels
from unknot.evidence.corrections import holm
from unknot.evidence.interaction_test import Decode, interaction_test
from unknot.evidence.rotation_test import RotationTest, void_test
from unknot.metrics.posterior import ACTIVE_VARIANCE
from unknot.metrics.table import MIN_KNOWN
from unknot.runs.held_out import HeldOutCodes
from unknot.training.gradients.data_parallel import one_thread

LEVEL = 0.05
LEAST_IMAGES = MIN_KNOWN
LABELS, PROPERTIES, INTERACTION = "labels", "properties", "interaction"
BASES = (LABELS, PROPERTIES, INTERACTION)
"""What a test can rest on."""

LABEL_ROTATIONS, DECODER_ROTATIONS = 1_000, 100
MOST_LABEL_ROTATIONS = 5_000
"""Where the correction for many runs needs more, p is that of a fitted tail."""
LABEL_STOPS, STOPS = ((100, 0.25),), ((20, 0.25),)
"""Rotations, and the p-value above which no more are drawn: for labels, and for the decoder."""


@dataclass(frozen=True)
class AxisEvidence:
    """How special the latents of one run are.

    Attributes:
        beta: of the run.
        seed: of the run.
        tests: by what they rest on, a key of `BASES`.
        p_values_holm: of the tests that are not void, corrected for all runs and bases (Holm 1979).
    """

    beta: float
    seed: int
    tests: dict[str, RotationTest]
    p_values_holm: dict[str, float]

    @property
    def bases_that_show_it(self) -> list[str]:
        """The bases on which the latents are special."""
        return [basis for basis, p_value in self.p_values_holm.items() if p_value <= LEVEL]

    def as_dict(self) -> dict[str, Any]:
        """The fields for a JSON document."""
        return {
            "beta": self.beta,
            "seed": self.seed,
            "tests": {basis: test.as_dict() for basis, test in self.tests.items()},
            "p_values_holm": self.p_values_holm,
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "AxisEvidence":
        """Read back what `as_dict` gave."""
        return cls(
            beta=document["beta"],
            seed=document["seed"],
            tests={
                basis: RotationTest.from_dict(test) for basis, test in document["tests"].items()
            },
            p_values_holm=document["p_values_holm"],
        )


@dataclass(frozen=True, eq=False)
class RunAxes:
    """What the tests of one run need.

    Attributes:
        beta: of the run.
        seed: of the run.
        codes: of its test images, with their labels.
        open_decoder: gives what makes pixels of codes, or the reason why the model cannot be
            opened; of many runs, few models are open at a time.
    """

    beta: float
    seed: int
    codes: HeldOutCodes
    open_decoder: Callable[[], Decode | str]


def axis_evidence(
    runs: Sequence[RunAxes],
    properties: ComputedLabels | str | None,
    *,
    progress: Progress | None = None,
) -> list[AxisEvidence]:
    """Test every run's latents against rotations of them, on every basis that is there.

    Given labels and labels computed from the pixels are never mixed in one test. Labels are asked
    with a hundred rotations, and with a thousand where p is at most 25% (or as many as the
    correction needs, 5,000 at most); the decoder with twenty, and a hundred. Where none of the
    decoder's rotations reaches a run's own axes, or none of 5,000 of the labels, p is that of a
    fitted tail (`RotationTest.tail_p_value` and `skewed_tail_p_value`).

    Args:
        runs: trained on the same images.
        properties: computed from their test images, or the reason why there are none; None where
            they are not asked for.
        progress: called as `progress("tests of latents", done, total)` before the first run and
            after each.
    """
    has_properties = isinstance(properties, ComputedLabels)
    num_tests = len(runs) * (1 + has_properties + _has_labels(runs))
    of_labels = partial(_tests_of_labels, properties=properties, num_tests=num_tests)
    tests: list[dict[str, RotationTest]] = []
    if progress:
        progress("tests of latents", 0, len(runs))
    with threadpool_limits(1), one_thread():
        by_labels = map_on_cores(of_labels, runs, workers=num_cores(), processes=True)
        by_decoder = map_on_cores(_test_of_decoder, runs, workers=num_cores())
        for tests_of_labels, test_of_decoder in zip(by_labels, by_decoder, strict=True):
            tests.append(tests_of_labels | test_of_decoder)
            if progress:
                progress("tests of latents", len(tests), len(runs))
    return [
        AxisEvidence(beta=run.beta, seed=run.seed, tests=run_tests, p_values_holm=p_values)
        for run, run_tests, p_values in zip(runs, tests, _corrected(tests))
    ]


def _has_labels(runs: Sequence[RunAxes]) -> bool:
    return bool(runs) and bool(runs[0].codes.label_names)


def _tests_of_labels(
    run: RunAxes, properties: ComputedLabels | str | None, num_tests: int
) -> dict[str, RotationTest]:
    tables: dict[str, NDArray[np.float64] | str] = {}
    if run.codes.label_names:
        tables[LABELS] = run.codes.labels
    if properties is not None:
        tables[PROPERTIES] = properties if isinstance(properties, str) else properties.values
    tests = {}
    for basis, table in tables.items():
        reason = table if isinstance(table, str) else _too_few_images(run)
        if isinstance(table, str) or reason:
            tests[basis] = void_test(reason, 0, {})
        else:
            tests[basis] = axis_test(
                run.codes.posterior_mean,
                table,
                rotations=label_rotations(num_tests),
                active_above=ACTIVE_VARIANCE,
                stops=LABEL_STOPS,
                seed=run.seed,
            )
    return tests


def label_rotations(num_tests: int) -> int:
    """Say how many rotations it takes to correct for so many tests, and no more than is doable."""
    return min(MOST_LABEL_ROTATIONS, max(LABEL_ROTATIONS, ceil(num_tests / LEVEL)))


def _too_few_images(run: RunAxes) -> str:
    num = len(run.codes.posterior_mean)
    few = f"{num} test images are too few: {LEAST_IMAGES} are needed"
    return few if num < LEAST_IMAGES else ""


def _test_of_decoder(run: RunAxes) -> dict[str, RotationTest]:
    """Ask the decoder, with more rotations where the first ones promise something."""
    decode = run.open_decoder()
    reason = decode if isinstance(decode, str) else _too_few_images(run)
    if isinstance(decode, str) or reason:
        return {INTERACTION: void_test(reason, 0, {})}
    test = interaction_test(
        decode,
        run.codes.posterior_mean,
        rotations=DECODER_ROTATIONS,
        active_above=ACTIVE_VARIANCE,
        stops=STOPS,
        seed=run.seed,
    )
    return {INTERACTION: test}


def _corrected(tests: Sequence[Mapping[str, RotationTest]]) -> list[dict[str, float]]:
    """Correct the p-values of all runs and bases together."""
    p_values = {
        (i, basis): _p_value(basis, test)
        for i, run in enumerate(tests)
        for basis, test in run.items()
        if not test.void
    }
    by_run: list[dict[str, float]] = [{} for _ in tests]
    for (i, basis), p_value in zip(p_values, holm(list(p_values.values()))):
        by_run[i][basis] = p_value
    return by_run


def _p_value(basis: str, test: RotationTest) -> float:
    """Give the p-value of a test, with a fitted tail where more rotations would take too long."""
    if basis == INTERACTION:
        return test.tail_p_value
    is_cut = test.rotations >= MOST_LABEL_ROTATIONS
    return test.skewed_tail_p_value if is_cut else test.p_value
