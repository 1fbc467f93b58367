"""The first screen: the four questions with their answers, and two moving pictures beside them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from unknot.config.run import beta_text
from unknot.evidence.answers import (
    CANNOT_TELL,
    LATENTS,
    NO,
    OBJECTIVE,
    WHICH_BETA,
    YES,
    Answer,
    in_strengths,
)
from unknot.evidence.beta_choice import BetaChoice
from unknot.evidence.evidence import Evidence
from unknot.evidence.latent_labels import LatentLabels
from unknot.models.objectives import objective_type
from unknot.report.must_know import few_images, must_know, no_beta_matters, other_objective
from unknot.report.own_command import is_own_command
from unknot.report.script_data import ScriptData, ScriptLatent, ScriptRun
from unknot.report.sections import NO_EVIDENCE, ReportContext

CERTAINTY = {YES: "Yes", NO: "No", CANNOT_TELL: "Not sure yet"}
OF_OBJECTIVES = CERTAINTY | {YES: "Shown", NO: "No difference shown"}
OF_LATENTS = CERTAINTY | {YES: "Named", NO: "No label fits"}
OF_WHICH_BETA = CERTAINTY | {YES: "Sure", NO: "No beta is better", CANNOT_TELL: "Best guess"}


@dataclass(frozen=True)
class ShownAnswer:
    """One question with its answer.

    Attributes:
        question: in words.
        state: yes, no, or cannot tell.
        certainty: in a word or two.
        sentence: the answer in words.
        next: what to do next, or empty.
        command: that does it, or empty.
    """

    question: str
    state: str
    certainty: str
    sentence: str
    next: str
    command: str


@dataclass(frozen=True)
class Morph:
    """The picture that moves by itself.

    Attributes:
        run: whose decoder draws it.
        latent: that moves.
        image: the test image it starts from; -1 for the middle of the prior.
        caption: in words.
    """

    run: str
    latent: int
    image: int
    caption: str


@dataclass(frozen=True)
class BetaStop:
    """What one beta or other strength makes of the test images.

    Attributes:
        run: whose reconstructions are shown.
        beta: as people write it.
        caption: in words.
    """

    run: str
    beta: str
    caption: str


@dataclass(frozen=True)
class ObjectiveAnswers:
    """The answers about one of several objectives.

    Attributes:
        objective: its name.
        strength: what its strength is, in words.
        answers: in their order; empty without evidence.
    """

    objective: str
    strength: str
    answers: Sequence[ShownAnswer]


@dataclass(frozen=True)
class Answers:
    """The first screen.

    Attributes:
        objective: which of several objectives separates the latents most; None where there is one.
        answers: in their order, of several objectives those of the first; empty without evidence.
        first: the name of that objective; empty where there is one.
        first_is: what its strength is, where that has another name than beta; else empty.
        others: the answers about the other objectives.
        warning: that no beta can matter, which stands above all; empty where one can.
        must_know: what limits the answers, a sentence each.
        morph: the picture that moves by itself; None where the page holds no decoder.
        strength: what the slider sets: beta, or strength.
        stops: of the slider; empty where no run recorded reconstructions.
        num_images: test images that are shown.
    """

    objective: ShownAnswer | None
    answers: Sequence[ShownAnswer]
    first: str
    first_is: str
    others: Sequence[ObjectiveAnswers]
    warning: str
    must_know: Sequence[str]
    morph: Morph | None
    strength: str
    stops: Sequence[BetaStop]
    num_images: int

    @property
    def data(self) -> dict[str, Any]:
        """What the script reads."""
        return {
            "morph": asdict(self.morph) if self.morph else None,
            "strength": self.strength,
            "stops": [asdict(stop) for stop in self.stops],
        }


def answers(context: ReportContext) -> Answers:
    """Give the answers, what limits them, and the pictures; of several objectives, of the first."""
    whole, (context, *others) = context.evidence, context.rows()
    asked = whole.objective_answer if whole else None
    evidence, data = context.evidence, context.script_data
    choice, prediction = (evidence.which_beta, evidence.collapse) if evidence else (None, None)
    first = context.config.training.objective
    if others:
        sentences = [
            f"{row.config.training.objective}: {sentence}"
            for row in (context, *others)
            for sentence in _must_know(row)
        ]
    else:
        sentences = [other_objective(first), *_must_know(context)]
    sentences.append(few_images(context.environment))
    if evidence is None and context.runs:
        sentences.insert(0, f"There are no answers: {NO_EVIDENCE}.")
    return Answers(
        objective=_shown(asked) if asked else None,
        answers=_shown_answers(context),
        first=first if others else "",
        first_is=_strength_is(first) if context.strength != "beta" else "",
        others=[
            ObjectiveAnswers(
                objective=row.config.training.objective,
                strength=_strength_is(row.config.training.objective),
                answers=_shown_answers(row),
            )
            for row in others
        ],
        warning=no_beta_matters(prediction, context.config.betas) if prediction else "",
        must_know=[sentence for sentence in sentences if sentence],
        morph=_morph(data, evidence) if data else None,
        strength=context.strength,
        stops=_stops(data, choice, context.strength) if data else [],
        num_images=data.num_images if data else 0,
    )


def _must_know(context: ReportContext) -> list[str]:
    sentences = must_know(
        context.config, context.runs, context.failures, context.evidence, context.histories
    )
    return sentences if context.strength == "beta" else list(map(in_strengths, sentences))


def _strength_is(objective: str) -> str:
    return in_strengths(objective_type(objective).beta_is)


def _shown_answers(context: ReportContext) -> list[ShownAnswer]:
    return [_shown(answer) for answer in context.evidence.answers] if context.evidence else []


def _shown(answer: Answer) -> ShownAnswer:
    certainties = {LATENTS: OF_LATENTS, WHICH_BETA: OF_WHICH_BETA, OBJECTIVE: OF_OBJECTIVES}
    certainty = certainties.get(answer.question, CERTAINTY)
    command = answer.command if is_own_command(answer.command) else ""
    following = answer.next.replace(f": {command}", "") if command else answer.next
    return ShownAnswer(
        question=answer.question_text,
        state=answer.answer,
        certainty=certainty[answer.answer],
        sentence=answer.sentence,
        next=following[:1].upper() + following[1:],
        command=command,
    )


def _morph(data: ScriptData, evidence: Evidence | None) -> Morph | None:
    """The most telling latent of the beta to take, of its first seed that has a decoder."""
    open_runs = [run for run in data.runs if run.model]
    open_runs = [run for run in open_runs if any(x.active for x in run.latents)] or open_runs
    if not open_runs:
        return None
    choice = evidence.which_beta if evidence else None
    wanted = beta_text(choice.beta) if choice else open_runs[-1].beta
    run = next((run for run in open_runs if run.beta == wanted), open_runs[-1])
    latent = max(run.latents, key=lambda x: (x.active, _strength(evidence, run, x), x.kl))
    label = f", which follows {latent.label}" if latent.label else ""
    return Morph(
        run=run.name,
        latent=latent.index,
        image=0 if run.codes else -1,
        caption=f"Latent {latent.index} at {run.title}{label}",
    )


def _strength(evidence: Evidence | None, run: ScriptRun, latent: ScriptLatent) -> float:
    """How well the best label is told by a latent, 0 to 1; 0 where no label passed."""
    of_run = evidence.runs.get(run.name) if evidence else None
    tables = [of_run.labels, of_run.properties] if of_run else []
    return next((s for s in (_best(t, latent.index) for t in tables if t) if s > 0), 0.0)


def _best(labels: LatentLabels, latent: int) -> float:
    best = labels.best(latent)
    if best is None:
        return 0.0
    effect = float(labels.effect[latent, best])
    return 2 * effect - 1 if labels.binary[best] else effect


def _stops(data: ScriptData, choice: BetaChoice | None, strength: str) -> list[BetaStop]:
    """A run for each beta or other strength, the first whose reconstructions are in the page."""
    first: dict[str, ScriptRun] = {}
    for run in data.runs:
        if run.sheet:
            first.setdefault(run.beta, run)
    explained = {beta_text(row.beta): row.explained for row in choice.rows} if choice else {}
    ordered = sorted(first.values(), key=lambda run: float(run.beta))
    return [
        BetaStop(
            run=run.name,
            beta=run.beta,
            caption=f"{strength.capitalize()} {_stop_text(run, explained.get(run.beta))}",
        )
        for run in ordered
    ]


def _stop_text(run: ScriptRun, explained: float | None) -> str:
    num_active = sum(latent.active for latent in run.latents)
    rate = float(np.sum([latent.kl for latent in run.latents]))
    latents = f"{num_active} of {len(run.latents)} latents in use, {rate:.1f} nats an image"
    if explained is None:
        return f"{run.beta}: {latents}."
    return f"{run.beta}: {latents}; shows {explained:z.0%} of what differs between pictures."
