"""What can be typed: options made from the fields of `unknot.config`, with their docs as help.

An option stands once, as a field of a configuration with its docstring and default; here it is
only given its place in the help: what most people set first, what few people set last.
"""

import ast
import inspect
from collections.abc import Iterable, Sequence
from dataclasses import Field, dataclass, field, fields, make_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import tyro

from unknot.cli.engine_options import engine_options
from unknot.config.execution import ExecutionConfig, from_toml_with_execution
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import RECIPES, DataConfig, ModelConfig, Recipe, TrainingConfig
from unknot.config.run import RunConfig
from unknot.experiments.asked_objectives import (
    strengths_from_text,
    strengths_to_text,
    with_objectives,
)
from unknot.experiments.engines import ENGINES
from unknot.models.likelihoods import LIKELIHOODS
from unknot.models.networks import NETWORKS
from unknot.models.objectives import OBJECTIVES
from unknot.models.objectives.published_strengths import GRIDS

PLUGINS: dict[str, Iterable[str]] = {
    "network": NETWORKS,
    "likelihood": LIKELIHOODS,
    "objective": OBJECTIVES,
    "engine": ENGINES,
}
"""Options whose values are names of plug-ins, which the configuration checks."""
DEFAULTS_IN_WORDS = {
    "stage": "none: they are read from the cache",
    "workers": "what is done first, one on a GPU",
    "labels": "the table beside the images, if there is one",
    "label_columns": "all that can be labels",
    "images_key": "images or imgs",
    "factors_key": "factors or labels",
    "beta_warmup": "300, or half of a shorter run; 0 with recipe higgins",
}
METAVARS = {"size": "PIXELS"}
"""Options whose type says little of what to type."""
ONLY_IN_TOML = ("objective_options", "continued_from", "engine_options")

Flag = tyro.conf.FlagCreatePairsOff[bool]


@dataclass(frozen=True)
class OutputOptions:
    """What is printed."""

    json: Flag = False
    """Print one JSON document and nothing else."""
    quiet: Flag = False
    """Show no progress."""

    @property
    def hides_progress(self) -> bool:
        """Whether progress stays hidden."""
        return self.json or self.quiet


@cache
def field_docs(config: type) -> dict[str, str]:
    """Read the docstring under each field of a configuration."""
    (definition,) = ast.parse(inspect.getsource(config)).body
    assert isinstance(definition, ast.ClassDef)
    docs: dict[str, str] = {}
    name = ""
    for node in definition.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and name:
            docs.setdefault(name, " ".join(str(node.value.value).split()))
    return docs


def option(config: type, name: str, **overrides: Any) -> tuple[str, Any, Any]:
    """Make an option of a configuration's field, for `make_dataclass`.

    Args:
        config: the dataclass that holds it.
        name: of the field.
        **overrides: `metavar`, `kind` (its type), `is_positional`, `default_in_words`, `more_help`,
            `default`.
    """
    item: Field[Any] = next(item for item in fields(config) if item.name == name)
    kind = overrides.get("kind", get_type_hints(config)[name])
    choices = "{" + ",".join(PLUGINS[name]) + "}" if name in PLUGINS else None
    in_words = overrides.get("default_in_words")
    is_left_open = item.default in (None, "", ())
    has_hint = is_left_open or in_words
    hint = f"(default: {in_words or _default_in_words(name)})" if has_hint else None
    settings = tyro.conf.arg(
        help=field_docs(config)[name] + overrides.get("more_help", ""),
        metavar=overrides.get("metavar") or METAVARS.get(name) or choices or _metavar(kind),
        help_behavior_hint=hint,
    )
    marks = [settings, tyro.conf.Positional] if overrides.get("is_positional") else [settings]
    annotated: Any = Annotated[(kind, *marks)]
    return name, annotated, field(default=overrides.get("default", item.default))


def group(title: str, doc: str, config: type, names: Iterable[str]) -> type:
    """Make a group of options, shown together in the help.

    Args:
        title: of the class.
        doc: shown above the group.
        config: the dataclass whose fields they are.
        names: of the fields.
    """
    made = make_dataclass(title, [option(config, name) for name in names], frozen=True)
    made.__doc__ = doc
    return made


def pick(config: type, *groups: Any) -> dict[str, Any]:
    """Gather a configuration's fields from groups of options."""
    names = {item.name for item in fields(config)}
    return {
        item.name: getattr(options, item.name)
        for options in groups
        for item in fields(options)
        if item.name in names
    }


def _metavar(kind: Any) -> str | None:
    """Say what an option takes, where tyro would also name None."""
    parts = get_args(kind)
    if type(None) not in parts:
        return None
    choices = [choice for part in parts for choice in get_args(part)]
    if choices:
        return "{" + ",".join(map(str, choices)) + "}"
    return str(next(part.__name__ for part in parts if part is not type(None))).upper()


def _default_in_words(name: str) -> str:
    """Say what is taken where nothing is given."""
    if name in DEFAULTS_IN_WORDS:
        return DEFAULTS_IN_WORDS[name]
    values = {recipe: getattr(RECIPES[recipe], name) for recipe in RECIPES}
    first, *others = values.items()
    differing = [f"{value} with recipe {recipe}" for recipe, value in others if value != first[1]]
    return "; ".join([str(first[1]), *differing])


def _rest(config: type, *taken: str) -> list[str]:
    names = [item.name for item in fields(config)]
    return [name for name in names if name not in (*taken, *ONLY_IN_TOML)]


Betas = tuple[float, ...] | Literal["auto"]
DATA = option(DataConfig, "source", metavar="DATA", is_positional=True)

ImageOptions = group(
    "ImageOptions",
    "How the images are prepared.",
    DataConfig,
    _rest(DataConfig, "source"),
)
ModelOptions = group("ModelOptions", "The model.", ModelConfig, _rest(ModelConfig, "latent_dim"))
TrainingOptions = group(
    "TrainingOptions",
    "How each run is trained; few people change these.",
    TrainingConfig,
    _rest(TrainingConfig, "steps"),
)
ObjectivesOptions = make_dataclass(
    "ObjectivesOptions",
    [
        option(
            ExperimentConfig,
            "objectives",
            metavar="OBJECTIVE [OBJECTIVE ...]",
            default_in_words="the one of --objective",
            more_help=f" They are {', '.join(OBJECTIVES)}.",
        ),
        option(
            ExperimentConfig,
            "strengths",
            kind=tuple[str, ...],
            metavar="OBJECTIVE=NUMBER[,NUMBER...]",
            default=(),
            default_in_words="those of --grid",
        ),
        (
            "grid",
            Annotated[
                str,
                tyro.conf.arg(
                    help="Published strengths for every objective for which none are given.",
                    metavar="{" + ",".join(GRIDS) + "}",
                    help_behavior_hint="(default: none)",
                ),
            ],
            field(default=""),
        ),
    ],
    frozen=True,
)
ObjectivesOptions.__doc__ = "Several objectives beside each other, each at strengths of its own."
QuestionOptions = make_dataclass(
    "QuestionOptions",
    [
        option(ExperimentConfig, "max_seeds"),
        option(ExperimentConfig, "budget", metavar="TIME", default_in_words="none"),
        option(
            ExperimentConfig,
            "computed_labels",
            kind=Flag,
            default_in_words="they are used",
            more_help=" This leaves them out.",
        ),
    ],
    frozen=True,
)
QuestionOptions.__doc__ = "How it is asked what latents do, and whether a higher beta did it."
ConfigFile = Annotated[
    Path | None,
    tyro.conf.arg(
        help="A TOML file with any of these options but `--betas auto`; what is typed wins.",
        metavar="FILE",
        help_behavior_hint="(optional)",
    ),
]
"""The option `--config`."""


OPEN = (
    "open",
    Annotated[
        Flag,
        tyro.conf.arg(help="Open the live page in a browser, and serve it until Ctrl-C."),
    ],
    field(default=False),
)


EngineWords = Annotated[
    tuple[str, ...],
    tyro.conf.arg(
        help="Options of the engine, such as time=2:00:00 gpus=1 for slurm; its page of the docs "
        "lists them.",
        metavar="NAME=VALUE [NAME=VALUE ...]",
        help_behavior_hint="(optional)",
    ),
]
"""The option `--engine-option`."""


def _execution(title: str, names: Sequence[str], folder: str) -> type:
    """Make the group of options that say where and how it runs.

    Args:
        title: of the class.
        names: of the options.
        folder: that is written to where none is given, in words.
    """
    in_words = {"out": folder}
    kinds = {"detach": {"kind": Flag}}
    items = [
        option(ExecutionConfig, name, default_in_words=in_words.get(name), **kinds.get(name, {}))
        for name in names
    ]
    if "engine" in names:
        items.append(("engine_option", EngineWords, field(default=())))
    made = make_dataclass(title, [*items, ("config", ConfigFile, field(default=None))], frozen=True)
    made.__doc__ = "Where and how it runs."
    return made


ExecutionOptions = _execution("ExecutionOptions", _rest(ExecutionConfig), "runs/NAME")
TrainExecutionOptions = _execution(
    "TrainExecutionOptions", ("out", "device", "scores", "pictures"), "runs/NAME_beta-B_seed-S"
)


def _command(title: str, doc: str, main: Iterable[Any], execution: type, **first: type) -> type:
    """Make the options of a command that trains: the main ones, then group after group."""
    groups = {
        **first,
        "images": ImageOptions,
        "model": ModelOptions,
        "training": TrainingOptions,
        "execution": execution,
        "output": OutputOptions,
    }
    made = make_dataclass(
        title,
        [
            DATA,
            *main,
            option(ModelConfig, "latent_dim"),
            option(TrainingConfig, "steps"),
            *((name, kind, field(default_factory=kind)) for name, kind in groups.items()),
        ],
        frozen=True,
    )
    made.__doc__ = doc
    return made


CompareOptions = _command(
    "CompareOptions",
    """Train every beta and seed, and write the report: the main job.

    Example: unknot compare path/to/images --betas 1 10 100 --seeds 0 1 2 --steps 1000
    """,
    [
        option(
            ExperimentConfig,
            "betas",
            kind=Betas,
            metavar="BETA [BETA ...]|auto",
            more_help=" `auto` takes those of the experiment in the folder, or else those that "
            "`unknot suggest-betas` prints.",
            default="auto",
        ),
        option(ExperimentConfig, "seeds", metavar="SEED [SEED ...]"),
        option(ExperimentConfig, "until_clear", kind=Flag),
        OPEN,
    ],
    ExecutionOptions,
    objectives=ObjectivesOptions,
    questions=QuestionOptions,
)
TrainOptions = _command(
    "TrainOptions",
    """Train one run.

    Example: unknot train path/to/images --beta 4 --steps 1000
    """,
    [option(RunConfig, "beta"), option(RunConfig, "seed")],
    TrainExecutionOptions,
)


def data_config(options: Any) -> DataConfig:
    """Gather which images, and how they are prepared."""
    return DataConfig(**pick(DataConfig, options, options.images))


def execution_config(options: Any) -> ExecutionConfig:
    """Gather where and how it runs, with what its TOML file alone can say."""
    typed, toml = pick(ExecutionConfig, options.execution), _toml(options)
    described = toml[1] if toml else ExecutionConfig()
    engine = typed.get("engine", described.engine)
    from_file = described.engine_options if engine == described.engine else {}
    assignments = getattr(options.execution, "engine_option", ())
    return ExecutionConfig(**typed, engine_options=from_file | engine_options(engine, assignments))


def config_from_options(options: Any) -> ExperimentConfig:
    """Gather what an experiment is, with what its TOML file alone can say.

    Args:
        options: of `compare` or `train`.
    """
    typed, toml = pick(TrainingConfig, options, options.training), _toml(options)
    described = toml[0].training if toml else TrainingConfig()
    is_compare = isinstance(options, CompareOptions)
    has_betas = not is_compare or options.betas != "auto"
    if not has_betas:
        options = replace(options, betas=(1.0,))  # replaced when the images are known
    config = ExperimentConfig(
        **(_grid(options) if is_compare else {"betas": (options.beta,), "seeds": (options.seed,)}),
        data=data_config(options),
        model=ModelConfig(**pick(ModelConfig, options, options.model)),
        training=TrainingConfig(
            **typed,
            objective_options=_objective_options(options, toml[0], is_compare) if toml else {},
            continued_from=described.continued_from,
        ),
    )
    if not is_compare:
        return config
    asked = options.objectives
    return with_objectives(
        config,
        asked.objectives,
        strengths_from_text(asked.strengths),
        grid=asked.grid,
        has_betas=has_betas,
    )


def _objective_options(options: Any, described: Any, is_compare: bool) -> dict[str, Any]:
    """Give the options of the objectives that stand in a TOML file and are trained here."""
    written: dict[str, Any] = described.training.objective_options
    names = options.objectives.objectives if is_compare else ()
    if is_compare and described.objectives:
        return {name: values for name, values in written.items() if name in names}
    objective = described.training.objective
    if names:
        return {objective: written} if written and objective in names else {}
    return written if options.training.objective == objective else {}


def _grid(options: Any) -> dict[str, Any]:
    """Gather what `compare` compares, and how it asks."""
    return {
        "betas": options.betas,
        "seeds": options.seeds,
        "until_clear": options.until_clear,
        **pick(ExperimentConfig, options.questions),
    }


def _toml(options: Any) -> tuple[Any, ExecutionConfig] | None:
    """Read the TOML file that `--config` names, if it was given."""
    path = options.execution.config
    kind = ExperimentConfig if isinstance(options, CompareOptions) else RunConfig
    return from_toml_with_execution(kind, path) if path else None


def defaults_from_toml(command: type, path: Path, *, has_typed_recipe: bool) -> Any:
    """Make a command's options from the file that `--config` names.

    Args:
        command: `CompareOptions` or `TrainOptions`.
        path: of the file.
        has_typed_recipe: whether `--recipe` was typed, in place of all that the recipe decides.

    Raises:
        UserError: if the file cannot be read, or does not fit.
    """
    kind = ExperimentConfig if command is CompareOptions else RunConfig
    config, execution = from_toml_with_execution(kind, path)
    if has_typed_recipe:
        blank = dict.fromkeys(item.name for item in fields(Recipe))
        config = replace(config, training=replace(config.training, **blank))
    parts = (config, config.data, config.model, config.training)
    main = {k: v for part in parts for k, v in _shared(command, part).items()}
    execution_kind = ExecutionOptions if command is CompareOptions else TrainExecutionOptions
    if command is CompareOptions:
        main["questions"] = QuestionOptions(**_shared(QuestionOptions, config))
        main["objectives"] = ObjectivesOptions(
            objectives=config.objectives, strengths=strengths_to_text(config.strengths)
        )
    return command(
        **main,
        images=ImageOptions(**_shared(ImageOptions, config.data)),
        model=ModelOptions(**_shared(ModelOptions, config.model)),
        training=TrainingOptions(**_shared(TrainingOptions, config.training)),
        execution=execution_kind(**_shared(execution_kind, execution), config=path),
    )


def _shared(options: type, config: Any) -> dict[str, Any]:
    """Give the plain fields of a configuration that a group of options has too."""
    names = {item.name for item in fields(options)} - {"data", "model", "training"}
    return {item.name: getattr(config, item.name) for item in fields(config) if item.name in names}
