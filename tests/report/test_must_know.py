"""What a reader must know first."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.report.small import (
    ENVIRONMENT,
    small_choice,
    small_config,
    small_evidence,
    small_run,
)
from unknot.common.files import write_text
from unknot.config.parts import TrainingConfig
from unknot.evidence.collapse import CollapsePrediction
from unknot.evidence.evidence import Evidence
from unknot.report.histories import Histories
from unknot.report.must_know import (
    few_images,
    last_fall,
    must_know,
    no_beta_matters,
    other_objective,
)
from unknot.runs.run import Run

MANY = ENVIRONMENT | {"data": {"splits": {"train": 8_000, "validation": 1_000, "test": 1_000}}}


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    return [small_run(tmp_path, run) for run in small_config().runs()]


def _lines(runs: list[Run], **changes: Any) -> list[str]:
    evidence: Evidence = small_evidence(collapse=None, **changes)
    return must_know(small_config(), runs, {}, evidence, Histories())


def _prediction(*collapse_betas: float) -> CollapsePrediction:
    return CollapsePrediction(
        latent_dim=len(collapse_betas),
        sigma=1.0,
        eigenvalues=np.array(collapse_betas),
        collapse_betas=np.array(collapse_betas),
        suggested_betas=(20.0, 60.0),
        total=1_000.0,
        num_pixels=3_072,
        num_images=160,
    )


def _with_losses(run: Run, losses: dict[int, float]) -> Run:
    lines = [
        json.dumps({"split": "validation", "step": step, "loss": loss})
        for step, loss in losses.items()
    ]
    write_text(run.files.history, "\n".join(lines) + "\n")
    return run


def test_nothing_to_know(runs: list[Run]) -> None:
    assert _lines(runs) == []


def test_another_objective_is_named_with_what_beta_is(runs: list[Run]) -> None:
    """There a model without latents in use may have too low a beta as well."""
    config = small_config(training=TrainingConfig(objective="capacity"))
    choice = small_choice()
    rows = (choice.rows[0], replace(choice.rows[1], active=0.0))
    evidence = small_evidence(collapse=None, which_beta=replace(choice, rows=rows))
    (second,) = must_know(config, runs, {}, evidence, Histories())
    assert other_objective("beta_vae") == ""
    assert other_objective("capacity") == (
        "These models were trained with the objective capacity. Its strength, which "
        "--betas gives, is the nats that the rate is held at, so that a larger strength lets more "
        "through."
    )
    assert second.startswith("At beta 2 ")
    assert "too high" not in second
    (same,) = must_know(small_config(), runs, {}, evidence, Histories())
    assert same == f"{second} That beta is too high."


def test_missing_runs_are_counted(runs: list[Run]) -> None:
    (line,) = must_know(small_config(), runs[:1], {"beta-2_seed-0": "stopped"}, None, Histories())
    assert line == "1 of 2 runs are missing; the reason stands in the table of all runs."


def test_betas_far_below_the_first_collapse_are_said_to_look_alike(runs: list[Run]) -> None:
    evidence = small_evidence(collapse=_prediction(500.0, 118.0))
    config = small_config(betas=(0.5, 2.0, 100.0))
    (line,) = must_know(config, runs, {}, evidence, Histories())
    assert line == (
        "Beta 0.5 and 2 are low for these images, so expect little difference in what their "
        "latents do: in a simple linear model, the first latent falls out of use at a beta of "
        "about 120."
    )
    assert must_know(small_config(betas=(2.0, 100.0)), runs, {}, evidence, Histories()) == []


def test_where_no_beta_can_matter_that_is_said_alone(runs: list[Run]) -> None:
    prediction = _prediction(500.0, 118.0)
    assert (
        must_know(small_config(), runs, {}, small_evidence(collapse=prediction), Histories()) == []
    )
    assert no_beta_matters(prediction, (0.5, 2.0)) == (
        "These betas cannot matter much on these images: in a simple linear model, the first "
        "latent falls out of use at a beta of about 120. Try --betas 20 60."
    )
    assert no_beta_matters(prediction, (0.5, 100.0)) == ""


def test_betas_that_switch_everything_off_are_named(runs: list[Run]) -> None:
    choice = small_choice()
    rows = (choice.rows[0], replace(choice.rows[1], active=0.0))
    (line,) = _lines(runs, which_beta=replace(choice, rows=rows))
    assert line.startswith("At beta 2 no latent is in use: ")


def test_a_loss_that_still_falls_is_named_with_its_steps(runs: list[Run]) -> None:
    _with_losses(runs[0], {2: 900.0, 6: 500.0, 10: 410.0, 12: 400.0})
    _with_losses(runs[1], {2: 900.0, 6: 402.0, 12: 400.0})
    (line,) = _lines(runs)
    assert line == (
        "Training was not finished at beta 0.5: from step 6 to 12 the loss still fell by up to "
        "20%. More steps (--steps 36) give sharper pictures, and may change what the latents do."
    )


def test_the_fall_is_that_of_the_last_third(runs: list[Run]) -> None:
    fall = last_fall(
        _with_losses(runs[0], {2: 900.0, 6: 500.0, 10: 410.0, 12: 400.0}).history("validation")
    )
    assert fall is not None
    assert (fall.first_step, fall.last_step, fall.share) == (6, 12, 0.2)
    assert fall.per_tenth == pytest.approx(0.04)
    assert last_fall(runs[1].history("validation")) is None


def test_few_images_are_named() -> None:
    assert few_images(MANY) == ""
    line = few_images(ENVIRONMENT)
    assert line.startswith("There are few images: 160 to train on and 20 to test with.")
