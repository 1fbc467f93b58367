"""Which objective separates the latents most?"""

from collections.abc import Sequence
from typing import NamedTuple

from unknot.evidence.answers import (
    CANNOT_TELL,
    NO,
    OBJECTIVE,
    YES,
    Answer,
    Commands,
    Verdict,
    counted,
    listed,
    p_text,
)
from unknot.evidence.answers.beta import RECOMMENDED_SEEDS
from unknot.evidence.beta_deals import LEVEL
from unknot.evidence.objective_comparison import MatchedRate, MatchedValue

DCI, INFOMEC, INTERACTION_Z = "dci_disentanglement", "infomec_modularity", "interaction_z"
DECIDING = ((DCI, INFOMEC), (INTERACTION_Z,))
"""What decides, in this order: with labels the two best-regarded scores, both of which must show
it; without labels how far the pictures' latents stand above random mixes of them."""
IN_WORDS = {DCI: "DCI", INFOMEC: "InfoM", INTERACTION_Z: "interaction in the pictures, z"}

NOT_PLANNED = (
    " Take this as a hint, not as proof, because it is not what was planned before training."
)


class Difference(NamedTuple):
    """How an objective differs from the first.

    Attributes:
        objective: its name.
        values: of each deciding measure.
        p_value: the largest of theirs.
        is_shown: whether all of them differ the same way and none of them by chance.
    """

    objective: str
    values: Sequence[MatchedValue]
    p_value: float | None
    is_shown: bool

    @property
    def is_better(self) -> bool:
        """Whether the latents are separated more than by the first objective."""
        return all((value.difference or 0) > 0 for value in self.values)


def answer_objective(
    matched: MatchedRate, runs: Sequence[str], planned: bool, commands: Commands
) -> Answer:
    """Answer which objective separates the latents most at the same rate.

    `effect` is the largest difference from the first objective of the first deciding measure.

    Args:
        matched: the objectives at the same rate.
        runs: names of all runs that it rests on.
        planned: whether the experiment is the one that was planned.
        commands: that make the experiment larger.
    """
    measures = deciding_measures(matched)
    differences = [difference(matched, name, measures) for name in matched.objectives[1:]]
    answer = _answer(matched, measures, differences)
    num = max(RECOMMENDED_SEEDS, len(matched.seeds) + 2)
    others = [seed for seed in range(num + len(matched.seeds)) if seed not in matched.seeds]
    is_few = bool(matched.rate is not None and measures and not _has_p_values(differences))
    command = commands.add_seeds(others[: num - len(matched.seeds)]) if is_few else ""
    sentence = _sentence(matched, measures, differences, answer)
    is_hint = not planned and answer != CANNOT_TELL
    return Answer(
        question=OBJECTIVE,
        answer=answer,
        p_value=min((d.p_value for d in differences if d.p_value is not None), default=None),
        effect=max((d.values[0].difference or 0.0 for d in differences if d.values), default=None),
        basis=listed([IN_WORDS[measure] for measure in measures]),
        runs=tuple(runs),
        sentence=sentence + (NOT_PLANNED if is_hint else ""),
        next=f"train more seeds: {command}" if command else "",
        command=command,
    )


def deciding_measures(matched: MatchedRate) -> tuple[str, ...]:
    """Name the measures that decide, as far as they are to be had; empty where none is."""
    return next((names for names in DECIDING if set(names) <= set(matched.measures)), ())


def difference(matched: MatchedRate, objective: str, measures: Sequence[str]) -> Difference:
    """Tell how an objective differs from the first by the deciding measures."""
    values = [v for v in (matched.value(measure, objective) for measure in measures) if v]
    p_values = [value.p_value for value in values if value.p_value is not None]
    is_tested = bool(values) and len(p_values) == len(values)
    signs = {(value.difference or 0) > 0 for value in values}
    p_value = max(p_values) if is_tested else None
    is_shown = p_value is not None and p_value <= LEVEL and len(signs) == 1
    return Difference(objective, values, p_value, is_shown)


def _has_p_values(differences: Sequence[Difference]) -> bool:
    return all(d.p_value is not None for d in differences)


def _answer(
    matched: MatchedRate, measures: Sequence[str], differences: Sequence[Difference]
) -> Verdict:
    if matched.rate is None or not measures or not _has_p_values(differences):
        return CANNOT_TELL
    return YES if any(d.is_shown for d in differences) else NO


def _sentence(
    matched: MatchedRate,
    measures: Sequence[str],
    differences: Sequence[Difference],
    answer: Verdict,
) -> str:
    if matched.rate is None:
        return f"Cannot tell at the same rate: {matched.reason}."
    if not measures:
        return "Cannot tell: neither the labels nor the pictures give a score for all objectives."
    first = matched.objectives[0]
    values = [matched.value(measure, first) for measure in measures]
    texts = [
        _values_text(first, [value for value in values if value]),
        *(_values_text(each.objective, each.values, each.p_value) for each in differences),
    ]
    compared = f"At the same rate of {matched.rate:.1f} nats an image: {'; '.join(texts)}."
    if answer == CANNOT_TELL:
        num = counted(len(matched.seeds), "seed")
        return f"Cannot tell from {num} of each objective. {compared}"
    return f"{_lead(first, differences)} {compared}"


def _lead(first: str, differences: Sequence[Difference]) -> str:
    """Say which objectives separate the latents more or less than the first."""
    parts = []
    for how, are_better in (("more", True), ("less", False)):
        shown = [each for each in differences if each.is_shown and each.is_better == are_better]
        if shown:
            names = listed([each.objective for each in shown])
            parts.append(f"{names} separate{'s' * (len(shown) == 1)} the latents {how}")
    if not parts:
        return f"No objective was shown to separate the latents more or less than {first}."
    return f"{'; '.join(parts)} than {first}."


def _values_text(
    objective: str, values: Sequence[MatchedValue], p_value: float | None = None
) -> str:
    scores = ", ".join(f"{IN_WORDS[value.measure]} {value.mean:.2f}" for value in values)
    tested = "" if p_value is None else f"; {p_text(p_value)}"
    return f"{objective} ({scores}{tested})"
