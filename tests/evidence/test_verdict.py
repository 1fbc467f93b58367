"""Whether a higher beta set the axes apart, in experiments whose answer is known."""

import json
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.worlds import BETAS, World, make_world

from tests.report.small import small_rotation_test
from unknot.common.errors import UserError
from unknot.evidence.label_effects import UsableLabels
from unknot.evidence.preregistration import LABELS, MATCHED, PICTURES, RULE, TRAINED
from unknot.evidence.rotation_test import RotationTest
from unknot.evidence.verdict import Verdict, decide_verdict

FEW = replace(RULE, rotations=60)
NO_LABELS = UsableLabels((), {})


def _z_rising(world: World) -> list[RotationTest]:
    """Interactions that stand out more at each higher beta."""
    rng = np.random.default_rng(0)
    return [
        small_rotation_test(z=4 * BETAS.index(run.beta) + rng.standard_normal())
        for run in world.runs
    ]


def _decide(world: World, **changes: object) -> Verdict:
    arguments = {"labels": world.labels, "interactions": [None] * len(world.runs)} | changes
    return decide_verdict(world.runs, rule=FEW, **arguments)


def test_axes_that_come_with_beta_are_supported() -> None:
    world = make_world("as on the faces", seed=0, seeds=5, num=300)
    verdict = _decide(world)
    assert 16 in verdict.decision.betas
    assert list(verdict.decision.tests) == [LABELS]
    assert verdict.left_out == {PICTURES: "the models cannot be opened"}
    assert (verdict.lowest_beta, verdict.betas, verdict.seeds) == (1, BETAS, (0, 1, 2, 3, 4))


def test_more_processes_come_to_the_same_verdict() -> None:
    world = make_world("as on the faces", seed=0, seeds=2, num=200)
    alone, shared = (_decide(world, workers=workers) for workers in (1, 2))
    assert alone.as_dict() == shared.as_dict()


def test_nothing_is_not_supported() -> None:
    assert not _decide(make_world("nothing changes", seed=0, num=300)).decision.betas


def test_pictures_count_where_axes_stand_above_nearly_all_rotations() -> None:
    world = make_world("nothing changes", seed=0, seeds=3, num=300)
    verdict = _decide(world, labels=NO_LABELS, interactions=_z_rising(world))
    assert verdict.decision.supported == {PICTURES: (16,)}
    assert verdict.left_out == {LABELS: "the images have no label that can be tested"}
    low = [replace(test, percentile=90.0) for test in _z_rising(world)]
    verdict = _decide(world, labels=NO_LABELS, interactions=low)
    assert not verdict.decision.betas
    (test,) = verdict.decision.tests.values()
    assert "the latents beat 90% of random mixes" in test.results[-1].reasons[0]


def test_how_far_seeds_agree_is_told_of_every_beta() -> None:
    verdict = _decide(make_world("PCA", seed=0, seeds=3, num=300))  # whose seeds agree
    assert {name: len(z) for name, z in verdict.agreements.items()} == {
        TRAINED: 3,
        MATCHED: 3,
    }
    assert min(verdict.agreements[TRAINED]) > 5
    assert _decide(make_world("PCA", seed=0, seeds=1, num=300)).agreements == {}


def test_a_collapsed_beta_and_an_unfinished_seed_are_left_out_by_name() -> None:
    world = make_world("PCA", seed=0, seeds=3, num=200)
    runs = [
        run._replace(mean=0 * run.mean) if (run.beta, run.seed) == (16.0, 1) else run
        for run in world.runs
        if (run.beta, run.seed) != (4.0, 2)
    ]
    verdict = decide_verdict(runs, world.labels, [None] * len(runs), rule=FEW)
    assert verdict.betas == (1, 4)
    assert verdict.seeds == (0, 1)
    assert verdict.left_out["beta 16"] == "fewer than two latents are in use (seed 1)"
    assert verdict.left_out["seed 2"] == "not every beta has it"


def test_a_void_interaction_leaves_the_labels() -> None:
    world = make_world("PCA", seed=0, seeds=3, num=200)
    void = [small_rotation_test(void="a plain sum")] * len(world.runs)
    verdict = _decide(world, interactions=void)
    assert list(verdict.decision.tests) == [LABELS]
    assert verdict.left_out[PICTURES] == "a plain sum"


def test_what_cannot_be_compared_is_refused() -> None:
    world = make_world("PCA", seed=0, seeds=2, num=200)
    lowest = [run for run in world.runs if run.beta == BETAS[0]]
    with pytest.raises(UserError, match="only one beta has finished runs"):
        decide_verdict(lowest, world.labels, [None] * 2)
    collapsed = [run._replace(mean=0 * run.mean) for run in lowest] + world.runs[2:]
    with pytest.raises(UserError, match=r"at beta 1 fewer than two latents are in use \(seed 0, "):
        decide_verdict(collapsed, world.labels, [None] * 6)
    apart = [run for run in world.runs if run.seed == BETAS.index(run.beta) % 2]
    with pytest.raises(UserError, match="no seed has a finished run at every beta"):
        decide_verdict(apart, world.labels, [None] * len(apart))


def test_a_look_has_its_own_level() -> None:
    world = make_world("as on the faces", seed=0, seeds=3, num=300)
    assert _decide(world, level=0.0).decision.betas == ()
    assert _decide(world, level=0.02).decision.level == 0.02


def test_a_verdict_is_read_back_as_it_was() -> None:
    world = make_world("PCA", seed=0, seeds=3, num=200)
    verdict = _decide(world, interactions=_z_rising(world))
    assert Verdict.from_dict(json.loads(json.dumps(verdict.as_dict()))) == verdict
