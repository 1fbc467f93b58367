"""The answers on experiments whose truth is known: what they are made of, and how often it is yes.

An experiment is measured once, with eight seeds of each beta; the rules are then asked with the
first of them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from world_pictures import agreement_p_values, ask_decoder, make_decoder, make_pictures
from worlds import BETAS, EFFECTS, MORE_NULLS, SCENARIOS, World, make_world

from unknot.evidence.axes import LEVEL as AXES_LEVEL
from unknot.evidence.beta_bases import combine_bases
from unknot.evidence.beta_deals import LEVEL, LOOKS, look_levels
from unknot.evidence.beta_test import BetaTest, beta_test
from unknot.evidence.corrections import holm
from unknot.evidence.preregistration import LABELS, MATCHED, PICTURES, TRAINED
from unknot.evidence.rate_matching import match_rates_jointly
from unknot.evidence.rotation_null import axis_score

FloatArray = NDArray[np.float64]
Document = dict[str, Any]

NULLS = {name: make for name, make in SCENARIOS.items() if name != "rotated to aligned"}
ALL = NULLS | MORE_NULLS | EFFECTS
NUM_SEEDS, NUM_IMAGES = (3, 4, 5, 8), 300
MOST_SEEDS = max(NUM_SEEDS)
LABEL_ROTATIONS, AGREEMENT_ROTATIONS, AXES_ROTATIONS = 60, 79, 300
STAGES = ((20, 0.25), (60, 0.02), (180, 0.0))
"""Rotations of the decoder, and the p-value above which no more are drawn; the last for `axes`."""
BOTH = "both"


def measure(scenario: str, seed: int) -> Document:
    """Measure all that the answers of one experiment rest on, as a JSON document.

    Tables of runs have the shape `(num_seeds, num_betas)`.

    Args:
        scenario: a key of `ALL`.
        seed: of everything.
    """
    with threadpool_limits(1):
        world = make_world(scenario, seed=seed, seeds=MOST_SEEDS, num=NUM_IMAGES)
        matched = match_rates_jointly(world.runs, seed=seed)
        assert matched is not None, "a run has no active latent"
        trained = [run.codes for run in world.runs]
        return {
            LABELS: {
                TRAINED: _by_labels(world, trained, [seed, *TRAINED.encode()]),
                MATCHED: _by_labels(world, matched.codes, [seed, *MATCHED.encode()]),
            },
            PICTURES: _by_pictures(world, seed),
            "agreement": _agreement(matched.codes, seed),
            "axes by labels": _axes_by_labels(world, seed),
        }


def _by_labels(world: World, codes: Sequence[FloatArray], seed: Sequence[int]) -> Document:
    scores = [
        axis_score(of_run, world.labels.factors, LABEL_ROTATIONS, np.random.default_rng([*seed, i]))
        for i, of_run in enumerate(codes)
    ]
    names = ("z", "percentile", "selectivity")
    return {name: _by_seed([getattr(score, name) for score in scores]) for name in names}


def _by_pictures(world: World, seed: int) -> Document:
    """Ask every run's decoder, and that of the first seed with as many rotations as `axes` does."""
    draw = make_pictures(seed)
    tests, p_values = [], []
    for i, run in enumerate(world.runs):
        mean = np.asarray(run.mean, np.float64)
        decode = make_decoder(draw, mean, world.causes)
        of_run = seed * len(world.runs) + i
        tests.append(ask_decoder(decode, mean, STAGES[:-1], of_run))
        if run.seed == 0:
            more = tests[-1].p_value <= STAGES[-2][1]
            test = ask_decoder(decode, mean, STAGES[-1:], of_run) if more else tests[-1]
            p_values.append(test.p_value)
    table = {name: _by_seed([getattr(t, name) for t in tests]) for name in ("z", "percentile")}
    return table | {"p_values": p_values}


def _agreement(codes: Sequence[FloatArray], seed: int) -> dict[str, list[float]]:
    """Compute p of the agreement of the first seeds of each beta, by their number."""
    rng = np.random.default_rng([seed, *b"agreement"])
    by_beta = [
        agreement_p_values(codes[first : first + MOST_SEEDS], NUM_SEEDS, AGREEMENT_ROTATIONS, rng)
        for first in range(0, len(codes), MOST_SEEDS)
    ]
    return {str(num): list(column) for num, column in zip(NUM_SEEDS, zip(*by_beta))}


def _axes_by_labels(world: World, seed: int) -> list[float]:
    """Compute p of each run of the first seed, as `axis_test` does."""
    p_values = []
    for run in world.runs:
        if run.seed == 0:
            rng = np.random.default_rng([seed, *b"axes", len(p_values)])
            score = axis_score(run.codes, world.labels.factors, AXES_ROTATIONS, rng)
            reached = round((1 - score.percentile / 100) * AXES_ROTATIONS)
            p_values.append((1 + reached) / (1 + AXES_ROTATIONS))
    return p_values


def _by_seed(values: Sequence[float]) -> list[list[float]]:
    """Values of runs that are sorted by beta, a row for each seed."""
    return np.reshape(values, (len(BETAS), MOST_SEEDS)).T.round(5).tolist()


def support(
    experiment: Document, betas: Sequence[float], num_seeds: int, level: float = LEVEL
) -> dict[str, bool]:
    """Say whether any beta is supported with the first seeds: on each basis alone, and on both.

    Args:
        experiment: from `measure`.
        betas: that the rule is given, ascending.
        num_seeds: that it is given.
        level: of each answer.
    """
    columns = [BETAS.index(beta) for beta in betas]
    given = np.ix_(range(num_seeds), columns)
    trained, matched = experiment[LABELS][TRAINED], experiment[LABELS][MATCHED]
    by_condition = {
        name: {TRAINED: np.array(trained[name])[given], MATCHED: np.array(matched[name])[given]}
        for name in trained
    }
    tests: dict[str, BetaTest] = {
        LABELS: beta_test(
            by_condition["z"],
            percentiles=by_condition["percentile"],
            selectivities=by_condition["selectivity"],
            level=level,
        ),
        PICTURES: beta_test(
            np.array(experiment[PICTURES]["z"])[given],
            percentiles=np.array(experiment[PICTURES]["percentile"])[given],
            level=level,
        ),
    }
    alone = {basis: bool(test.supported) for basis, test in tests.items()}
    return alone | {BOTH: bool(combine_bases(tests, level=level).betas)}


def answer(experiment: Document, betas: Sequence[float]) -> dict[str, Any]:
    """Ask all rules of one experiment.

    Args:
        experiment: from `measure`.
        betas: that the rules are given, ascending.

    Returns:
        By basis: whether a beta is supported, by number of seeds and until clear, and the seeds
        that were used until then; and at each beta whether the axes of its first run are special.
    """
    at_look = {
        num: support(experiment, betas, num, level)
        for num, level in zip(LOOKS, look_levels(LOOKS, len(betas)))
        if level
    }
    whole = {num: support(experiment, betas, num) for num in NUM_SEEDS}
    answers: dict[str, Any] = {"axes": _special_axes(experiment, betas)}
    for basis in (LABELS, PICTURES, BOTH):
        first = next((num for num, found in at_look.items() if found[basis]), None)
        answers[basis] = {
            **{f"{num} seeds": found[basis] for num, found in whole.items()},
            "until clear": first is not None,
            "seeds": first or LOOKS[-1],
        }
    return answers


def _special_axes(experiment: Document, betas: Sequence[float]) -> list[bool]:
    """Of each beta's first run, by labels or by what its decoder does (Holm over all of them)."""
    columns = [BETAS.index(beta) for beta in betas]
    p_values = [experiment["axes by labels"][k] for k in columns]
    p_values += [experiment[PICTURES]["p_values"][k] for k in columns]
    special = np.reshape(holm(p_values), (2, len(betas))) <= AXES_LEVEL
    return special.any(0).tolist()
