"""Strengths at which papers trained their objectives, by the paper's name."""

from collections.abc import Mapping, Sequence

from unknot.common.errors import UserError
from unknot.common.plugins import check_choice

LOCATELLO = {
    "beta_vae": (1.0, 2.0, 4.0, 6.0, 8.0, 16.0),
    "capacity": (5.0, 10.0, 25.0, 50.0, 75.0, 100.0),
    "beta_tcvae": (1.0, 2.0, 4.0, 6.0, 8.0, 10.0),
    "factor_vae": (10.0, 20.0, 30.0, 40.0, 50.0, 100.0),
    "dip_vae_i": (1.0, 2.0, 5.0, 10.0, 20.0, 50.0),
    "dip_vae_ii": (1.0, 2.0, 5.0, 10.0, 20.0, 50.0),
}
"""Objective -> its six strengths in Locatello et al. 2019, each what `beta` is to it here."""

GRIDS: Mapping[str, Mapping[str, tuple[float, ...]]] = {"locatello": LOCATELLO}
"""Name of a grid -> the strengths of each of its objectives."""


def grid_strengths(grid: str, objectives: Sequence[str] = ()) -> dict[str, tuple[float, ...]]:
    """Give the published strengths of objectives.

    Args:
        grid: a name in `GRIDS`.
        objectives: all of the grid's by default.

    Raises:
        UserError: if there is no such grid, or it has no strengths of an objective.
    """
    check_choice("grid", grid, GRIDS)
    published = GRIDS[grid]
    for name in objectives:
        if name not in published:
            raise UserError(
                f"the grid {grid} has no strengths of {name}; it has those of "
                f"{', '.join(published)}"
            )
    return {name: published[name] for name in objectives or published}
