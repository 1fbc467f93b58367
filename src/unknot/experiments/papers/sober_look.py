"""What scores depend on: objective, strength, seed (Locatello et al. 2019)."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.image_set import ImageSet
from unknot.evidence.variance_shares import Share, variance_shares
from unknot.experiments.experiment import Experiment
from unknot.experiments.papers.results import Cell, Figure, Table, mean_with_range
from unknot.runs.run import Run

SCORES = (
    "beta_vae_score",
    "factor_vae_score",
    "mig",
    "dci_disentanglement",
    "modularity",
    "sap",
)
"""The scores of the paper."""
ROWS = {
    "objective": "objective",
    "strength": "strength within an objective",
    "both": "objective and strength together",
    "seed": "seed, and all else",
}
SHARES_CAPTION = (
    "Shares of the variance of each score over all runs, corrected for the number of cells (omega "
    "squared; around 0, and so below it too, where there is nothing), with 95% intervals in "
    "brackets."
)
UNCORRECTED_CAPTION = "The same shares without the correction (R2), as the paper has them."
MEANS_CAPTION = "Means of the scores of each objective, with their range over strengths and seeds."


def measure(experiments: Mapping[str, Experiment], images: ImageSet) -> list[Table]:
    """Divide the variance of each score among objective, strength and seed.

    Args:
        experiments: of each objective, with as many strengths and the same seeds.
        images: they were trained on.

    Returns:
        The shares, the same uncorrected, and the means of the objectives.

    Raises:
        UserError: if the grid is not whole or the runs have no scores.
    """
    grids = {key: score_grid(experiments, key) for key in SCORES}
    shares = {key: variance_shares(grid) for key, grid in grids.items()}
    corrected = {
        row: tuple(_figure(getattr(shares[key], part)) for key in SCORES)
        for part, row in ROWS.items()
    }
    uncorrected = {
        row: tuple(f"{getattr(shares[key], part).uncorrected:.2f}" for key in SCORES)
        for part, row in ROWS.items()
    }
    means: dict[str, tuple[Cell, ...]] = {
        name: tuple(mean_with_range(grids[key][i].ravel()) for key in SCORES)
        for i, name in enumerate(experiments)
    }
    return [
        Table(caption=SHARES_CAPTION, columns=("explained by", *SCORES), rows=corrected),
        Table(caption=UNCORRECTED_CAPTION, columns=("explained by", *SCORES), rows=uncorrected),
        Table(caption=MEANS_CAPTION, columns=("objective", *SCORES), rows=means),
    ]


def score_grid(experiments: Mapping[str, Experiment], key: str) -> NDArray[np.float64]:
    """Gather a score of all runs, shape `(objectives, strengths, seeds)`.

    Args:
        experiments: of each objective.
        key: of the score.

    Raises:
        UserError: if objectives differ in the number of strengths, or a run has no such score.
    """
    sizes = {name: len(experiment.config.betas) for name, experiment in experiments.items()}
    if len(set(sizes.values())) > 1:
        raise UserError(f"objectives have different numbers of strengths: {sizes}")
    return np.array(
        [
            [
                [_value(experiment.run(beta, seed), key) for seed in experiment.config.seeds]
                for beta in experiment.config.betas
            ]
            for experiment in experiments.values()
        ]
    )


def _value(run: Run, key: str) -> float:
    scores = run.evaluation.scores
    if scores is None or key not in scores.scores:
        raise UserError(f"{run.folder} has no score {key}; unknot evaluate {run.folder} makes it")
    return scores.scores[key].value


def _figure(share: Share) -> Figure:
    return Figure(value=round(share.value, 4), low=round(share.low, 4), high=round(share.high, 4))
