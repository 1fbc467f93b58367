"""Objectives and strengths, as they are asked for."""

import pytest

from unknot.common.errors import UserError
from unknot.config.experiment import ExperimentConfig
from unknot.experiments.asked_objectives import (
    strengths_from_text,
    strengths_to_text,
    with_objectives,
)
from unknot.models.objectives.published_strengths import LOCATELLO

BASE = ExperimentConfig(betas=(1.0, 4.0))


def strengths_of(config: ExperimentConfig) -> dict[str, tuple[float, ...]]:
    return {row.training.objective: row.betas for row in config.rows()}


def test_strengths_are_read_as_they_are_typed_and_written_back() -> None:
    strengths = strengths_from_text(["beta_tcvae=2,6", "factor_vae=.5,1e1"])
    assert strengths == {"beta_tcvae": (2.0, 6.0), "factor_vae": (0.5, 10.0)}
    assert strengths_to_text(strengths) == ("beta_tcvae=2,6", "factor_vae=0.5,10")
    assert strengths_from_text(strengths_to_text(strengths)) == strengths


@pytest.mark.parametrize("text", ["beta_tcvae", "beta_tcvae=", "beta_tcvae=a", "=,"])
def test_what_is_no_strength_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UserError, match="give an objective and its numbers, such as"):
        strengths_from_text([text])


def test_an_objective_is_named_once() -> None:
    with pytest.raises(UserError, match="names dip_vae_i twice"):
        strengths_from_text(["dip_vae_i=1", "dip_vae_i=2"])


def test_a_grid_fills_in_what_was_not_given() -> None:
    config = with_objectives(
        BASE, ["beta_vae", "dip_vae_i", "capacity"], {"dip_vae_i": [3]}, grid="locatello"
    )
    assert strengths_of(config) == {
        "beta_vae": (1, 4),
        "dip_vae_i": (3,),
        "capacity": LOCATELLO["capacity"],
    }
    without = with_objectives(BASE, [], {}, grid="locatello", has_betas=False)
    assert strengths_of(without) == LOCATELLO
    own = with_objectives(BASE, ["beta_vae", "info_vae"], {"info_vae": [2]}, grid="locatello")
    assert strengths_of(own) == {"beta_vae": (1, 4), "info_vae": (2,)}


def test_strengths_from_python_are_numbers() -> None:
    config = with_objectives(BASE, ["beta_vae", "beta_tcvae"], {"beta_tcvae": [2, 6]})
    assert strengths_of(config) == {"beta_vae": (1.0, 4.0), "beta_tcvae": (2.0, 6.0)}
    with pytest.raises(UserError, match="give a list of numbers for each objective"):
        with_objectives(BASE, ["beta_tcvae"], {"beta_tcvae": 2})  # type: ignore[dict-item]
