"""DCI, SAP and explicitness where something is missing."""

import numpy as np
import pytest

from tests.metrics.codes import NO_NULLS, codes_of, world
from unknot.metrics import explicitness, score
from unknot.metrics.inputs import make_table
from unknot.metrics.predictor_based import dci, linear_classes, predictability_gap, sap


def test_the_gap_of_known_shares() -> None:
    assert predictability_gap(np.array([0.2, 0.9, 0.5])) == pytest.approx(0.4)
    assert predictability_gap(np.array([0.7])) == pytest.approx(0.7)
    assert predictability_gap(np.array([])) == 0


def test_dci_of_one_factor_and_of_one_latent() -> None:
    factors, perfect = world(300)
    assert np.isnan(dci(make_table(perfect, factors[:, :1]))["dci_disentanglement"].value)
    assert np.isnan(dci(make_table(perfect[:, :1], factors))["dci_completeness"].value)


def test_only_straight_lines_count_for_sap() -> None:
    factors, perfect = world(1_000)
    folded = make_table(codes_of(perfect)["folded"], factors)
    assert sap(folded)["sap"].value == pytest.approx(0, abs=0.02)


def test_explicitness_is_blind_to_rotations_and_sees_what_is_missing() -> None:
    factors, perfect = world(1_000)
    codes = codes_of(perfect)
    assert explicitness(codes["rotated"], factors).value == pytest.approx(1, abs=0.01)
    half = explicitness(codes["half"], factors)
    assert half.per_factor["factor 1"] == pytest.approx(1, abs=0.01)
    assert half.per_factor["factor 4"] < 0.2


def test_probabilities_are_shared_between_metrics_and_change_neither() -> None:
    factors, perfect = world(600)
    rotated = codes_of(perfect)["rotated"]
    table = make_table(rotated, factors)
    probabilities, truth = linear_classes(table, table.factors[0])
    assert probabilities.shape == (len(truth), 5) == (200, 5)
    assert linear_classes(table, table.factors[0])[0] is probabilities
    together = score(rotated, factors, metrics=["explicitness", "infomec"], nulls=NO_NULLS)
    assert together["explicitness"].value == explicitness(rotated, factors).value
