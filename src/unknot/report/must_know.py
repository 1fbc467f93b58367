"""What a reader must know before believing an experiment, a sentence for each thing."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from unknot.config.experiment import ExperimentConfig
from unknot.config.run import beta_text
from unknot.evidence.answers import in_strengths, listed
from unknot.evidence.beta_choice import BetaChoice
from unknot.evidence.collapse import NEAR, CollapsePrediction
from unknot.evidence.evidence import Evidence
from unknot.models.objectives import Objective, objective_type
from unknot.report.histories import Histories
from unknot.runs.history import HistoryLine
from unknot.runs.run import Run

FEW_TRAINING, FEW_TEST = 1_000, 100  # images
STILL_FALLING = 0.01  # of the loss, over a tenth of the training
LAST_PART = 2 / 3  # of the training, after which its end begins


def must_know(
    config: ExperimentConfig,
    runs: Sequence[Run],
    failures: Mapping[str, str],
    evidence: Evidence | None,
    histories: Histories,
) -> list[str]:
    """Say what limits the answers about one objective; an empty list where nothing does.

    Args:
        config: the experiment's description.
        runs: those that are finished.
        failures: name of each run that is not finished -> the reason.
        evidence: of these runs; None where there is none.
        histories: of these runs.
    """
    prediction = evidence.collapse if evidence else None
    objective = objective_type(config.training.objective)
    sentences = [
        _missing(len(failures), len(runs)),
        _alike(prediction, config.betas) if prediction else "",
        _collapsed(evidence.which_beta, objective) if evidence and evidence.which_beta else "",
        _still_falling(runs, histories),
    ]
    return [sentence for sentence in sentences if sentence]


def other_objective(name: str) -> str:
    """Say what the strength is, where it is not the weight of the rate; else an empty string."""
    objective = objective_type(name)
    if objective.collapses_by_beta:
        return ""
    return (
        f"These models were trained with the objective {name}. Its strength, which --betas gives, "
        f"is {in_strengths(objective.beta_is)}."
    )


def _missing(num_failures: int, num_runs: int) -> str:
    if not num_failures:
        return ""
    return (
        f"{num_failures} of {num_failures + num_runs} runs are missing; the reason stands in the "
        "table of all runs."
    )


def no_beta_matters(prediction: CollapsePrediction, betas: Sequence[float]) -> str:
    """Say that none of the betas can matter on these images; an empty string where one can.

    Args:
        prediction: from the images.
        betas: that were trained.
    """
    first = _first_collapse(prediction)
    if len(_low(prediction, betas)) < len(betas):
        return ""
    suggested = " ".join(beta_text(beta) for beta in prediction.suggested_betas)
    these = "These betas" if len(betas) > 1 else "This beta"
    return (
        f"{these} cannot matter much on these images: in a simple linear model, the first latent "
        f"falls out of use at a beta of about {_rounded(first)}. Try --betas {suggested}."
    )


def _alike(prediction: CollapsePrediction, betas: Sequence[float]) -> str:
    """Which betas, but not all, lie so low that they cannot differ much."""
    low = _low(prediction, betas)
    if len(low) < 2 or len(low) == len(betas):
        return ""
    first = _rounded(_first_collapse(prediction))
    return (
        f"Beta {listed([beta_text(beta) for beta in low])} are low for these images, so expect "
        "little difference in what their latents do: in a simple linear model, the first latent "
        f"falls out of use at a beta of about {first}."
    )


def _low(prediction: CollapsePrediction, betas: Sequence[float]) -> list[float]:
    """The betas that come near no collapse beta, ascending."""
    return [beta for beta in sorted(betas) if beta * NEAR < _first_collapse(prediction)]


def _first_collapse(prediction: CollapsePrediction) -> float:
    """The lowest collapse beta; 0 where there is none."""
    return min((float(beta) for beta in prediction.collapse_betas if beta > 0), default=0.0)


def _rounded(beta: float) -> str:
    """A beta with two digits, written as people write it."""
    return f"{float(f'{beta:.2g}'):,g}"


def _collapsed(choice: BetaChoice, objective: type[Objective]) -> str:
    """Which betas left no latent in use."""
    betas = [beta_text(row.beta) for row in choice.rows if not row.active]
    if not betas:
        return ""
    return (
        f"At beta {listed(betas)} no latent is in use: the model draws the same picture whatever "
        "the image is."
    ) + (" That beta is too high." if objective.collapses_by_beta else "")


def _still_falling(runs: Sequence[Run], histories: Histories) -> str:
    """Which betas were trained for too few steps."""
    ends = [(run.config.beta, last_fall(histories.of(run, "validation"))) for run in runs]
    falls = [(beta, fall) for beta, fall in ends if fall]
    betas = sorted({beta for beta, fall in falls if fall.per_tenth > STILL_FALLING})
    if not betas:
        return ""
    largest = max((fall for _, fall in falls), key=lambda fall: fall.per_tenth)
    return (
        f"Training was not finished at beta {listed([beta_text(beta) for beta in betas])}: from "
        f"step {largest.first_step:,} to {largest.last_step:,} the loss still fell by up to "
        f"{largest.share:.0%}. More steps (--steps {3 * largest.last_step}) give sharper pictures, "
        "and may change what the latents do."
    )


class Fall(NamedTuple):
    """How the validation loss fell at the end of a training.

    Attributes:
        first_step: where the end begins.
        last_step: of the training.
        share: by which the loss fell, of the first of these losses.
    """

    first_step: int
    last_step: int
    share: float

    @property
    def per_tenth(self) -> float:
        """The share for each tenth of the training."""
        return self.share * self.last_step / (self.last_step - self.first_step) / 10


def last_fall(lines: Sequence[HistoryLine]) -> Fall | None:
    """Measure how the validation loss fell over the last third of a training, or a little more.

    Args:
        lines: of the validation in the history of a run; None where they are too few.
    """
    before = [line for line in lines if line["step"] <= LAST_PART * lines[-1]["step"]]
    if not before:
        return None
    first, last = before[-1]["loss"], lines[-1]["loss"]
    return Fall(
        first_step=before[-1]["step"],
        last_step=lines[-1]["step"],
        share=(first - last) / abs(first) if first else 0.0,
    )


def few_images(environment: Mapping[str, Any]) -> str:
    """Say that there are few images; an empty string where there are enough.

    Args:
        environment: what was known of the images.
    """
    splits = environment["data"]["splits"]
    if splits["train"] >= FEW_TRAINING and splits["test"] >= FEW_TEST:
        return ""
    return (
        f"There are few images: {splits['train']:,} to train on and {splits['test']:,} to test "
        "with. The models may have learned these images by heart, and only strong effects can be "
        "seen."
    )
