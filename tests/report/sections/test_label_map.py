"""Latents beside labels, sorted; `test_chart_data_in_browser.py` looks at the chart."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.report.small import (
    HOSTILE,
    data_of,
    is_escaped,
    reason,
    shown,
    small_context,
    small_evidence,
    small_labels,
    small_run_evidence,
    without_data,
)
from unknot.report.sections import label_map
from unknot.report.sections.label_map import sorted_map

RUN = "beta-2_seed-0"


def test_every_run_has_a_map_of_its_active_latents(tmp_path: Path) -> None:
    html = shown("label_map", small_context(tmp_path))
    (maps,) = data_of(html)["maps"]
    assert set(maps) == {"beta-0.5_seed-0", RUN}
    assert maps[RUN]["latents"] == [0, 1]
    assert "<h3>Your labels</h3>" in html
    assert "Labels that go together, with their correlation: Bald and Grey (+0.60)" in html


def test_the_numbers_go_with_their_label_and_latent() -> None:
    table = sorted_map(small_labels())
    bald = table["labels"].index("Bald")
    assert table["effect"][bald] == [0.9, 0.55]
    assert table["sign"][bald] == [-1.0, 1.0]
    assert (table["low"][bald], table["high"][bald]) == ([0.25, 0.25], [0.95, 0.95])
    assert table["r2"][bald] == [0.5, 0.1]
    assert table["p"][bald] == [0.0005, 0.6]
    assert table["binary"][bald] is True
    assert table["binary"][table["labels"].index("angle")] is False
    assert (table["groups"], table["num"], table["alpha"]) == ([3, 0], 1234, 0.05)


def test_labels_stand_with_the_latent_that_tells_them_and_beside_their_like() -> None:
    """Latent 1 tells a and c, latent 0 tells b, d and e, and nothing tells f; b goes with e."""
    effect = np.array([[0.0, 0.5, 0.1, 0.6, 0.5, 0.0], [0.9, 0.0, 0.3, 0.0, 0.0, 0.2]])
    correlation = np.eye(6)
    correlation[1, 4] = correlation[4, 1] = -0.9
    labels = small_labels(
        label_names=tuple("abcdef"),
        binary=np.zeros(6, bool),
        effect=effect,
        interval=np.stack([effect, effect], axis=-1),
        sign=np.ones((2, 6)),
        r2=effect,
        z=effect,
        p_value=np.where(effect >= 0.3, 0.01, 0.5),
        correlation=correlation,
        active=np.array([True, True]),
    )
    table = sorted_map(labels)
    assert table["latents"] == [1, 0]
    assert table["groups"] == [2, 3]
    assert set(table["labels"][:2]) == {"a", "c"}
    assert table["labels"][5] == "f"
    assert abs(table["labels"].index("b") - table["labels"].index("e")) == 1


def test_of_many_labels_those_are_shown_that_the_latents_tell_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_map, "MAX_LABELS", 2)
    long_name = small_labels(label_names=("Bald" * 1000, "Grey", "angle"))
    table = sorted_map(long_name)
    assert len(table["labels"]) == sum(table["groups"]) == len(table["effect"]) == 2
    assert "Grey" in table["labels"]
    assert "(4,000 characters)" in str(table["labels"])
    html = shown("label_map", small_context(tmp_path))
    assert "Of 3 labels each map has the 2 that the latents tell best." in html


def test_a_run_whose_latents_are_all_collapsed_has_an_empty_map() -> None:
    table = sorted_map(small_labels(active=np.zeros(3, bool)))
    assert (table["latents"], table["groups"]) == ([], [])
    assert table["effect"] == [[], [], []]


def test_labels_computed_from_the_pixels_have_a_map_of_their_own(tmp_path: Path) -> None:
    runs = {RUN: small_run_evidence(2.0, 0, properties=small_labels())}
    html = shown("label_map", small_context(tmp_path, evidence=small_evidence(runs=runs)))
    given, computed = data_of(html)["maps"]
    assert given["beta-0.5_seed-0"] is None  # its evidence is missing
    assert computed[RUN] == given[RUN]
    assert html.index("Your labels") < html.index("Computed from the pixels")


def test_it_is_left_out_with_the_reason(tmp_path: Path) -> None:
    context = small_context(tmp_path, evidence=None)
    assert "no evidence of these runs yet" in reason("label_map", context)
    context = small_context(tmp_path, evidence=small_evidence(runs={}))
    assert reason("label_map", context) == "no run is finished"
    runs = {RUN: small_run_evidence(2.0, 0, labels=None)}
    evidence = small_evidence(runs=runs, not_available={"labels": "the images have no labels"})
    context = small_context(tmp_path, evidence=evidence)
    assert reason("label_map", context) == "the images have no labels"


def test_hostile_labels_are_escaped(tmp_path: Path) -> None:
    labels = small_labels(label_names=(HOSTILE, HOSTILE, HOSTILE))
    runs = {RUN: small_run_evidence(2.0, 0, labels=labels)}
    html = shown("label_map", small_context(tmp_path, evidence=small_evidence(runs=runs)))
    assert is_escaped(without_data(html))
    assert data_of(html)["maps"][0][RUN]["labels"][0] == HOSTILE


def test_the_reason_is_that_of_an_objective_where_there_are_several(tmp_path: Path) -> None:
    bare = small_run_evidence(2.0, 0, labels=None, properties=None)
    row = small_evidence(runs={RUN: bare}, not_available={"labels": "the table is empty"})
    gaps = {"beta_vae: labels": "the table is empty"}
    whole = replace(row, rows={"beta_vae": row}, not_available=gaps)
    context = small_context(tmp_path, evidence=whole)
    assert reason("label_map", context) == "the table is empty"
