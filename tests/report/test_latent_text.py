"""What each latent does, in words."""

from dataclasses import replace

import numpy as np
import pytest

from tests.report.small import small_effects, small_labels, small_run_evidence
from unknot.evidence.traversal_effects import TraversalEffects
from unknot.report.latent_text import (
    best_label_text,
    collapsed_text,
    label_text,
    latent_lines,
    latent_sentences,
    latents_text,
)


def test_a_latent_is_told_by_its_label_and_by_what_moving_it_changes() -> None:
    lines = latent_lines(small_run_evidence(2.0, 0))
    assert lines[0] == (
        "latent 0: lower with Bald, AUROC 0.90 (0.25-0.95), p < .001; related labels: Grey; also "
        "angle; moving it changes color, all over, by 12 of 255 levels of brightness"
    )
    assert lines[1].startswith("latent 1: no label explains it; moving it changes shape, center")
    assert lines[2] == "latent 2: collapsed"


def test_without_labels_collapsed_latents_are_named_too() -> None:
    lines = latent_lines(small_run_evidence(2.0, 0, labels=None))
    assert lines[2] == "latent 2: collapsed"
    assert latent_lines(small_run_evidence(2.0, 0, labels=None, traversal_effects=None)) == []


def test_a_label_of_more_than_two_values_has_a_share_of_its_information() -> None:
    p_value = np.array([[1.0, 1.0, 0.02], [0.6, 0.9, 1.0], [1.0, 1.0, 1.0]])
    text = label_text(small_labels(p_value=p_value), 0)
    assert text == "higher with angle, tells 30% of it (25%-95%), R2 0.25, p 0.020"


def test_many_labels_are_counted() -> None:
    names = tuple("abcdefgh")
    table = np.full((1, 8), 0.9)
    labels = small_labels(
        label_names=names,
        binary=np.ones(8, bool),
        effect=table - np.arange(8) / 100,
        interval=np.tile([0.8, 1.0], (1, 8, 1)),
        sign=table,
        r2=table,
        p_value=table / 100,
        correlation=np.eye(8),
        active=np.array([True]),
    )
    assert label_text(labels, 0).endswith("also b, c, d, e and 3 more")


def test_the_heading_says_how_the_labels_were_tested() -> None:
    grouped = small_run_evidence(2.0, 0, labels=small_labels(num_groups=7))
    head, *lines = latents_text("beta-2_seed-0", grouped).splitlines()
    assert head.startswith("What each latent of beta-2_seed-0 does (1,234 test images, 3 labels, ")
    assert "shuffled in 7 groups; p corrected for testing every latent on every label):" in head
    assert len(lines) == 3


def test_the_best_label_is_named_in_a_few_words() -> None:
    labels = small_labels()
    assert best_label_text(labels, 0) == "Bald (AUROC 0.90)"
    assert best_label_text(labels, 1) == ""
    p_value = np.array([[1.0, 1.0, 0.02], [0.6, 0.9, 1.0], [1.0, 1.0, 1.0]])
    assert best_label_text(small_labels(p_value=p_value), 0) == "angle (30%)"


NO_LABEL_PASSES = np.array([[1.0, 1.0, 1.0], [0.6, 0.9, 1.0], [1.0, 1.0, 1.0]])


def test_sentences_name_the_label_its_strength_and_what_moving_the_latent_changes() -> None:
    run = small_run_evidence(2.0, 0)
    assert str(latent_sentences(run, 0)) == (
        "Lower with Bald: AUROC 0.90 (95% interval 0.25 to 0.95), p < .001. Labels that go "
        "together with it: Grey. It also tells: angle. Moving it changes mainly the color, all "
        "over the picture; a typical pixel changes by 5% of the way from black to white."
    )
    assert str(latent_sentences(run, 1)) == (
        "No label explains it. Moving it changes mainly the shape, most at the center; a typical "
        "pixel changes by 1% of the way from black to white."
    )


def test_every_part_of_a_region_has_its_article(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TraversalEffects, "change_region", lambda *_: "bottom left, bottom, top")
    effect = latent_sentences(small_run_evidence(2.0, 0), 0).effect
    assert "most at the bottom left, the bottom and the top;" in effect


def test_a_label_computed_from_the_pixels_stands_in_for_given_ones() -> None:
    none_passes = small_labels(p_value=NO_LABEL_PASSES)
    run = small_run_evidence(2.0, 0, labels=none_passes, properties=small_labels())
    sentences = latent_sentences(run, 0)
    assert sentences.lead == "Lower with Bald"
    assert sentences.details.endswith(
        "This label was computed from the pixels; none of the given labels explains the latent."
    )
    without = small_run_evidence(2.0, 0, labels=None, properties=small_labels())
    assert latent_sentences(without, 0).details.endswith("computed from the pixels.")


def test_sentences_leave_out_what_is_not_known() -> None:
    run = small_run_evidence(2.0, 0, labels=None, traversal_effects=None)
    assert str(latent_sentences(run, 0)) == ""


def test_a_move_that_changes_nothing_or_little_is_told() -> None:
    effects = small_effects()
    effects = replace(effects, change=np.array([0.0, 0.51, np.nan]))
    run = small_run_evidence(2.0, 0, traversal_effects=effects)
    assert latent_sentences(run, 0).effect == "Moving it changes nothing in the picture."
    assert "changes by 0.2% of the way" in latent_sentences(run, 1).effect


def test_collapsed_latents_take_one_sentence() -> None:
    assert collapsed_text([]) == ""
    assert collapsed_text([4]).startswith("Latent 4 is not in use (collapsed): its code")
    assert collapsed_text([1, 4]).startswith("Latents 1, 4 are not in use (collapsed): their")
