"""One model trained."""

import math
from dataclasses import dataclass, field

from unknot.common.errors import UserError
from unknot.config.parts import BETA_VAE, DataConfig, ModelConfig, TrainingConfig

MAX_SEED = 2**63


@dataclass(frozen=True)
class RunConfig:
    """One model trained: one beta, one seed."""

    beta: float = 1.0
    """Weight of the rate (the KL divergence) in the loss."""
    seed: int = 0
    """Seed of every random number of the run."""
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        """Check beta and seed."""
        check_beta(self.beta)
        check_seed(self.seed)

    @property
    def name(self) -> str:
        """The run's folder, `beta-2_seed-0`, or `factor_vae-35_seed-0` for another objective."""
        objective = self.training.objective
        knob = "beta" if objective == BETA_VAE else objective
        return f"{knob}-{beta_text(self.beta)}_seed-{self.seed}"

    @property
    def setting(self) -> str:
        """The objective and its strength, as people write them: `beta 2`, `factor_vae 35`."""
        return setting_text(self.training.objective, self.beta)


def setting_text(objective: str, strength: float) -> str:
    """An objective and its strength as people write them: `beta 2`, `factor_vae 35`."""
    return f"{'beta' if objective == BETA_VAE else objective} {beta_text(strength)}"


def beta_text(beta: float) -> str:
    """A beta as people write it: 0.1, 2, 10."""
    return repr(float(beta)).removesuffix(".0")


def check_beta(beta: float) -> None:
    """Refuse a beta that is negative or no finite number.

    Raises:
        UserError: says what it must be.
    """
    if not (math.isfinite(beta) and beta >= 0):
        raise UserError(f"beta is {beta}; it must be a finite number of at least 0")


def check_seed(seed: int) -> None:
    """Refuse a seed that torch would not take.

    Raises:
        UserError: says what it must be.
    """
    if not 0 <= seed < MAX_SEED:
        raise UserError(f"seed is {seed}; it must be a whole number from 0 to 2^63 - 1")
