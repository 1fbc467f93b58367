"""The blind tests of an experiment: one of each run, and some of two betas of the first seed."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from unknot.common.errors import UserError
from unknot.common.machine import num_cores
from unknot.common.parallel import map_on_cores
from unknot.evidence.preregistration import BLIND_SEED, planned_blind_seed
from unknot.evidence.run_evidence import pixel_decoder
from unknot.report.blind.beta_trials import LEAST_CORRELATION, beta_trials
from unknot.report.blind.codes import read_blind_codes
from unknot.report.blind.latent_trials import latent_trials
from unknot.report.blind.trials import BETAS, LATENTS, BlindTest, trials_digest
from unknot.report.latent_pairs import pair_latents
from unknot.report.text import run_title
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.run import Run
from unknot.training.gradients.data_parallel import one_thread

MOST_COMPARISONS = 10
"""Pairs of betas that are asked about at most."""


class NotAsked(NamedTuple):
    """A test that cannot be made.

    Attributes:
        title: what it would be about.
        reason: in words.
    """

    title: str
    reason: str


class _Planned(NamedTuple):
    """A test that is to be made."""

    title: str
    make: Callable[[], BlindTest]


def blind_seed(files: ExperimentFolder) -> int:
    """Give the seed of the blind test: the plan's, or where it has none that of all plans."""
    planned = planned_blind_seed(files)
    return BLIND_SEED if planned is None else planned


def blind_tests(runs: Sequence[Run], seed: int) -> Iterator[BlindTest | NotAsked]:
    """Make every blind test of an experiment, one on each core.

    Args:
        runs: whose models can be opened, every beta of the first seed first.
        seed: of images and random directions.
    """
    tests = [_Planned(run_title(run.config), partial(latents_test, run, seed)) for run in runs]
    for first, second in _compared(runs):
        title = " and ".join(titles_of_betas(first, second))
        tests.append(_Planned(title, partial(betas_test, first, second, seed)))
    with one_thread():
        yield from map_on_cores(_made_or_not, tests, workers=num_cores())


def latents_test(run: Run, seed: int) -> BlindTest:
    """Make the test of one run: a latent, or a random direction?

    Raises:
        UserError: says why it cannot be asked.
    """
    codes = read_blind_codes(run, seed)
    rng = np.random.default_rng([seed, *LATENTS.encode(), *run.name.encode()])
    trials = latent_trials(pixel_decoder(run.model), codes, run.kl.tolist(), rng)
    return BlindTest(
        kind=LATENTS,
        runs=(run.name, run.name),
        titles=(run_title(run.config), run_title(run.config)),
        correlations={},
        trials=trials,
        digest=trials_digest(LATENTS, seed, [run.files.content(run.files.weights)], trials),
    )


def betas_test(first: Run, second: Run, seed: int) -> BlindTest:
    """Make the test of two runs: which changes fewer things?

    Raises:
        UserError: says why it cannot be asked.
    """
    runs = (first, second)
    codes, other_codes = (read_blind_codes(run, seed) for run in runs)
    if not np.array_equal(codes.images, other_codes.images):
        raise UserError("they were trained on other images")
    rng = np.random.default_rng([seed, *BETAS.encode(), *f"{first.name} {second.name}".encode()])
    decoders = (pixel_decoder(first.model), pixel_decoder(second.model))
    trials = beta_trials(decoders, codes, other_codes, rng)
    weights = [run.files.content(run.files.weights) for run in runs]
    return BlindTest(
        kind=BETAS,
        runs=(first.name, second.name),
        titles=titles_of_betas(first, second),
        correlations={
            (pair.latent, pair.partner): pair.correlation
            for pair in pair_latents(codes, other_codes, least=LEAST_CORRELATION)
        },
        trials=trials,
        digest=trials_digest(BETAS, seed, weights, trials),
    )


def titles_of_betas(first: Run, second: Run) -> tuple[str, str]:
    """Name two runs of one seed by their betas."""
    return first.config.setting, second.config.setting


def _compared(runs: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Put each beta of the first seed beside the lowest one and beside the next one."""
    first = runs[0].config
    first_seed = [run for run in runs if run.config.seed == first.seed]
    first_seed = [r for r in first_seed if r.config.training.objective == first.training.objective]
    by_beta = sorted(first_seed, key=lambda run: run.config.beta)
    beside_lowest = [(by_beta[0], run) for run in by_beta[2:]]
    return [*pairwise(by_beta), *beside_lowest][:MOST_COMPARISONS]


def _made_or_not(test: _Planned) -> BlindTest | NotAsked:
    try:
        return test.make()
    except UserError as error:
        return NotAsked(title=test.title, reason=str(error))
