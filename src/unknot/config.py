"""The description of an experiment: frozen dataclasses, to and from TOML."""

import difflib
import math
import tomllib
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import tomli_w
import tyro

from unknot.data.preparation import Preparation
from unknot.errors import UserError

MAX_SEED = 2**63


@dataclass(frozen=True)
class Recipe:
    """Defaults of the optimisation that belong together."""

    steps: int
    batch_size: int
    learning_rate: float
    optimizer: str
    adam_beta2: float
    schedule: str
    beta_warmup: int


RECIPES = {
    "one_cycle": Recipe(3000, 64, 4e-3, "muon", 0.99, "one_cycle", 300),
    "higgins": Recipe(10_000, 64, 1e-4, "adam", 0.999, "constant", 0),
}
"""`higgins` has the optimiser of Higgins et al. 2017 (Adam, 1e-4); its number of steps is ours."""


@dataclass(frozen=True)
class DataConfig:
    """Which images, and how they are prepared."""

    source: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="DATA")]] = "faces"
    """`faces` or `sprites` (built in), a folder, zip, npz or h5 of images, or CelebA's folder."""
    size: int = 64
    """Height and width in pixels: 32, 64 or 128."""
    crop: str = "auto"
    """`auto` (148 of 178x218, otherwise the largest square), `none` (squeeze), or pixels."""
    color: Literal["auto", "rgb", "grey"] = "auto"
    """`auto` is grey if the images all are."""
    group: Literal["none", "folder"] = "none"
    """`folder`: the first level of sub-folders names groups and labels."""

    def __post_init__(self) -> None:
        """Check every field."""
        Preparation(self.size, self.crop, self.color)
        _check_choices(self)
        if not self.source.strip():
            raise UserError("the data source is empty; give a folder of images, or `faces`")


@dataclass(frozen=True)
class ModelConfig:
    """The model."""

    latent_dim: int = 6
    """Number of latents."""
    network: str = "higgins_conv"
    """Encoder and decoder: `higgins_conv` or `linear`."""
    likelihood: Literal["gaussian", "gaussian_learned", "bernoulli"] = "gaussian"
    """How pixels scatter round the reconstruction."""
    sigma: float = 1.0
    """Standard deviation of `gaussian`, in standardised units."""
    standardize: Literal["per_pixel", "per_channel", "unit"] = "per_pixel"
    """Scaling of the pixels; `unit` is [0, 1], the only one that `bernoulli` accepts."""

    def __post_init__(self) -> None:
        """Check every field."""
        _at_least("latent_dim", self.latent_dim, 1)
        _check_choices(self)
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
    """What is minimised."""
    recipe: Literal["one_cycle", "higgins"] = "one_cycle"
    """`one_cycle`: fast and good; `higgins`: Adam at a constant 1e-4, as in the paper."""
    steps: int | None = None
    """Optimiser updates."""
    batch_size: int | None = None
    """Images per step."""
    learning_rate: float | None = None
    """The peak, where the schedule has one (lower in runs of under 400 steps)."""
    optimizer: Literal["muon", "adam"] | None = None
    """`muon` has Adam for all but the weights of linear layers."""
    adam_beta2: float | None = None
    """Adam's decay of the squared gradients' mean."""
    schedule: Literal["one_cycle", "constant"] | None = None
    """Of the learning rate."""
    beta_warmup: int | None = None
    """Steps over which beta rises linearly from 0; the recipe's are at most half of all."""
    validate_every: int = 250
    """Steps between measurements on validation images."""
    checkpoint_every: int = 250
    """Steps between checkpoints."""
    log_every: int = 10
    """Steps that a line of the history averages over."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the large layers while training; `auto` is bfloat16 where the processor has it."""
    mode: Literal["auto", "eager", "compiled"] = "auto"
    """`auto` is data-parallel by processes where a run has a few cores; `eager` is one process;
    `compiled` needs a C++ compiler, and half a minute the first time."""

    def __post_init__(self) -> None:
        """Check every field."""
        _check_choices(self)
        recipe = self.optimisation()
        _at_least("steps", recipe.steps, 1)
        _at_least("batch_size", recipe.batch_size, 1)
        _positive("learning_rate", recipe.learning_rate)
        if not 0 <= recipe.adam_beta2 < 1:
            raise UserError(f"adam_beta2 is {recipe.adam_beta2}; it must be from 0 to below 1")
        for name in ("validate_every", "checkpoint_every", "log_every"):
            _at_least(name, getattr(self, name), 1)
        _at_least("beta_warmup", recipe.beta_warmup, 0)

    def optimisation(self) -> Recipe:
        """The recipe, with what was given in its place."""
        given = {item.name: getattr(self, item.name) for item in fields(Recipe)}
        given = {name: value for name, value in given.items() if value is not None}
        recipe = replace(RECIPES[self.recipe], **given)
        if self.beta_warmup is None:
            recipe = replace(recipe, beta_warmup=min(recipe.beta_warmup, recipe.steps // 2))
        return recipe

    def resolved(self) -> "TrainingConfig":
        """The same with nothing left to the recipe, as it is recorded with a run."""
        return replace(self, **asdict(self.optimisation()))


@dataclass(frozen=True)
class RunConfig:
    """One model trained: one beta, one seed."""

    beta: float = 1.0
    """Weight of the rate."""
    seed: int = 0
    """From which every random number of the run is derived."""
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        """Check beta and seed."""
        _check_beta(self.beta)
        _check_seed(self.seed)

    @property
    def name(self) -> str:
        """The run's folder, `beta-2_seed-0`."""
        return f"beta-{beta_text(self.beta)}_seed-{self.seed}"


@dataclass(frozen=True)
class ExperimentConfig:
    """All runs of one comparison."""

    betas: tuple[float, ...] = (0.1, 1.0, 2.0, 10.0)
    """Weights of the rate to compare."""
    seeds: tuple[int, ...] = (0,)
    """A run of each beta is trained for each seed."""
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

    def runs(self) -> list[RunConfig]:
        """A configuration for each beta and seed: every beta of the first seed first."""
        return [
            RunConfig(beta, seed, self.data, self.model, self.training)
            for seed in self.seeds
            for beta in self.betas
        ]


def beta_text(beta: float) -> str:
    """A beta as people write it: 0.1, 2, 10."""
    return repr(float(beta)).removesuffix(".0")


def to_toml(config: Any) -> str:
    """A configuration as TOML; `from_toml` reads it back."""
    return tomli_w.dumps(_without_none(asdict(config)))


@dataclass(frozen=True)
class Place:
    """Where and how an experiment runs: what a TOML file may say besides its description."""

    out: str | None = None
    device: str = "auto"
    workers: int | None = None
    together: int = 1
    engine: str = "local"


def from_toml_with_place(kind: type, path: Path) -> tuple[Any, Place]:
    """As `from_toml`, for a file that may also say where to run."""
    table = _read_table(path)
    place = {item.name: table.pop(item.name) for item in fields(Place) if item.name in table}
    return _build(kind, table, str(path)), _build(Place, place, str(path))


def from_toml(kind: type, path: Path) -> Any:
    """Read a configuration.

    Args:
        kind: `ExperimentConfig` or `RunConfig`.
        path: a TOML file; keys that are left out have their defaults.

    Raises:
        UserError: if it cannot be read, has an unknown key, or a value that does not fit.
    """
    return _build(kind, _read_table(path), str(path))


def _read_table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8", "surrogateescape"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid TOML: {error}") from None


def _build(kind: type, table: dict[str, Any], where: str) -> Any:
    hints = get_type_hints(kind)
    values = {}
    for key, value in table.items():
        if key not in hints:
            close = difflib.get_close_matches(key, hints, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(hints)}"
            raise UserError(f"{where}: unknown key {key!r}; {hint}")
        values[key] = _fit(hints[key], value, f"{where}: {key}")
    return kind(**values)


def _fit(hint: Any, value: Any, where: str) -> Any:
    """One TOML value as the type of its field."""
    if is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, dict):
            raise UserError(f"{where} must be a table")
        return _build(hint, value, where)
    text = str(hint)
    if text.startswith("tuple"):
        if not isinstance(value, list):
            raise UserError(f"{where} is {value!r}; give a list")
        return tuple(_fit(hint.__args__[0], item, where) for item in value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if "float" in text and is_number:
        return float(value)
    if "int" in text and isinstance(value, int) and is_number:
        return value
    if hint is str and is_number:
        return str(value)  # crop = 148
    if ("str" in text or "Literal" in text) and isinstance(value, str):
        return value
    wanted = "a number" if "float" in text else "a whole number" if "int" in text else "text"
    raise UserError(f"{where} is {value!r}; it must be {wanted}")


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in table.items()
        if value is not None
    }


def first_difference(old: Any, new: Any) -> str | None:
    """The first field in which two configurations differ, in words; None if they agree.

    The data's source is left out: the fingerprint of the images is what must agree.
    """
    for item in fields(old):
        before, after = getattr(old, item.name), getattr(new, item.name)
        if item.name == "source":
            continue  # one folder has many names; the images' fingerprint tells
        if is_dataclass(before):
            inner = first_difference(before, after)
            if inner:
                return inner
        elif before != after:
            return f"{item.name} is {before!r} there and {after!r} here"
    return None


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
        choices = [one for part in parts if get_origin(part) is Literal for one in get_args(part)]
        left_out = value is None and type(None) in parts
        if choices and not left_out and value not in choices:
            raise UserError(f"{name} is {value!r}; it can be {', '.join(choices)}")
