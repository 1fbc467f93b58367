"""All runs of one comparison."""

import math
from dataclasses import dataclass, field, replace
from itertools import islice

from unknot.common.durations import parse_duration
from unknot.common.errors import UserError
from unknot.common.plugins import check_choice
from unknot.config.checks import at_least, doable_runs
from unknot.config.parts import BETA_VAE, DataConfig, ModelConfig, TrainingConfig
from unknot.config.run import RunConfig, check_beta, check_seed
from unknot.models.objectives import OBJECTIVES

LOOKS = (3, 5, 8)
"""Numbers of seeds at which `until_clear` looks."""


@dataclass(frozen=True)
class ExperimentConfig:
    """All runs of one comparison."""

    betas: tuple[float, ...] = (0.1, 1.0, 2.0, 10.0)
    """Weights of the rate (the KL divergence) in the loss, to be compared."""
    objectives: tuple[str, ...] = ()
    """Objectives to be compared with each other; `--betas` are the strengths of beta_vae."""
    strengths: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """Strengths of each other objective, as `factor_vae=10,35`: what `beta` is to beta_vae."""
    seeds: tuple[int, ...] = (0,)
    """A run of each beta is trained for each seed, whole numbers from 0."""
    until_clear: bool = False
    """Train more seeds until it is clear whether a higher beta made the latents special."""
    max_seeds: int = 8
    """With --until-clear, seeds of each beta at most; it asks after 3, 5, 8 and this many."""
    budget: str = ""
    """With --until-clear, the time after which no more seeds are begun, such as 2h or 90m."""
    computed_labels: bool = True
    """Use figures computed from the pixels (brightness, light, color) as labels too."""
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        """Check the grid."""
        doable_runs(self._most_runs())
        for name, values in (("betas", self.betas), ("seeds", self.seeds)):
            if not values:
                raise UserError(f"{name} is empty; give at least one")
            if len(set(values)) < len(values):
                raise UserError(f"{name} names a value twice: {' '.join(map(str, values))}")
        for beta in self.betas:
            check_beta(beta)
        for seed in self.seeds:
            check_seed(seed)
        self._check_objectives()
        at_least("max_seeds", self.max_seeds, 2)
        if self.budget:
            parse_duration("budget", self.budget)
        if self.until_clear and len(self.seeds) > self.max_seeds:
            raise UserError(f"max_seeds is {self.max_seeds}, but {len(self.seeds)} seeds are given")

    def _most_runs(self) -> int:
        """Count the runs that there may come to be, with seeds that `until_clear` adds."""
        num_seeds = max(len(self.seeds), self.max_seeds if self.until_clear else 0)
        return num_seeds * (len(self.betas) + sum(map(len, self.strengths.values())))

    def _check_objectives(self) -> None:
        """Check that every objective has strengths, and that nothing is said of others."""
        objectives, options = self.objectives, self.training.objective_options
        if not objectives:
            if self.strengths:
                raise UserError(
                    f"strengths are given for {', '.join(self.strengths)}, but no objectives; give "
                    f"--objectives {' '.join(self.strengths)}"
                )
            return
        for name in objectives:
            check_choice("objective", name, OBJECTIVES)
        if len(objectives) == 1:
            raise UserError(
                f"objectives is {objectives[0]} alone; give two or more, or one as --objective "
                f"{objectives[0]} with its strengths as --betas"
            )
        if len(set(objectives)) < len(objectives):
            raise UserError(f"objectives names one twice: {' '.join(objectives)}")
        if self.training.objective not in (BETA_VAE, *objectives):
            raise UserError(
                f"objective is {self.training.objective}, which is not among the objectives "
                f"{' '.join(objectives)}; leave it out"
            )
        for name, values in self.strengths.items():
            self._check_strengths(name, values)
        for name in objectives:
            if name != BETA_VAE and name not in self.strengths:
                raise UserError(
                    f"no strengths are given for the objective {name}; give them, such as "
                    f"--strengths {name}=2,6"
                )
        for name, values in options.items():
            if name not in objectives or not isinstance(values, dict):
                raise UserError(
                    f"objective_options has {name!r}; with several objectives it holds a table for "
                    f"each of them: {', '.join(objectives)}"
                )
        if self.until_clear:
            raise UserError(
                "until_clear asks about the betas of one objective; leave it out, or objectives"
            )

    def _check_strengths(self, name: str, values: tuple[float, ...]) -> None:
        """Check the strengths of one objective."""
        if name == BETA_VAE:
            raise UserError("the strengths of beta_vae are its betas; give --betas")
        if name not in self.objectives:
            raise UserError(
                f"strengths are given for {name}, which is not among the objectives "
                f"{' '.join(self.objectives)}"
            )
        if not values or len(set(values)) < len(values):
            raise UserError(f"the strengths of {name} are {values}; give some, each of them once")
        for value in values:
            if not (math.isfinite(value) and value >= 0):
                raise UserError(
                    f"a strength of {name} is {value}; it must be a finite number of at least 0"
                )

    @property
    def num_runs(self) -> int:
        """Number of runs."""
        return len(self.seeds) * sum(len(row.betas) for row in self.rows())

    @property
    def looks(self) -> tuple[int, ...]:
        """Numbers of seeds at which it is asked whether the answer is clear; none without it."""
        if not self.until_clear:
            return ()
        return (*(look for look in LOOKS if look < self.max_seeds), self.max_seeds)

    @property
    def planned_seeds(self) -> tuple[int, ...]:
        """All seeds that may come to be trained, in their order."""
        return self.seeds_up_to(self.looks[-1]) if self.looks else self.seeds

    def seeds_up_to(self, num: int) -> tuple[int, ...]:
        """Give the seeds, with the smallest others behind them until there are so many."""
        others = (seed for seed in range(num + len(self.seeds)) if seed not in self.seeds)
        return (*self.seeds, *islice(others, max(0, num - len(self.seeds))))

    def rows(self) -> "list[ExperimentConfig]":
        """The experiment of each objective alone, whose betas are that objective's strengths."""
        if not self.objectives:
            return [self]
        return [
            replace(
                self,
                betas=self.betas if name == BETA_VAE else self.strengths[name],
                objectives=(),
                strengths={},
                training=replace(
                    self.training,
                    objective=name,
                    objective_options=self.training.objective_options.get(name, {}),
                ),
            )
            for name in self.objectives
        ]

    def runs(self) -> list[RunConfig]:
        """A configuration for each run: of the first seed every objective and strength, and so on.

        Returns:
            In the order in which they are trained.
        """
        return [
            RunConfig(beta, seed, row.data, row.model, row.training)
            for seed in self.seeds
            for row in self.rows()
            for beta in row.betas
        ]
