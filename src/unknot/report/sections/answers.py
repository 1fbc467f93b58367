"""The four questions with their answers, and what the chosen beta makes of some pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unknot.config import beta_text
from unknot.evidence.answers import QUESTIONS, WHICH_BETA
from unknot.report.figures import sheets
from unknot.report.render import picture_uri
from unknot.report.sections import NO_EVIDENCE, LeftOut, ReportContext
from unknot.report.text import plan_text, reason_lines
from unknot.runs.run import Run

NUM_PICTURES, MAGNIFIED = 3, 2


@dataclass(frozen=True)
class Shown:
    """One answer.

    Attributes:
        question: in words.
        state: yes, no, or cannot tell.
        sentence: the answer in words.
        next: what to do next, or empty.
        pictures: a data address, or empty.
        caption: what the pictures show.
    """

    question: str
    state: str
    sentence: str
    next: str
    pictures: str
    caption: str


@dataclass(frozen=True)
class Answers:
    """All answers.

    Attributes:
        answers: in their order.
        plan: that all went as planned, in words, or empty.
        reasons: what the answer about beta rests on, a line each.
    """

    answers: Sequence[Shown]
    plan: str
    reasons: Sequence[str]


def answers(context: ReportContext) -> Answers | LeftOut:
    """Give the answers in their order."""
    evidence = context.evidence
    if evidence is None:
        return LeftOut(NO_EVIDENCE)
    shown = []
    for answer in evidence.answers:
        pictures, caption = ("", "")
        if answer.question == WHICH_BETA:
            pictures, caption = _pictures(context)
        shown.append(
            Shown(
                question=QUESTIONS[answer.question],
                state=answer.answer,
                sentence=answer.sentence,
                next=answer.next,
                pictures=pictures,
                caption=caption,
            )
        )
    return Answers(
        answers=shown,
        plan=plan_text(evidence),
        reasons=reason_lines(evidence),
    )


def _pictures(context: ReportContext) -> tuple[str, str]:
    """The same test images at the lowest beta and at the one to take, and what they are."""
    choice = context.evidence.which_beta if context.evidence else None
    if choice is None:
        return "", ""
    betas = sorted({choice.rows[0].beta, choice.beta})
    runs = [_first_run(context.runs, beta) for beta in betas]
    shown = [run for run in runs if run is not None and run.files.frames.is_file()]
    if not shown:
        return "", ""
    rows = [shown[0].frames()["images"], *(run.frames()["reconstructions"][-1] for run in shown)]
    pixels = np.stack([row[:NUM_PICTURES] for row in rows])
    large = pixels.repeat(MAGNIFIED, axis=-1).repeat(MAGNIFIED, axis=-2)
    names = [f"beta {beta_text(run.config.beta)}" for run in shown]
    sheet = sheets.sheet(large, row_labels=["test images", *names])
    make = "makes" if len(names) == 1 else "make"
    caption = f"The same test images, and what {' and '.join(names)} {make} of them."
    return picture_uri(sheet), caption


def _first_run(runs: Sequence[Run], beta: float) -> Run | None:
    """The finished run of the smallest seed."""
    of_beta = [run for run in runs if run.config.beta == beta]
    return min(of_beta, key=lambda run: run.config.seed, default=None)
