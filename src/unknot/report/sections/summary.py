"""What was trained on what, and which run models the images best."""

from collections.abc import Sequence
from dataclasses import dataclass

from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import BETA_VAE
from unknot.config.run import beta_text
from unknot.report.sections import ReportContext
from unknot.report.text import run_title
from unknot.runs.run import Run


@dataclass(frozen=True)
class Summary:
    """What was trained, in sentences.

    Attributes:
        sentences: a paragraph each.
    """

    sentences: Sequence[str]


def summary(context: ReportContext) -> Summary:
    """Sum the experiment up in a few sentences."""
    sentences = [_trained(context)]
    if context.runs:
        sentences.append(_best_bound(context.runs))
    return Summary(sentences)


def _trained(context: ReportContext) -> str:
    config = context.config
    recipe = config.training.optimization()
    num_images = context.environment["data"]["shape"][0]
    seeds = ", ".join(map(str, config.seeds))
    return (
        f"VAEs with {config.model.latent_dim} latents ({config.model.network}) were trained "
        f"for {recipe.steps:,} steps of {recipe.batch_size} images at "
        f"{'; '.join(map(_strengths, config.rows()))}, seed {seeds}, on {num_images:,} images."
    )


def _strengths(row: ExperimentConfig) -> str:
    """Name the betas of an objective, or its strengths."""
    knob = "beta" if row.training.objective == BETA_VAE else row.training.objective
    return f"{knob} {', '.join(map(beta_text, row.betas))}"


def _best_bound(runs: Sequence[Run]) -> str:
    elbos = {run_title(run.config): run.evaluation.validation.elbo for run in runs}
    best = max(elbos, key=lambda title: elbos[title])
    return (
        f"The best bound on the likelihood (distortion + rate, validation) is that of {best}: "
        f"{-elbos[best]:,.0f} nats per image. It says how well the images are modeled, not "
        "whether each latent means one thing."
    )
