"""Are the latents of each run special, or would any rotation of them do as well?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from unknot.common.errors import UserError
from unknot.common.progress import Progress
from unknot.config import beta_text
from unknot.data.image_set import ImageSet
from unknot.evidence.axis_test import axis_test
from unknot.evidence.computed_labels import computed_labels
from unknot.evidence.group_tests import holm
from unknot.evidence.interaction_test import Decode, interaction_test
from unknot.evidence.rotation_test import RotationTest, void_test
from unknot.metrics.posterior import ACTIVE_VARIANCE
from unknot.metrics.table import MIN_KNOWN
from unknot.runs.held_out import HeldOutCodes

LEVEL = 0.05
LEAST_IMAGES = MIN_KNOWN
LABELS, PROPERTIES, INTERACTION = "labels", "properties", "interaction"
BASES = {
    LABELS: "the labels",
    PROPERTIES: "what the pixels show",
    INTERACTION: "what moving them does to the pictures",
}
"""What a test rests on -> the same in words."""

LABEL_ROTATIONS = 1_000
STAGES = ((20, 0.25), (100, 0.02))
"""Rotations of the decoder, and the p-value above which no more are drawn."""
MAX_ROTATIONS = 400


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
        decode: from codes to pixels, or the reason why the model cannot be opened.
    """

    beta: float
    seed: int
    codes: HeldOutCodes
    decode: Decode | str


def axis_evidence(
    runs: Sequence[RunAxes], images: ImageSet, *, progress: Progress | None = None
) -> list[AxisEvidence]:
    """Test every run's latents against rotations of them, on every basis that is there.

    Given labels and labels computed from the pixels are never mixed in one test. The decoder is
    asked with twenty rotations, and with more of them where it is worth it: as many as the
    correction for all runs and bases needs, at most 400. A p-value that ends up small is that of
    all of them, so that stopping early makes none too small.

    Args:
        runs: trained on the same images.
        images: they were trained on.
        progress: called as `progress("tests of latents", done, total)` after each run.
    """
    properties = _properties(images)
    num_tests = len(runs) * (1 + (not isinstance(properties, str)) + _has_labels(runs))
    tests: list[dict[str, RotationTest]] = []
    for run in runs:
        with threadpool_limits(1):
            by_label = _tests_of_labels(run, properties)
        tests.append(by_label | _test_of_decoder(run, num_tests))
        if progress:
            progress("tests of latents", len(tests), len(runs))
    return [
        AxisEvidence(beta=run.beta, seed=run.seed, tests=run_tests, p_values_holm=p_values)
        for run, run_tests, p_values in zip(runs, tests, _corrected(tests))
    ]


def _properties(images: ImageSet) -> NDArray[np.float64] | str:
    """Compute the labels of the test images' pixels, or say why there are none."""
    try:
        values = computed_labels(images.images[images.indices("test")]).values
    except UserError as error:
        return str(error)
    return values if values.shape[1] else "the pictures all show the same"


def _has_labels(runs: Sequence[RunAxes]) -> bool:
    return bool(runs) and bool(runs[0].codes.label_names)


def _tests_of_labels(
    run: RunAxes, properties: NDArray[np.float64] | str
) -> dict[str, RotationTest]:
    tables = {LABELS: run.codes.labels} if run.codes.label_names else {}
    tests = {}
    for basis, table in (tables | {PROPERTIES: properties}).items():
        reason = table if isinstance(table, str) else _too_few_images(run)
        if isinstance(table, str) or reason:
            tests[basis] = void_test(reason, 0, {})
        else:
            tests[basis] = axis_test(
                run.codes.posterior_mean,
                table,
                rotations=LABEL_ROTATIONS,
                active_above=ACTIVE_VARIANCE,
                seed=run.seed,
            )
    return tests


def _too_few_images(run: RunAxes) -> str:
    num = len(run.codes.posterior_mean)
    return f"{num} test images; {LEAST_IMAGES} are needed" if num < LEAST_IMAGES else ""


def _test_of_decoder(run: RunAxes, num_tests: int) -> dict[str, RotationTest]:
    """Ask the decoder, with more rotations where the first ones promise something."""
    reason = run.decode if isinstance(run.decode, str) else _too_few_images(run)
    if isinstance(run.decode, str) or reason:
        return {INTERACTION: void_test(reason, 0, {})}
    enough = min(ceil(num_tests / LEVEL), MAX_ROTATIONS)
    for rotations, hopeless in STAGES:
        test = _interaction(run, run.decode, rotations)
        if test.void or test.p_value > hopeless or rotations >= enough:
            return {INTERACTION: test}
    return {INTERACTION: _interaction(run, run.decode, enough)}


def _interaction(run: RunAxes, decode: Decode, rotations: int) -> RotationTest:
    return interaction_test(
        decode,
        run.codes.posterior_mean,
        rotations=rotations,
        active_above=ACTIVE_VARIANCE,
        seed=run.seed,
    )


def _corrected(tests: Sequence[Mapping[str, RotationTest]]) -> list[dict[str, float]]:
    """Correct the p-values of all runs and bases together."""
    places = [
        (i, basis) for i, run in enumerate(tests) for basis, test in run.items() if not test.void
    ]
    corrected = holm([tests[i][basis].p_value for i, basis in places])
    p_values: list[dict[str, float]] = [{} for _ in tests]
    for (i, basis), p_value in zip(places, corrected):
        p_values[i][basis] = p_value
    return p_values


def axes_sentence(axes: Sequence[AxisEvidence]) -> str:
    """Say in plain words at which betas the latents are special, and what shows it.

    Args:
        axes: of every run; empty where nothing was tested.
    """
    tested = [run for run in axes if run.p_values_holm]
    if not tested:
        return f"Cannot tell: {_why_nothing_was_tested(axes)}."
    asked = [basis for basis in BASES if any(basis in run.p_values_holm for run in tested)]
    special = [run for run in tested if run.bases_that_show_it]
    if not special:
        return (
            f"No sign of it at any beta: by {_listed([BASES[basis] for basis in asked])}, a random "
            f"mix of the latents does about as well as they do.{_gaps(axes)}"
        )
    bases = [basis for basis in asked if any(basis in run.bases_that_show_it for run in special)]
    silent = [basis for basis in asked if basis not in bases]
    p_value = min(p for run in special for p in run.p_values_holm.values())
    betas = sorted({run.beta for run in special})
    sentence = f"Yes, at beta {_listed([beta_text(beta) for beta in betas])}: "
    sentence += f"{_listed([BASES[basis] for basis in bases])} "
    sentence += "show that a random mix of the latents would not do as well "
    sentence += f"(p {'< .001' if p_value < 0.001 else f'{p_value:.3f}'})."
    if silent:
        sentence += f" {_listed([BASES[basis] for basis in silent]).capitalize()} do not show it."
    others = sorted({run.beta for run in tested} - set(betas))
    if others:
        sentence += f" At beta {_listed([beta_text(beta) for beta in others])} nothing shows it."
    return sentence + _gaps(axes)


def _gaps(axes: Sequence[AxisEvidence]) -> str:
    """Say what could not be asked, of any run or at some beta, and the first reason for each."""
    sentences = ""
    for basis, words in BASES.items():
        reasons = [run.tests[basis].void for run in axes if basis in run.tests]
        if reasons and all(reasons):
            sentences += f" {words.capitalize()} could not be asked: {reasons[0]}."
    tested = {run.beta for run in axes if run.p_values_holm}
    for beta in sorted({run.beta for run in axes} - tested):
        reason = _why_nothing_was_tested([run for run in axes if run.beta == beta])
        sentences += f" At beta {beta_text(beta)} it could not be asked: {reason}."
    return sentences


def _why_nothing_was_tested(axes: Sequence[AxisEvidence]) -> str:
    reasons = [test.void for run in axes for test in run.tests.values() if test.void]
    return reasons[0] if reasons else "no run is finished"


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
