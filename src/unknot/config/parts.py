"""The parts of a description: images, model and training."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import pairwise
from typing import Any, Literal

from unknot.common.errors import UserError
from unknot.common.plugins import check_choice
from unknot.config.checks import at_least, check_choices, doable, positive
from unknot.data.preparation import MAX_PIXELS, Preparation, parse_split, plain_size
from unknot.models.likelihoods import LIKELIHOODS
from unknot.models.networks import NETWORKS
from unknot.models.objectives import OBJECTIVES

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
    beta_rise: str


OLD_MODES = {"auto": "auto", "eager": "off", "compiled": "off"}
"""What `mode` was called in 0.1.0 -> `data_parallel`; compiled graphs are gone."""

RECIPES = {
    "muon": Recipe(3000, 32, 4e-3, "muon_conv", 0.99, "short_rise", 300, "square"),
    "one_cycle": Recipe(3000, 64, 4e-3, "muon", 0.99, "one_cycle", 300, "linear"),
    "higgins": Recipe(10_000, 64, 1e-4, "adam", 0.999, "constant", 0, "linear"),
}
"""`one_cycle` was the default of 0.1.0. `higgins` has the optimizer of Higgins et al. 2017 (Adam,
1e-4); its number of steps is ours."""


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
    max_pixels: int = MAX_PIXELS
    """The most pixels that one picture may have; larger ones are left out."""

    def __post_init__(self) -> None:
        """Check every field."""
        object.__setattr__(self, "size", plain_size(self.size))
        Preparation(self.size, self.crop, self.color)
        parse_split(self.split)
        check_choices(self)
        at_least("max_pixels", self.max_pixels, 1)
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
        at_least("latent_dim", self.latent_dim, 1)
        check_choices(self)
        if self.network != CUSTOM:
            check_choice("network", self.network, NETWORKS)
        check_choice("likelihood", self.likelihood, LIKELIHOODS)
        positive("sigma", self.sigma)
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
    recipe: Literal["muon", "one_cycle", "higgins"] = "muon"
    """`muon`: fast and good; `one_cycle`: that of version 0.1.0; `higgins`: Adam at a constant
    1e-4, as in the paper."""
    steps: int | None = None
    """Optimizer updates; each sees one batch of images."""
    continued_from: tuple[int, ...] = ()
    """Numbers of steps after which the training had ended before it was continued; only in a TOML
    file or from Python. Each part has a learning-rate schedule of its own."""
    batch_size: int | None = None
    """Images per step."""
    learning_rate: float | None = None
    """Learning rate; its peak, where the schedule has one (lower in very short runs)."""
    optimizer: Literal["muon_conv", "muon", "adam"] | None = None
    """`muon_conv` updates the weights of convolutions and linear layers by Muon and leaves the rest
    to Adam; `muon` leaves convolutions to Adam as well, and `adam` everything. For these two the
    learning rate rises as with `one_cycle`, unless a schedule is given."""
    adam_beta2: float | None = None
    """Adam's decay of the running mean of squared gradients, from 0 to below 1."""
    schedule: Literal["short_rise", "one_cycle", "constant"] | None = None
    """Learning rate over the steps: it rises over a twentieth of them (`short_rise`) or a tenth
    (`one_cycle`), and then falls; or it is constant."""
    beta_warmup: int | None = None
    """Steps over which beta rises from 0."""
    beta_rise: Literal["square", "linear"] | None = None
    """Beta rises with the square of the step (`square`: it stays small for longer), or `linear`."""
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
        check_choices(self)
        check_choice("objective", self.objective, OBJECTIVES)
        recipe = self.optimization()
        at_least("steps", recipe.steps, 1)
        doable(recipe.steps)
        at_least("batch_size", recipe.batch_size, 1)
        positive("learning_rate", recipe.learning_rate)
        if not 0 <= recipe.adam_beta2 < 1:
            raise UserError(f"adam_beta2 is {recipe.adam_beta2}; it must be from 0 to below 1")
        for name in ("validate_every", "checkpoint_every", "log_every"):
            at_least(name, getattr(self, name), 1)
        at_least("beta_warmup", recipe.beta_warmup, 0)
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
        is_short = self.schedule is None and recipe.schedule == "short_rise"
        if is_short and recipe.optimizer != "muon_conv":  # Adam's first updates are large
            recipe = replace(recipe, schedule="one_cycle")
        if self.beta_warmup is None:
            recipe = replace(recipe, beta_warmup=min(recipe.beta_warmup, recipe.steps // 2))
        return recipe

    @staticmethod
    def upgrade(table: Mapping[str, Any]) -> dict[str, Any]:
        """Turn `mode` of 0.1.0 into `data_parallel`; add `beta_rise` to a recorded training."""
        upgraded = dict(table)
        if {item.name for item in fields(Recipe)} - table.keys() == {"beta_rise"}:
            upgraded["beta_rise"] = "linear"
        if "mode" in upgraded:
            mode = upgraded.pop("mode")
            check_choice("training.mode", mode, OLD_MODES)
            upgraded["data_parallel"] = OLD_MODES[mode]
        return upgraded

    def resolved(self) -> "TrainingConfig":
        """The same with nothing left to the recipe, as it is recorded with a run."""
        return replace(self, **asdict(self.optimization()))
