"""Betas beside each other."""

import json

import numpy as np
import pytest
from benchmarks.worlds import BETAS, make_world

from unknot.evidence.beta_table import (
    BetaEvidence,
    agreement_of,
    linear_probe,
    linear_probes,
    resample_interval,
    table_by_beta,
)
from unknot.evidence.label_effects import read_labels
from unknot.evidence.rotation_null import axis_scores
from unknot.metrics.agreement import udr

SEEDS = 3


def test_every_beta_has_an_entry_for_each_of_its_seeds() -> None:
    world = make_world("fewer latents", seed=0, seeds=SEEDS, num=200)
    codes = [run.codes for run in world.runs]
    scores = axis_scores(codes, world.labels.factors, rotations=20)
    probes = linear_probes(world.runs, world.labels)
    assert probes == linear_probes(world.runs, world.labels, workers=2)
    num = len(world.runs)
    table = table_by_beta(
        world.runs,
        axis_scores=scores,
        linear_probes=probes,
        jacobian_cosines=[0.5] * (num - 1) + [float("nan")],
        pca=world.pca,
        untrained=[run.mean for run in world.runs],
    )
    assert [row.beta for row in table] == list(BETAS)
    assert [row.active for row in table] == [(6,) * SEEDS, (4,) * SEEDS, (3,) * SEEDS]
    assert [row.seeds for row in table] == [(0, 1, 2)] * 3
    assert table[0].rotation_percentile == tuple(score.percentile for score in scores[:SEEDS])
    assert table[1].linear_probe == tuple(probes[SEEDS : 2 * SEEDS])
    assert table[2].jacobian_cosine == (0.5, 0.5, None)
    assert table[0].rate[0] == pytest.approx(world.runs[0].kl.sum())
    agreement = table[0].udr
    assert agreement.interval is not None
    assert agreement.value is not None
    assert agreement.pca is not None
    assert agreement.interval[0] <= agreement.value <= agreement.interval[1]
    assert agreement.pca > 2 * agreement.value  # refits of PCA agree, rotated codes do not
    document = json.loads(json.dumps(table[2].as_dict(), allow_nan=False))
    assert BetaEvidence.from_dict(document) == table[2]


def test_what_is_not_there_is_none() -> None:
    world = make_world("PCA", seed=0, seeds=1, num=200)
    table = table_by_beta(
        world.runs,
        axis_scores=None,
        linear_probes=None,
        jacobian_cosines=None,
        pca=None,
        untrained=None,
    )
    assert table[0].selectivity == table[0].linear_probe == table[0].jacobian_cosine == (None,)
    assert (table[0].udr.value, table[0].udr.interval, table[0].udr.pca) == (None, None, None)
    assert BetaEvidence.from_dict(json.loads(json.dumps(table[0].as_dict()))) == table[0]


def test_a_probe_tells_what_is_linear_in_all_latents() -> None:
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((600, 3))
    total = codes.sum(1)
    columns = [total > 0, total, codes[:, 0] ** 2]
    labels = read_labels(np.stack(columns, axis=1).astype(float), ["sign", "sum", "square"])
    area, explained, nothing = linear_probe(codes, labels.factors, rng)
    assert area > 0.98
    assert explained == pytest.approx(1, abs=1e-3)
    assert nothing < 0.1
    collapsed = linear_probe(np.zeros((600, 2)), labels.factors, rng)
    assert collapsed.tolist() == [0.5, 0.0, 0.0]


def test_agreement_of_a_group_is_udr_of_its_models() -> None:
    rng = np.random.default_rng(0)
    codes = [rng.standard_normal((300, 3)) + rng.standard_normal((300, 1)) for _ in range(4)]
    whole = udr(codes, similarity="spearman")
    group_statistic = agreement_of(whole.pairs)
    assert group_statistic(range(4)) == pytest.approx(whole.value)
    assert group_statistic([0, 2]) == pytest.approx(whole.pairs[0, 2])
    assert group_statistic([0, 0, 2]) == pytest.approx(whole.pairs[0, 2])  # not with itself
    assert np.isnan(group_statistic([1]))


def test_the_interval_of_a_group_needs_three_runs() -> None:
    rng, values = np.random.default_rng(0), np.array([0.1, 0.2, 0.6])
    assert resample_interval(lambda group: values[list(group)].mean(), 2, rng) is None
    low, high = resample_interval(lambda group: values[list(group)].mean(), 3, rng) or (0.0, 0.0)
    assert 0.1 <= low < 0.3 < high <= 0.6
