"""What each latent does, in a sentence."""

import numpy as np

from tests.report.small import small_labels, small_run_evidence
from unknot.evidence.answers import CANNOT_TELL, NO, YES
from unknot.evidence.answers.latents import answer_latents

NOTHING = small_labels(p_value=np.where(np.isnan(small_labels().p_value), np.nan, 0.9))


def test_a_label_comes_before_what_the_pixels_show_and_before_a_change() -> None:
    answer = answer_latents({"run": small_run_evidence(2.0, 0)}, 2.0)
    assert answer.answer == YES
    assert (answer.p_value, answer.effect, answer.runs) == (0.0005, 0.9, ("run",))
    assert answer.basis == "the labels and what moving a latent changes"
    assert answer.sentence == (
        "At beta 2 (seed 0), latent 0 follows Bald (AUROC 0.90) and latent 1 changes shape "
        "(center) (p < .001). 1 of 3 latents is not in use."
    )


def test_without_labels_the_pixels_answer() -> None:
    run = small_run_evidence(2.0, 0, labels=None, properties=small_labels())
    answer = answer_latents({"run": run}, 2.0)
    assert answer.basis == "what the pixels show and what moving a latent changes"
    assert "latent 0 follows Bald" in answer.sentence


def test_labels_that_no_latent_tells_leave_the_changes() -> None:
    answer = answer_latents({"run": small_run_evidence(2.0, 0, labels=NOTHING)}, 2.0)
    assert answer.answer == NO
    assert "latent 0 changes color (all over) and latent 1 changes shape" in answer.sentence
    bare = small_run_evidence(2.0, 0, labels=NOTHING, traversal_effects=None)
    assert "latent 0 has no clear meaning" in answer_latents({"run": bare}, 2.0).sentence


def test_the_first_seed_of_the_beta_is_asked() -> None:
    runs = {f"{b} {s}": small_run_evidence(b, s) for b in (0.5, 2.0) for s in (3, 1)}
    assert answer_latents(runs, 2.0).runs == ("2.0 1",)
    assert answer_latents(runs, None).runs == ("0.5 1",)


def test_nothing_to_ask_is_said() -> None:
    assert answer_latents({}, None).sentence == "Cannot tell: no run is finished."
    bare = small_run_evidence(2.0, 0, labels=None, traversal_effects=None)
    answer = answer_latents({"run": bare}, 2.0)
    assert answer.answer == CANNOT_TELL
    assert "there are no labels, and the model cannot be opened" in answer.sentence
