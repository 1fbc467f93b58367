"""Are the latents of each run special, or would a random mix of them do as well?"""

from collections.abc import Mapping, Sequence

from unknot.config.run import beta_text
from unknot.evidence.answers import (
    AXES,
    CANNOT_TELL,
    NO,
    YES,
    Answer,
    Verdict,
    counted,
    listed,
    p_text,
)
from unknot.evidence.axes import BASES, INTERACTION, LABELS, PROPERTIES, AxisEvidence

IN_WORDS = {
    LABELS: "the labels",
    PROPERTIES: "what the pixels show (brightness, light and the like)",
    INTERACTION: "what moving a latent changes in the picture",
}
"""What a test rests on -> the same in words."""
NO_RUN = "no run is finished"


def answer_axes(axes: Mapping[str, AxisEvidence]) -> Answer:
    """Answer whether the latents are special: yes if those of any run are.

    `effect` is the largest z among the tests that show it: by how many standard deviations the
    latents stand out from random mixes of them.

    Args:
        axes: of every run, by its name.
    """
    tested = {name: run for name, run in axes.items() if run.p_values_holm}
    p_values = [p for run in tested.values() for p in run.p_values_holm.values()]
    special = [run for run in tested.values() if run.bases_that_show_it]
    z_scores = [run.tests[basis].z for run in special for basis in run.bases_that_show_it]
    asked = [b for b in BASES if any(b in run.p_values_holm for run in tested.values())]
    answer: Verdict = CANNOT_TELL if not tested else YES if special else NO
    return Answer(
        question=AXES,
        answer=answer,
        p_value=min(p_values, default=None),
        effect=max(z_scores, default=None),
        basis=listed([IN_WORDS[basis] for basis in asked]),
        runs=tuple(tested),
        sentence=_sentence(list(axes.values()), asked),
        next="" if tested else _next(_first_reason(list(axes.values()))),
    )


def _next(reason: str) -> str:
    """Say what may help where nothing could be tested."""
    if "test images" in reason:
        return (
            "use more of the images for testing (--split 60/20/20, and another --out), or add some"
        )
    return "train at betas that leave more latents in use, or with more images"


def _sentence(axes: Sequence[AxisEvidence], asked: Sequence[str]) -> str:
    tested = [run for run in axes if run.p_values_holm]
    if not tested:
        return f"Cannot tell: {_first_reason(axes)}."
    special = [run for run in tested if run.bases_that_show_it]
    if not special:
        return (
            "No sign of it at any beta: a random mix of the latents does about as well as they do, "
            f"judged by {listed([IN_WORDS[basis] for basis in asked])}.{_gaps(axes)}"
        )
    shown = [basis for basis in asked if any(basis in run.bases_that_show_it for run in special)]
    silent = [basis for basis in asked if basis not in shown]
    p_value = min(p for run in special for p in run.p_values_holm.values())
    betas = sorted({run.beta for run in special})
    sentence = f"Yes, at beta {listed([_with_count(tested, beta) for beta in betas])}: a random "
    sentence += "mix of the latents would not do as well. It shows in "
    sentence += f"{listed([IN_WORDS[basis] for basis in shown])} ({p_text(p_value)})"
    if silent:
        sentence += f", but not in {listed([IN_WORDS[basis] for basis in silent], 'or')}"
    sentence += "."
    others = sorted({run.beta for run in tested} - set(betas))
    if others:
        sentence += (
            f" At beta {listed([beta_text(beta) for beta in others])} there is no sign of it."
        )
    return sentence + _gaps(axes)


def found_at_each_beta(axes: Mapping[str, AxisEvidence]) -> str:
    """Say in few words at which betas the latents are special; empty where nothing was tested."""
    tested = [run for run in axes.values() if run.p_values_holm]
    special = sorted({run.beta for run in tested if run.bases_that_show_it})
    others = sorted({run.beta for run in tested} - set(special))
    if not special:
        return "at no beta that was tried are the latents special" if tested else ""
    sentence = f"at beta {listed(list(map(beta_text, special)))} the latents are special"
    if others:
        sentence += f", at {listed(list(map(beta_text, others)))} there is no sign of it"
    return sentence


def _with_count(tested: Sequence[AxisEvidence], beta: float) -> str:
    """A beta, with how many of its runs are special where it has several."""
    of_beta = [run for run in tested if run.beta == beta]
    num = sum(bool(run.bases_that_show_it) for run in of_beta)
    total = counted(len(of_beta), "run")
    return beta_text(beta) + (f" ({num} of {total})" if len(of_beta) > 1 else "")


def _gaps(axes: Sequence[AxisEvidence]) -> str:
    """Say what could not be asked, of any run or at some beta, and the first reason for each."""
    sentences = ""
    for basis, name in IN_WORDS.items():
        reasons = [run.tests[basis].void for run in axes if basis in run.tests]
        if reasons and all(reasons):
            sentences += f" {name[0].upper()}{name[1:]} could not be asked: {reasons[0]}."
    tested = {run.beta for run in axes if run.p_values_holm}
    for beta in sorted({run.beta for run in axes} - tested):
        reason = _first_reason([run for run in axes if run.beta == beta])
        sentences += f" At beta {beta_text(beta)} it could not be asked: {reason}."
    return sentences


def _first_reason(axes: Sequence[AxisEvidence]) -> str:
    reasons = [test.void for run in axes for test in run.tests.values() if test.void]
    return reasons[0] if reasons else NO_RUN
