"""In what two descriptions of a run or an experiment differ."""

from dataclasses import fields, replace

from unknot.common.toml import first_difference
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import BETA_VAE
from unknot.config.run import RunConfig

PARTS_OF_RUNS = ("data", "model", "training")  # of an experiment's description
NOT_COMPARED = ("source",)  # one folder has many names; the images' fingerprint tells


def other_rows(before: ExperimentConfig, after: ExperimentConfig) -> str | None:
    """Name what an experiment has that another has not; None where the other has it all."""
    rows = {row.training.objective: row for row in after.rows()}
    for row in before.rows():
        here = rows.get(row.training.objective)
        if here is None:
            return f"it has the objective {row.training.objective}, which is not asked for here"
        other = _other_row(row, here)
        if other:
            return other
    return None


def _other_row(before: ExperimentConfig, after: ExperimentConfig) -> str | None:
    """Name what the experiment of one objective has that another of the same has not."""
    objective = before.training.objective
    strengths = "betas" if objective == BETA_VAE else f"strengths of {objective}"
    for name, called in (("betas", strengths), ("seeds", "seeds")):
        there, here = getattr(before, name), getattr(after, name)
        if not set(there) <= set(here):
            return f"{called} are {there} there and {here} here"
    if after.training.continues(before.training):
        before = replace(before, training=after.training)
    asked = {item.name: getattr(after, item.name) for item in fields(after)}
    others = {name: value for name, value in asked.items() if name not in PARTS_OF_RUNS}
    return difference(replace(before, **others), after)


def difference(
    before: RunConfig | ExperimentConfig, after: RunConfig | ExperimentConfig
) -> str | None:
    """Name a difference of two descriptions; more steps only where they differ in nothing else."""
    there, here = before.training.recipe, after.training.recipe
    if there != here:
        return f"recipe is {there!r} there and {here!r} here (--recipe {there} goes on with it)"
    more_steps = after.training.part_ends[-1] > before.training.part_ends[-1]
    if more_steps:
        steps, parts = after.training.steps, after.training.continued_from
        training = replace(before.training, steps=steps, continued_from=parts)
        other = first_difference(replace(before, training=training), after, NOT_COMPARED)
        if other:
            return other
    return first_difference(before, after, NOT_COMPARED)
