"""Which beta should I take?"""

from collections.abc import Mapping

from unknot.config.run import beta_text
from unknot.evidence.answers import (
    CANNOT_TELL,
    NO,
    WHICH_BETA,
    YES,
    Answer,
    Commands,
    NextStep,
    Verdict,
    listed,
    p_text,
)
from unknot.evidence.axes import AxisEvidence
from unknot.evidence.beta_choice import BetaChoice, BetaRow


def answer_which_beta(
    choice: BetaChoice | None,
    axes: Mapping[str, AxisEvidence],
    beta_answer: Answer,
    supported: tuple[float, ...],
    commands: Commands,
) -> Answer:
    """Answer which beta to take; always, with how certain it is.

    It is certain where a higher beta did it and this is one that did. `effect` is the separation of
    that beta: by how many standard deviations its latents stand out from random mixes of them.

    Args:
        choice: None where no run is finished.
        axes: of every run, by its name.
        beta_answer: whether a higher beta did it.
        supported: betas that did.
        commands: that make the experiment larger.
    """
    answer = CANNOT_TELL if choice is None else _certainty(choice, axes, supported)
    next_step = _next(choice, commands) if choice else NextStep()
    p_values = [p for run in axes.values() for p in run.p_values_holm.values()]
    return Answer(
        question=WHICH_BETA,
        answer=answer,
        p_value=beta_answer.p_value if answer == YES else min(p_values, default=None),
        effect=choice.row(choice.beta).separation if choice else None,
        basis="how far the latents stand out from random mixes of them, and what the pictures lose",
        runs=tuple(axes),
        sentence=_sentence(choice, axes, answer, beta_answer) if choice else "No run is finished.",
        next=next_step.sentence,
        command=next_step.command,
    )


def is_separated(axes: Mapping[str, AxisEvidence]) -> bool:
    """Whether the latents of any run are special."""
    return any(run.bases_that_show_it for run in axes.values())


def _certainty(
    choice: BetaChoice, axes: Mapping[str, AxisEvidence], supported: tuple[float, ...]
) -> Verdict:
    if choice.beta in supported:
        return YES
    nothing_shows = choice.best_beta is not None and not is_separated(axes) and not supported
    return NO if nothing_shows else CANNOT_TELL


def _sentence(
    choice: BetaChoice, axes: Mapping[str, AxisEvidence], answer: Verdict, beta_answer: Answer
) -> str:
    chosen, weakest = choice.row(choice.beta), choice.rows[0]
    beta = f"Beta {beta_text(choice.beta)}"
    if len(choice.rows) == 1:
        return f"{beta} is the only one that was trained. There, {_picture(chosen)}."
    if answer == NO:
        return (
            f"{beta}, for its pictures alone: no beta that was tried makes the latents special, "
            f"and the {_end(choice, weakest)} keeps most of the picture. There, {_picture(chosen)}."
        )
    if choice.best_beta is None:
        return f"{beta}, for want of anything better: at no beta could the latents be tested."
    if answer == YES:
        certainty = f"and a test shows that beta did it ({p_text(beta_answer.p_value or 0.0)})"
        sentence = f"{beta}: {_reason(choice)}, {certainty}."
    else:
        sentence = f"{beta} is the best guess: {_reason(choice)}, but it is not certain yet."
    if chosen is weakest:
        return f"{sentence} There, {_picture(chosen)}."
    cost = f"{_picture(chosen)}; at beta {beta_text(weakest.beta)} {_plain(weakest)}"
    return f"{sentence} What it costs: {cost}."


def _end(choice: BetaChoice, row: BetaRow) -> str:
    """At which end of the betas a row stands."""
    return "highest" if row.beta == max(row.beta for row in choice.rows) else "lowest"


def _reason(choice: BetaChoice) -> str:
    if choice.best_beta == choice.beta:
        return "its latents stand out most from random mixes of them"
    return (
        "its latents stand out from random mixes of them nearly as much as at beta "
        f"{beta_text(choice.best_beta or 0.0)}, the best"
    )


def _picture(row: BetaRow) -> str:
    """What pictures of one beta show, in a phrase."""
    if row.explained is None:
        return f"distortion is {row.distortion:,.0f} nats, and {_used(row)}"
    return (
        f"reconstructions show {row.explained:z.0%} of what differs between the pictures, "
        f"distortion is {row.distortion:,.0f} nats, and {_used(row)}"
    )


def _used(row: BetaRow) -> str:
    """How many latents are in use, the mean over the seeds."""
    latents = f"{row.active:.1f}".removesuffix(".0")
    return f"{latents} {'latent is' if latents == '1' else 'latents are'} in use"


def _plain(row: BetaRow) -> str:
    if row.explained is None:
        return f"it is {row.distortion:,.0f} nats"
    return f"they show {row.explained:.0%} ({row.distortion:,.0f} nats)"


def _next(choice: BetaChoice, commands: Commands) -> NextStep:
    if not choice.next_betas:
        return NextStep()
    betas = sorted([*(row.beta for row in choice.rows), *choice.next_betas])
    command = commands.add_betas([beta_text(beta) for beta in betas])
    more = listed([beta_text(beta) for beta in choice.next_betas])
    if not choice.is_separated:
        sentence = f"betas that can matter on these images are higher, so try {more} too: {command}"
        return NextStep(sentence, command)
    end = _end(choice, choice.row(choice.best_beta or 0.0))
    return NextStep(
        f"the best is the {end} beta that was tried, so try {more} too: {command}", command
    )
