"""What can be said of an experiment before its first step: its guide, and its plan."""

from dataclasses import asdict
from typing import Any

from unknot.config import ExperimentConfig
from unknot.data.image_set import ImageSet
from unknot.errors import UserError
from unknot.evidence.guide import Guide, guide
from unknot.evidence.plan import make_plan

PLAN, ENVIRONMENT = "plan.json", "environment.json"


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


def plan_of(config: ExperimentConfig, images: ImageSet) -> dict[str, Any]:
    """What an experiment is to compare, and how: what `plan.json` fixes before the first step."""
    known = images.labels
    described = asdict(config)
    return make_plan(
        config.betas,
        config.seeds,
        (*known.factor_names, *known.attribute_names),
        images.fingerprint,
        {"model": described["model"], "training": described["training"]},
    )
