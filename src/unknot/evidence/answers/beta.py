"""Did a higher beta do it?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unknot.config.run import beta_text
from unknot.evidence.answers import (
    BETA,
    CANNOT_TELL,
    NO,
    YES,
    Answer,
    Commands,
    NextStep,
    Verdict,
    counted,
    listed,
    p_text,
)
from unknot.evidence.answers.axes import found_at_each_beta
from unknot.evidence.axes import AxisEvidence
from unknot.evidence.power import LEAST_SEEDS, power_at
from unknot.evidence.preregistration import LABELS, PICTURES
from unknot.evidence.verdict import Verdict as BetaVerdict

IN_WORDS = {LABELS: "the labels", PICTURES: "the pictures"}
RECOMMENDED_SEEDS = 5


@dataclass(frozen=True)
class Asked:
    """How the question was asked.

    Attributes:
        verdict: by the rule; None where nothing could be compared.
        no_verdict: why not.
        exploratory: in what the experiment differs from its plan; empty if in nothing.
        seeds: trained so far, of each beta.
        looks: numbers of seeds at which it is asked; empty where once.
        budget: of time, as it was given; empty where there is none.
        commands: that make the experiment larger.
    """

    verdict: BetaVerdict | None
    no_verdict: str
    exploratory: Sequence[str]
    seeds: Sequence[int]
    looks: Sequence[int]
    budget: str
    commands: Commands


def answer_beta(asked: Asked, axes: Mapping[str, AxisEvidence]) -> Answer:
    """Answer whether a higher beta set the latents apart.

    `effect` is by how much more they stand out at the best beta than at the lowest, in standard
    deviations of random mixes of the same latents, the mean over the seeds.

    Args:
        asked: the verdict, and how it came about.
        axes: of every run, by its name.
    """
    verdict, answer = asked.verdict, _answer(asked)
    next_step = _next(asked, answer)
    tests = verdict.decision.tests if verdict else {}
    effects = [r.effect for test in tests.values() for r in test.results if r.effect == r.effect]
    seeds, betas = (verdict.seeds, verdict.betas) if verdict else ((), ())
    return Answer(
        question=BETA,
        answer=answer,
        p_value=verdict.decision.p_value if verdict and tests else None,
        effect=max(effects, default=None),
        basis=listed([IN_WORDS[basis] for basis in tests]),
        runs=tuple(n for n, run in axes.items() if run.beta in betas and run.seed in seeds),
        sentence=_sentence(asked, answer, axes),
        next=next_step.sentence,
        command=next_step.command,
    )


def _answer(asked: Asked) -> Verdict:
    verdict = asked.verdict
    if verdict is None or not verdict.decision.tests or len(verdict.seeds) < LEAST_SEEDS:
        return CANNOT_TELL
    if verdict.decision.betas:
        return YES
    return CANNOT_TELL if _further_looks(asked) else NO


def _sentence(asked: Asked, answer: Verdict, axes: Mapping[str, AxisEvidence]) -> str:
    sentence = _plain_sentence(asked, answer)
    if answer == CANNOT_TELL:
        known = found_at_each_beta(axes)
        return sentence + (f" What is known so far: {known}." if known else "")
    if asked.exploratory:
        sentence += (
            " Take this as a hint, not as proof, because it is not what was planned before "
            f"training: {'; '.join(asked.exploratory)}."
        )
    return sentence


def _plain_sentence(asked: Asked, answer: Verdict) -> str:
    verdict = asked.verdict
    if verdict is None:
        return f"Cannot tell: {asked.no_verdict}."
    num = len(verdict.seeds)
    lowest = f"beta {beta_text(verdict.lowest_beta)}"
    if not verdict.decision.tests:
        reasons = "; ".join(verdict.left_out.values())
        return f"Cannot tell: {reasons}."
    if num < LEAST_SEEDS:
        return (
            f"Cannot tell from {counted(num, 'seed')} of each beta: models differ from seed to "
            f"seed by themselves, so it takes {LEAST_SEEDS} or more."
        )
    tested = f"{p_text(verdict.decision.p_value)}, {num} seeds"
    if answer == YES:
        shown = [basis for basis, betas in verdict.decision.supported.items() if betas]
        betas = listed([beta_text(beta) for beta in verdict.decision.betas])
        return (
            f"Yes: at beta {betas} the latents stand out more than at {lowest}. It shows in "
            f"{listed([IN_WORDS[basis] for basis in shown])} ({tested})."
        )
    further = _further_looks(asked)
    if further:
        return (
            f"Cannot tell yet: at no beta do the latents clearly stand out more than at {lowest} "
            f"({tested}). The plan goes on to {further[-1]} seeds."
        )
    return (
        f"No: at no beta do the latents clearly stand out more than at {lowest} ({tested}). An "
        "effect like that on the built-in faces would have been found in "
        f"{round(100 * power_at(num))} of 100 such experiments."
    )


def _next(asked: Asked, answer: Verdict) -> NextStep:
    if answer != CANNOT_TELL or (asked.verdict and not asked.verdict.decision.tests):
        return NextStep()
    if asked.verdict is None and len(asked.seeds) >= LEAST_SEEDS:
        return NextStep()
    num = max(RECOMMENDED_SEEDS, len(asked.seeds) + 2)
    further = _further_looks(asked)
    if further:
        stopped = f"the budget of {asked.budget} is used up; " if asked.budget else ""
        command = asked.commands.add_seeds(_others(asked.seeds, further[0]))
        return NextStep(f"{stopped}go on, as planned: {command}", command)
    command = asked.commands.add_seeds(_others(asked.seeds, num))
    from_start = "" if asked.commands.objective else "; --until-clear plans more from the start"
    sentence = (
        f"train more seeds: {command} (a hint only, since the plan named "
        f"{counted(len(asked.seeds), 'seed')}{from_start})"
    )
    return NextStep(sentence, command)


def _further_looks(asked: Asked) -> list[int]:
    """Numbers of seeds at the looks that are still to come."""
    return [look for look in asked.looks if look > len(asked.seeds)]


def _others(seeds: Sequence[int], num: int) -> list[int]:
    """The smallest seeds that are not there, as many as are lacking."""
    others = [seed for seed in range(num + len(seeds)) if seed not in seeds]
    return others[: max(0, num - len(seeds))]
