"""Did a higher beta do it? The answers as they are printed, for ten people with ten outcomes."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.report.small import small_axes, small_choice, small_labels, small_run_evidence
from unknot.evidence.answers import BETA, CANNOT_TELL, NO, YES, Answer, Commands
from unknot.evidence.answers.axes import answer_axes
from unknot.evidence.answers.beta import Asked, answer_beta
from unknot.evidence.answers.latents import answer_latents
from unknot.evidence.answers.which_beta import answer_which_beta
from unknot.evidence.axes import AxisEvidence
from unknot.evidence.beta_bases import combine_bases
from unknot.evidence.beta_test import beta_test
from unknot.evidence.preregistration import LABELS, PICTURES
from unknot.evidence.verdict import Verdict

COMMANDS = Commands(folder="runs/faces", has_source=True)
BETAS = (1.0, 35.0, 350.0)
CLEAR, ALIKE = (0.0, 0.0, 9.0), (0.0, 0.0, 0.0)
AXES = {
    "beta-1_seed-0": small_axes(1.0, labels=0.4),
    "beta-35_seed-0": small_axes(35.0, labels=0.3),
    "beta-350_seed-0": small_axes(350.0, labels=0.004),
}
NOWHERE = {name: small_axes(run.beta, labels=0.5) for name, run in AXES.items()}


def _verdict(
    num_seeds: int, effect: Sequence[float], bases: Sequence[str] = (LABELS,), **changes: object
) -> Verdict:
    rng = np.random.default_rng(num_seeds)
    tests = {
        basis: beta_test(rng.standard_normal((num_seeds, 3)) + effect, betas=BETAS)
        for basis in bases
    }
    arguments = {
        "lowest_beta": BETAS[0],
        "betas": BETAS,
        "seeds": tuple(range(num_seeds)),
        "decision": combine_bases(tests),
        "agreements": {},
        "num_latents": 5,
        "rate": 3.4,
        "left_out": {},
    }
    return Verdict(**(arguments | changes))


def _asked(verdict: Verdict | None, **changes: object) -> Asked:
    arguments = {
        "verdict": verdict,
        "no_verdict": "",
        "exploratory": [],
        "seeds": verdict.seeds if verdict else (0,),
        "looks": (),
        "budget": "",
        "commands": COMMANDS,
    }
    return Asked(**(arguments | changes))


def _beta(verdict: Verdict | None, axes: dict[str, AxisEvidence] = AXES, **changes: object) -> str:
    return answer_beta(_asked(verdict, **changes), axes).sentence


def _which(answer: Answer, supported: tuple[float, ...], **changes: object) -> Answer:
    return answer_which_beta(small_choice(**changes), AXES, answer, supported, COMMANDS)


def test_one_seed() -> None:
    answer = answer_beta(_asked(_verdict(1, CLEAR)), AXES)
    assert answer.sentence == (
        "Cannot tell from 1 seed of each beta: models differ from seed to seed by themselves, so "
        "it takes 3 or more. What is known so far: at beta 350 the latents are special, at 1 and "
        "35 there is no sign of it."
    )
    assert answer.next == (
        "train more seeds: unknot compare --config runs/faces/experiment.toml --out runs/faces "
        "--seeds 1 2 3 4 (a hint only, since the plan named 1 seed; --until-clear "
        "plans more from the start)"
    )
    assert answer.command.endswith("--out runs/faces --seeds 1 2 3 4")
    assert answer.command in answer.next


def test_two_seeds() -> None:
    assert _beta(_verdict(2, CLEAR)).startswith("Cannot tell from 2 seeds of each beta: ")


def test_no_labels() -> None:
    assert _beta(_verdict(3, CLEAR, (PICTURES,))) == (
        "Yes: at beta 350 the latents stand out more than at beta 1. It shows in the pictures (p "
        ".018, 3 seeds)."
    )


def test_collapsed() -> None:
    reason = "at beta 350 fewer than two latents are in use (seed 0), and it takes two at the"
    reason += " lowest beta and at another"
    sentence = _beta(None, NOWHERE, no_verdict=reason)
    assert sentence == (
        "Cannot tell: at beta 350 fewer than two latents are in use (seed 0), and it takes two at "
        "the lowest beta and at another. What is known so far: at no beta that was tried are the "
        "latents special."
    )


def test_all_betas_alike() -> None:
    assert _beta(_verdict(5, ALIKE), NOWHERE) == (
        "No: at no beta do the latents clearly stand out more than at beta 1 (p .54, 5 seeds). An "
        "effect like that on the built-in faces would have been found in 81 of 100 such "
        "experiments."
    )


def test_best_at_the_end() -> None:
    answer = answer_beta(_asked(_verdict(5, CLEAR)), AXES)
    assert _which(answer, (2.0,)).next == (
        "the best is the highest beta that was tried, so try 6 too: unknot compare --config "
        "runs/faces/experiment.toml --out runs/faces --betas 0.5 2 6"
    )


def test_exploratory() -> None:
    assert _beta(_verdict(5, CLEAR), exploratory=["seeds: 3, 4 added"]) == (
        "Yes: at beta 350 the latents stand out more than at beta 1. It shows in the labels (p "
        ".004, 5 seeds). Take this as a hint, not as proof, because it is not what was planned "
        "before training: seeds: 3, 4 added."
    )


def test_labels_that_no_latent_tells() -> None:
    nothing = small_labels(p_value=np.full((3, 3), 0.9))
    run = small_run_evidence(350.0, 0, labels=nothing)
    assert answer_latents({"run": run}, 350.0).sentence == (
        "At beta 350 (seed 0), latent 0 changes color (all over) and latent 1 changes shape "
        "(center). 1 of 3 latents is not in use."
    )


def test_eight_seeds_clear() -> None:
    both = _verdict(8, CLEAR, (LABELS, PICTURES))
    answer = answer_beta(_asked(both), AXES)
    assert (answer.question, answer.answer, answer.basis) == (
        BETA,
        YES,
        "the labels and the pictures",
    )
    assert answer.sentence == (
        "Yes: at beta 350 the latents stand out more than at beta 1. It shows in the labels and "
        "the pictures (p < .001, 8 seeds)."
    )
    assert answer.next == ""


def test_budget_used_up() -> None:
    asked = _asked(_verdict(3, ALIKE), looks=(3, 5, 8), budget="2h")
    answer = answer_beta(asked, NOWHERE)
    assert answer.sentence == (
        "Cannot tell yet: at no beta do the latents clearly stand out more than at beta 1 (p .68, "
        "3 seeds). The plan goes on to 8 seeds. What is known so far: at no beta that was tried "
        "are the latents special."
    )
    assert answer.next == (
        "the budget of 2h is used up; go on, as planned: unknot compare --config "
        "runs/faces/experiment.toml --out runs/faces --seeds 3 4"
    )


def test_one_run_of_one_beta() -> None:
    assert answer_axes({"run": AXES["beta-350_seed-0"]}).sentence.startswith("Yes, at beta 350: ")


@pytest.mark.parametrize(
    ("num_seeds", "effect", "answer"),
    [(2, CLEAR, CANNOT_TELL), (3, ALIKE, NO), (3, CLEAR, YES), (5, ALIKE, NO)],
)
def test_the_answer_has_three_values(num_seeds: int, effect: Sequence[float], answer: str) -> None:
    assert answer_beta(_asked(_verdict(num_seeds, effect)), AXES).answer == answer


def test_nothing_that_could_be_tested_is_named() -> None:
    left_out = {"labels": "the images have no label", "pictures": "a plain sum"}
    verdict = _verdict(3, CLEAR, (), left_out=left_out)
    answer = answer_beta(_asked(verdict), {})
    assert answer.sentence == "Cannot tell: the images have no label; a plain sum."
    assert (answer.answer, answer.p_value, answer.next) == (CANNOT_TELL, None, "")
