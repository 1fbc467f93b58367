"""Which objectives at which strengths: what `compare` is asked, as an experiment's description."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from unknot.common.errors import UserError
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import BETA_VAE
from unknot.config.run import beta_text
from unknot.models.objectives.published_strengths import grid_strengths

Strengths = dict[str, tuple[float, ...]]


def with_objectives(
    config: ExperimentConfig,
    objectives: Sequence[str],
    strengths: Mapping[str, Sequence[float]],
    *,
    grid: str = "",
    has_betas: bool = True,
) -> ExperimentConfig:
    """Give an experiment the objectives that it compares.

    Args:
        config: the experiment of one objective.
        objectives: their names; those of the grid, if they are empty.
        strengths: objective -> what `betas` is to `beta_vae`.
        grid: a name in `GRIDS`, whose strengths stand where none are given; empty for none.
        has_betas: whether the betas of `config` were given, so that the grid's do not replace them.

    Raises:
        UserError: if an objective is unknown or has no strengths, or a strength does not fit.
    """
    given = _checked(strengths)
    if not grid:
        return replace(config, objectives=tuple(objectives), strengths=given)
    left_open = [name for name in objectives if name not in given]
    published = grid_strengths(grid, left_open) if left_open or not objectives else {}
    names = tuple(objectives) or tuple(published)
    betas = published.pop(BETA_VAE, ())
    return replace(
        config,
        betas=config.betas if has_betas or not betas else betas,
        objectives=names,
        strengths=published | given,
    )


def _checked(strengths: Any) -> Strengths:
    """Take strengths that were given from Python, or say that they are none."""
    try:
        return {str(name): tuple(map(float, strengths[name])) for name in strengths}
    except (TypeError, ValueError):
        raise UserError(
            f"strengths is {strengths!r}; give a list of numbers for each objective, such as "
            '{"factor_vae": [10, 35]}'
        ) from None


def strengths_from_text(texts: Sequence[str]) -> Strengths:
    """Read strengths as they are typed.

    Args:
        texts: of one objective each, such as `factor_vae=10,35`.

    Raises:
        UserError: if one is no such text, or an objective comes twice.
    """
    strengths: Strengths = {}
    for text in texts:
        name, _, numbers = text.partition("=")
        try:
            values = tuple(float(number) for number in numbers.split(","))
        except ValueError:
            raise UserError(
                f"strengths is {text!r}; give an objective and its numbers, such as "
                "factor_vae=10,35"
            ) from None
        if name in strengths:
            raise UserError(f"strengths names {name} twice; give all its numbers at once")
        strengths[name] = values
    return strengths


def strengths_to_text(strengths: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
    """Write strengths as they are typed; `strengths_from_text` reads them back."""
    return tuple(f"{n}={','.join(map(beta_text, values))}" for n, values in strengths.items())
