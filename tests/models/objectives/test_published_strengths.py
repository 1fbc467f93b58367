"""Published strengths."""

import pytest

from unknot.common.errors import UserError
from unknot.models.objectives import OBJECTIVES
from unknot.models.objectives.published_strengths import GRIDS, LOCATELLO, grid_strengths


def test_locatello_has_six_strengths_for_each_of_six_objectives() -> None:
    assert len(LOCATELLO) == 6
    assert all(len(values) == 6 and list(values) == sorted(values) for values in LOCATELLO.values())


def test_every_grid_names_objectives_that_there_are() -> None:
    assert {name for grid in GRIDS.values() for name in grid} <= set(OBJECTIVES)


def test_objectives_can_be_chosen_from_a_grid() -> None:
    assert grid_strengths("locatello", ["dip_vae_i"]) == {"dip_vae_i": (1, 2, 5, 10, 20, 50)}
    assert grid_strengths("locatello") == LOCATELLO


def test_an_objective_without_published_strengths_is_refused() -> None:
    with pytest.raises(UserError, match="the grid locatello has no strengths of info_vae; it has"):
        grid_strengths("locatello", ["beta_vae", "info_vae"])
    with pytest.raises(UserError, match="grid is 'locatelo'"):
        grid_strengths("locatelo")
