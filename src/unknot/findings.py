"""What an experiment's evidence says, from its description, its images and its runs."""

from collections.abc import Sequence
from typing import Any

from unknot.config import ExperimentConfig
from unknot.data.image_set import ImageSet
from unknot.errors import UserError
from unknot.evidence.guide import Guide, guide
from unknot.training.run import Run


def proposed_betas(config: ExperimentConfig, images: ImageSet) -> tuple[float, ...]:
    """The betas that the guide proposes.

    Raises:
        UserError: if there is no guide for such a model.
    """
    found, gap = guide_for(config, images)
    if found is None:
        raise UserError(f"betas auto: {gap}; give the betas yourself")
    return found.proposed


def guide_for(config: ExperimentConfig, images: ImageSet) -> tuple[Guide | None, str]:
    """The guide for an experiment, or None and why there is none."""
    model = config.model
    try:
        found = guide(
            *(images, model.latent_dim),
            likelihood=model.likelihood,
            sigma=model.sigma,
            standardize=model.standardize,
        )
    except UserError as error:
        return None, str(error)
    return found, ""


def gather_evidence(
    config: ExperimentConfig, images: ImageSet, runs: Sequence[Run]
) -> dict[str, Any]:
    """What `evidence.json` holds: the guide, and what came of training beside it."""
    found, gap = guide_for(config, images)
    if found is None:
        return {"guide": None, "gap": gap}
    observed = [
        (run.config.beta, run.config.seed, len(measured["active_latents"]), test["rate"])
        for run in runs
        for measured, test in [(run.evaluation.get("measured"), run.evaluation["test"])]
        if measured
    ]
    return {"guide": found.as_dict(config.betas), "observed": found.beside(observed)}
