"""What an experiment is: frozen dataclasses, as they stand in TOML files."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from unknot.common.durations import parse_duration
from unknot.common.errors import UserError
from unknot.common.plugins import check_choice
from unknot.common.toml import build, read_table
from unknot.data.preparation import Preparation, parse_split, plain_size
from unknot.models.likelihoods import LIKELIHOODS
from unknot.models.networks import NETWORKS
from unknot.models.objectives import OBJECTIVES

MAX_SEED = 2**63
LOOKS = (3, 5, 8)
"""Numbers of seeds at which `until_clear` looks."""
BETA_VAE = "beta_vae"
CUSTOM = "custom"  # the network of a run that was given a builder of a user's own


@dataclass(frozen=True)
class Recipe:
    """Defaults of the optimization that belong together."""

    steps: int
    batch_size: int
    learning_rate: float
    optimizer: str
    adam_beta2: float
    schedule: str
    beta_warmup: int


OLD_MODES = {"auto": "auto", "eager": "off", "compiled": "off"}
"""What `mode` was called in 0.1.0 -> `data_parallel`; compiled graphs are gone."""

RECIPES = {
    "one_cycle": Recipe(3000, 64, 4e-3, "muon", 0.99, "one_cycle", 300),
    "higgins": Recipe(10_000, 64, 1e-4, "adam", 0.999, "constant", 0),
}
"""`higgins` has the optimizer of Higgins et al. 2017 (Adam, 1e-4); its number of steps is ours."""


@dataclass(frozen=True)
class DataConfig:
    """Which images, and how they are prepared."""

    source: str = "faces"
    """`faces` or `sprites` (built in), a folder, zip, npz or h5 of images, or CelebA's folder."""
    size: int | str = 64
    """Height and width in pixels, from 28 to 256 each: 64, or 96x128."""
    crop: str = "auto"
    """`auto` (148 of 178x218, otherwise the largest part of the size's shape), `none` (all,
    squeezed), or the side of a square in pixels."""
    color: Literal["auto", "rgb", "grey", "rgba"] = "auto"
    """`auto` is `grey` if all images are, else `rgb`, and leaves arrays of 2 or 4 channels as they
    are; `rgba` adds the opacity."""
    frames: Literal["first", "all"] = "first"
    """Which pages or frames to take from a file that holds several."""
    labels: str = ""
    """A table of labels: csv, tsv, jsonl or parquet with a row for each image."""
    label_columns: tuple[str, ...] = ()
    """Columns of the table to take as labels."""
    group: Literal["none", "folder", "classes", "people"] = "none"
    """What sub-folders hold: `classes` (labels), `people` (each in one split alone), or `folder`
    (one of these, by their number)."""
    split: str = "auto"
    """Which images are for training, validation and test: `auto` keeps what the images come with;
    `hash`, or shares like 80/10/10, divide them anew."""
    images_key: str = ""
    """The array of an npz, h5, mat or zarr that holds the images."""
    factors_key: str = ""
    """The array that holds their factors."""

    def __post_init__(self) -> None:
        """Check every field."""
        object.__setattr__(self, "size", plain_size(self.size))
        Preparation(self.size, self.crop, self.color)
        parse_split(self.split)
        _check_choices(self)
        if not self.source.strip():
            raise UserError("the data source is empty; give a folder of images, or `faces`")

    def load_options(self) -> dict[str, Any]:
        """Give what `load_images` takes beside the source."""
        options = {item.name: getattr(self, item.name) for item in fields(self)}
        del options["source"]
        return options | {"labels": self.labels or None}


@dataclass(frozen=True)
class ModelConfig:
    """The model."""

    latent_dim: int = 6
    """Number of latents."""
    network: str = "higgins_conv"
    """Encoder and decoder."""
    likelihood: str = "gaussian"
    """Distribution of the pixels around the reconstruction."""
    sigma: float = 1.0
    """Standard deviation of `gaussian` pixels, in standardized units."""
    standardize: Literal["per_pixel", "per_channel", "unit"] = "per_pixel"
    """Scaling of the pixels; `unit` is [0, 1], the only one that `bernoulli` accepts."""

    def __post_init__(self) -> None:
        """Check every field."""
        _at_least("latent_dim", self.latent_dim, 1)
        _check_choices(self)
        if self.network != CUSTOM:
            check_choice("network", self.network, NETWORKS)
        check_choice("likelihood", self.likelihood, LIKELIHOODS)
        _positive("sigma", self.sigma)
        if self.likelihood == "bernoulli" and self.standardize != "unit":
            raise UserError(
                f"likelihood is bernoulli and standardize is {self.standardize}; Bernoulli pixels "
                "must lie in [0, 1]: set standardize to unit"
            )


@dataclass(frozen=True)
class TrainingConfig:
    """How a run is trained. What is not given is the recipe's."""

    objective: str = "beta_vae"
    """What is minimized."""
    objective_options: dict[str, Any] = field(default_factory=dict)
    """Options of the objective; only in a TOML file or from Python."""
    recipe: Literal["one_cycle", "higgins"] = "one_cycle"
    """`one_cycle`: fast and good; `higgins`: Adam at a constant 1e-4, as in the paper."""
    steps: int | None = None
    """Optimizer updates; each sees one batch of images."""
    continued_from: tuple[int, ...] = ()
    """Numbers of steps after which the training had ended before it was continued; only in a TOML
    file or from Python. Each part has a learning-rate schedule of its own."""
    batch_size: int | None = None
    """Images per step."""
    learning_rate: float | None = None
    """Learning rate; its peak, where the schedule has one (lower in runs of under 400 steps)."""
    optimizer: Literal["muon", "adam"] | None = None
    """`muon` updates the weights of linear layers and leaves the rest to Adam."""
    adam_beta2: float | None = None
    """Adam's decay of the running mean of squared gradients, from 0 to below 1."""
    schedule: Literal["one_cycle", "constant"] | None = None
    """Learning rate over the steps."""
    beta_warmup: int | None = None
    """Steps over which beta rises linearly from 0."""
    validate_every: int = 250
    """Steps between evaluations on validation images."""
    checkpoint_every: int = 250
    """Steps between checkpoints."""
    log_every: int = 10
    """Steps that are averaged in each line of the training history."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Numbers in which the large layers train; `auto` is bfloat16 where the processor has it."""
    data_parallel: Literal["auto", "off"] = "auto"
    """`auto` divides each batch among processes where one run has several cores."""

    def __post_init__(self) -> None:
        """Check every field."""
        _check_choices(self)
        check_choice("objective", self.objective, OBJECTIVES)
        recipe = self.optimization()
        _at_least("steps", recipe.steps, 1)
        _at_least("batch_size", recipe.batch_size, 1)
        _positive("learning_rate", recipe.learning_rate)
        if not 0 <= recipe.adam_beta2 < 1:
            raise UserError(f"adam_beta2 is {recipe.adam_beta2}; it must be from 0 to below 1")
        for name in ("validate_every", "checkpoint_every", "log_every"):
            _at_least(name, getattr(self, name), 1)
        _at_least("beta_warmup", recipe.beta_warmup, 0)
        ends = (0, *self.part_ends)
        if any(end <= start for start, end in pairwise(ends)):
            raise UserError(
                f"continued_from is {self.continued_from} and steps is {recipe.steps}; the numbers "
                "must rise, and stay below steps"
            )

    @property
    def part_ends(self) -> tuple[int, ...]:
        """The number of steps after which each part ends; there is one unless it was continued."""
        return (*self.continued_from, self.optimization().steps)

    def continues(self, before: "TrainingConfig") -> bool:
        """Whether this is the training `before` with more steps behind it."""
        same = replace(self, steps=before.steps, continued_from=before.continued_from)
        num = len(before.part_ends)
        return same == before and self != before and self.part_ends[:num] == before.part_ends

    def optimization(self) -> Recipe:
        """The recipe, with what was given in its place."""
        given = {item.name: getattr(self, item.name) for item in fields(Recipe)}
        given = {name: value for name, value in given.items() if value is not None}
        recipe = replace(RECIPES[self.recipe], **given)
        if self.beta_warmup is None:
            recipe = replace(recipe, beta_warmup=min(recipe.beta_warmup, recipe.steps // 2))
        return recipe

    @staticmethod
    def upgrade(table: Mapping[str, Any]) -> dict[str, Any]:
        """Turn `mode` of 0.1.0 into `data_parallel`."""
        upgraded = dict(table)
        if "mode" in upgraded:
            mode = upgraded.pop("mode")
            check_choice("training.mode", mode, OLD_MODES)
            upgraded["data_parallel"] = OLD_MODES[mode]
        return upgraded

    def resolved(self) -> "TrainingConfig":
        """The same with nothing left to the recipe, as it is recorded with a run."""
        return replace(self, **asdict(self.optimization()))


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
        _check_beta(self.beta)
        _check_seed(self.seed)

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
        for name, values in (("betas", self.betas), ("seeds", self.seeds)):
            if not values:
                raise UserError(f"{name} is empty; give at least one")
            if len(set(values)) < len(values):
                raise UserError(f"{name} names a value twice: {' '.join(map(str, values))}")
        for beta in self.betas:
            _check_beta(beta)
        for seed in self.seeds:
            _check_seed(seed)
        self._check_objectives()
        _at_least("max_seeds", self.max_seeds, 2)
        if self.budget:
            parse_duration("budget", self.budget)
        if self.until_clear and len(self.seeds) > self.max_seeds:
            raise UserError(f"max_seeds is {self.max_seeds}, but {len(self.seeds)} seeds are given")

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


def setting_text(objective: str, strength: float) -> str:
    """An objective and its strength as people write them: `beta 2`, `factor_vae 35`."""
    return f"{'beta' if objective == BETA_VAE else objective} {beta_text(strength)}"


def beta_text(beta: float) -> str:
    """A beta as people write it: 0.1, 2, 10."""
    return repr(float(beta)).removesuffix(".0")


@dataclass(frozen=True)
class ExecutionConfig:
    """Where and how an experiment runs; nothing of it changes what an experiment is."""

    out: str | None = None
    """Folder for the results."""
    device: str = "auto"
    """Where to compute: cpu, cuda, mps, or auto (a GPU where there is one)."""
    workers: int | None = None
    """Runs at a time, a process each."""
    stack_runs: int = 1
    """Runs that each process trains at once, as one batched program; of use on a GPU only."""
    engine: str = "local"
    """Where the runs are executed."""
    engine_options: dict[str, Any] = field(default_factory=dict)
    """Options of the engine: the table `[engine]` of a TOML file, whose `name` is the engine."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.workers is not None:
            _at_least("workers", self.workers, 1)
        _at_least("stack_runs", self.stack_runs, 1)

    @staticmethod
    def upgrade(table: Mapping[str, Any]) -> dict[str, Any]:
        """Turn `together` of 0.1.0 into `stack_runs`, and a table `[engine]` into two fields."""
        upgraded = dict(table)
        if "together" in upgraded:
            upgraded["stack_runs"] = upgraded.pop("together")
        if isinstance(upgraded.get("engine"), dict):
            options = dict(upgraded.pop("engine"))
            upgraded["engine"] = options.pop("name", "local")
            upgraded["engine_options"] = options
        return upgraded


EXECUTION_KEYS = ("out", "device", "workers", "stack_runs", "together", "engine")


def from_toml_with_execution(kind: type, path: Path) -> tuple[Any, ExecutionConfig]:
    """Read a configuration from a file that may also say where to run.

    Args:
        kind: `ExperimentConfig` or `RunConfig`.
        path: a TOML file.

    Raises:
        UserError: if it cannot be read, has an unknown key, or a value that does not fit.
    """
    table = read_table(path)
    execution = {key: table.pop(key) for key in EXECUTION_KEYS if key in table}
    config = build(kind, table, str(path))
    return config, build(ExecutionConfig, execution, str(path))


def _check_beta(beta: float) -> None:
    if not (math.isfinite(beta) and beta >= 0):
        raise UserError(f"beta is {beta}; it must be a finite number of at least 0")


def _check_seed(seed: int) -> None:
    if not 0 <= seed < MAX_SEED:
        raise UserError(f"seed is {seed}; it must be a whole number from 0 to 2^63 - 1")


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise UserError(f"{name} is {value}; it must be at least {least}")


def _positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise UserError(f"{name} is {value}; it must be a finite number above 0")


def _check_choices(config: Any) -> None:
    """Refuse what the `Literal` of its field does not list."""
    for name, hint in get_type_hints(type(config)).items():
        value, parts = getattr(config, name), (hint, *get_args(hint))
        choices = [c for part in parts if get_origin(part) is Literal for c in get_args(part)]
        is_left_out = value is None and type(None) in parts
        if choices and not is_left_out:
            check_choice(name, value, choices)
