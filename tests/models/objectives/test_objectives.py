"""Objectives by name, with their options."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
import torch

from unknot.common.errors import UserError
from unknot.models.objectives import OBJECTIVES, Loss, StepContext, build_objective
from unknot.models.objectives.beta_vae import BetaVAE
from unknot.models.vae import Terms


@dataclass(frozen=True)
class WithOptions:
    """An objective with an option of each type."""

    needs_whole_batch: ClassVar[bool] = False
    quantities: ClassVar[tuple[str, ...]] = ()
    collapses_by_beta: ClassVar[bool] = False
    gamma: float = 6.0
    num_samples: int = 2
    weighting: str = "stratified"
    anneal: bool = False

    def loss(self, terms: Terms, at: StepContext) -> Loss:
        """See `Objective.loss`."""
        return Loss(terms.distortion.mean())


@pytest.fixture
def with_options(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(OBJECTIVES, "toy", f"{__name__}:WithOptions")
    return "toy"


def test_an_objective_is_built_with_its_options(with_options: str) -> None:
    assert build_objective("beta_vae", {}) == BetaVAE()
    assert build_objective(with_options, {}) == WithOptions()
    given = {"gamma": 3, "num_samples": 5, "weighting": "none", "anneal": True}
    assert build_objective(with_options, given) == WithOptions(
        gamma=3.0, num_samples=5, weighting="none", anneal=True
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"gama": 3.0},
            "objective toy has no option 'gama'; did you mean 'gamma'? it has gamma, num_samples",
        ),
        (
            {"zzz": 3.0},
            "objective toy has no option 'zzz'; it has gamma, num_samples, weighting, anneal",
        ),
        ({"needs_whole_batch": True}, "has no option 'needs_whole_batch'"),
        ({"gamma": "3"}, "option gamma of objective toy is '3'; it must be like 6.0"),
        ({"gamma": True}, "option gamma of objective toy is True; it must be like 6.0"),
        ({"num_samples": 2.5}, "option num_samples of objective toy is 2.5; it must be like 2"),
        ({"anneal": 1}, "option anneal of objective toy is 1; it must be like False"),
    ],
)
def test_an_option_that_does_not_fit_is_one_line(
    options: dict[str, Any], message: str, with_options: str
) -> None:
    with pytest.raises(UserError) as caught:
        build_objective(with_options, options)
    assert message in str(caught.value)
    assert str(caught.value).startswith(("objective toy", "option "))
    assert "\n" not in str(caught.value)


def test_one_without_options_says_so() -> None:
    with pytest.raises(UserError, match=r"objective beta_vae has no option 'gamma'; it has none"):
        build_objective("beta_vae", {"gamma": 1.0})


def test_an_unknown_objective_is_named() -> None:
    with pytest.raises(UserError, match=r"objective is 'beta-vae'; did you mean 'beta_vae'\?"):
        build_objective("beta-vae", {})


def test_random_choices_depend_on_seed_consumer_and_step_alone() -> None:
    def draw(seed: int, consumer: str, step: int) -> torch.Tensor:
        at = StepContext(step=step, num_steps=9, beta=1.0, num_train=5, seed=seed)
        return torch.randn(4, generator=at.generator(consumer))

    first = draw(0, "permutation", 3)
    assert torch.equal(first, draw(0, "permutation", 3))
    for other in (draw(1, "permutation", 3), draw(0, "noise", 3), draw(0, "permutation", 4)):
        assert not torch.equal(first, other)
