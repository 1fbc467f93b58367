"""What each latent does, in words."""

import numpy as np

from tests.report.small import small_labels, small_run_evidence
from unknot.report.latent_text import best_label_text, label_text, latent_lines, latents_text


def test_a_latent_is_told_by_its_label_and_by_what_moving_it_changes() -> None:
    lines = latent_lines(small_run_evidence(2.0, 0))
    assert lines[0] == (
        "latent 0: lower with Bald, AUROC 0.90 (0.25-0.95), p < .001; related labels: Grey; also "
        "angle; moving it changes color, all over, by 12 of 255 levels of brightness"
    )
    assert lines[1].startswith("latent 1: no label explains it; moving it changes shape, middle")
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
