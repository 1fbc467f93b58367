"""The beginning of an experiment: what it is, before the first step."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from unknot.common.errors import UserError
from unknot.common.files import make_folder, write_json
from unknot.common.machine import num_cores, processor
from unknot.common.toml import build
from unknot.config.execution import ExecutionConfig
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import BETA_VAE, CUSTOM, DataConfig, ModelConfig, TrainingConfig
from unknot.data.image_set import ImageSet
from unknot.data.pairs import find_partners
from unknot.data.sources import archive
from unknot.data.splits import SPLITS
from unknot.evidence.collapse import suggest_betas
from unknot.evidence.preregistration import plan_of, with_hash
from unknot.experiments.engines import HERE
from unknot.models.device import choose_device
from unknot.models.likelihoods import build_likelihood
from unknot.models.networks import NetworkBuilder, check_image_shape, find_network
from unknot.models.objectives import PairObjective, build_objective
from unknot.report.figures import animations, sheets
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.folder import RunFolder
from unknot.runs.history import last_step
from unknot.training.footprint import check_memory

T = TypeVar("T", int, float)
C = TypeVar("C", ModelConfig, TrainingConfig)


def experiment_config(
    images: ImageSet, betas: Sequence[float], seeds: Sequence[int], **options: Any
) -> ExperimentConfig:
    """Describe an experiment by plain values.

    Args:
        images: on what.
        betas: weights of the rate.
        seeds: a run of each beta for each.
        **options: fields of `ModelConfig` and `TrainingConfig` (`latent_dim`, `steps`, ...).

    Raises:
        UserError: if an option is unknown or has a value that does not fit.
    """
    if not isinstance(images, ImageSet):
        raise UserError(f"images is {type(images).__name__}; load them first: load_images(...)")
    model = {item.name for item in fields(ModelConfig)}
    training = {item.name for item in fields(TrainingConfig)}
    for name in options:
        if name not in model | training:
            close = get_close_matches(name, model | training, 1)
            hint = f"did you mean {close[0]!r}?" if close else "see ModelConfig, TrainingConfig"
            raise UserError(f"unknown option {name!r}; {hint}")
    preparation, load_options = images.info["preparation"], _load_options(images)
    return ExperimentConfig(
        betas=_numbers("betas", betas, float),
        seeds=_numbers("seeds", seeds, int),
        data=DataConfig(
            source=images.info["source"],
            size=preparation["size"],
            crop=preparation["crop"],
            color=preparation["color"],
            **load_options,
        ),
        model=_built(ModelConfig, {k: v for k, v in options.items() if k in model}),
        training=_built(TrainingConfig, {k: v for k, v in options.items() if k in training}),
    )


def _built(kind: type[C], options: Mapping[str, Any]) -> C:
    """Build a configuration from plain values, of which none may be of another type."""
    table: dict[str, Any] = {}
    for name, value in options.items():
        plain = value.item() if isinstance(value, np.generic) else value
        if plain is not None:
            table[name] = list(plain) if isinstance(plain, tuple) else plain
    built: C = build(kind, table, "options")
    return built


def _numbers(name: str, given: Any, kind: type[T]) -> tuple[T, ...]:
    """Take a sequence of numbers, or say that it is none."""
    try:
        return tuple(kind(number) for number in given)
    except (TypeError, ValueError):
        raise UserError(f"{name} is {given!r}; give a list of numbers, such as [1, 4]") from None


def _load_options(images: ImageSet) -> dict[str, Any]:
    """Give the options that the images were loaded with; entries of 0.1.0 have only their group."""
    options = images.info.get("options") or {"group": images.info["group"]}
    if "label_columns" in options:
        options = {**options, "label_columns": tuple(options["label_columns"])}
    return options


def resolve_config(config: ExperimentConfig, images: ImageSet) -> ExperimentConfig:
    """Give the same experiment with nothing left to the recipe, and its images' own source."""
    return replace(
        config,
        training=config.training.resolved(),
        data=replace(config.data, source=images.info["source"]),
    )


def with_suggested_betas(
    config: ExperimentConfig, images: ImageSet, out: str | Path | None
) -> tuple[ExperimentConfig, str]:
    """Take the betas of the experiment in the folder, if there is one, or those that can matter.

    Args:
        config: the experiment's description.
        images: it is trained on.
        out: its folder; `runs/NAME` by default.

    Returns:
        The description with betas, and what to say of them.
    """
    row = next((row for row in config.rows() if _has_betas(config, row)), None)
    if row is None:
        return config, ""
    folder = ExperimentFolder(out or default_folder(config))
    there = folder.read_config().rows() if folder.is_experiment else []
    for before in there:
        if before.training.objective == row.training.objective:
            return replace(config, betas=before.betas), ""
    betas, note = suggest_betas(row, images)
    return replace(config, betas=betas), note


def _has_betas(config: ExperimentConfig, row: ExperimentConfig) -> bool:
    """Whether the strengths of an experiment's row are its betas."""
    return not config.objectives or row.training.objective == BETA_VAE


def with_what_is_there(config: ExperimentConfig, folder: ExperimentFolder) -> ExperimentConfig:
    """Add the seeds and looks of the experiment in a folder, so that new seeds can be named alone.

    More steps than the experiment has continue it.

    Args:
        config: as it was asked for.
        folder: may be empty, or hold another experiment, which is found out later.
    """
    if not folder.is_experiment:
        return config
    there = folder.read_config()
    if there.until_clear and not (config.until_clear or config.objectives):
        config = replace(config, until_clear=True, max_seeds=there.max_seeds, budget=there.budget)
    before = replace(
        there.training,
        objective=config.training.objective,
        objective_options=config.training.objective_options,
    )
    asked = before if config.objectives else there.training
    config = replace(config, training=continued_training(config.training, asked))
    seeds = (*there.seeds, *(seed for seed in config.seeds if seed not in there.seeds))
    return replace(config, seeds=seeds, max_seeds=max(config.max_seeds, len(seeds)))


def continued_training(asked: TrainingConfig, there: TrainingConfig) -> TrainingConfig:
    """Give the training that was asked for as a continuation of the one there, if it is one.

    Args:
        asked: with nothing left to the recipe.
        there: of the run or experiment in the folder.

    Returns:
        What is there, with as many steps as were asked for, where these are more and all else is
        the same; else what was asked for.
    """
    before, steps = there.resolved(), asked.optimization().steps
    if asked.continued_from not in ((), before.continued_from) or steps < before.part_ends[-1]:
        return asked
    usual = TrainingConfig(recipe=asked.recipe, steps=steps).optimization().beta_warmup
    is_usual = asked.beta_warmup == usual  # it depends on the steps, and is behind the run
    same = replace(
        asked,
        steps=before.steps,
        continued_from=before.continued_from,
        beta_warmup=before.beta_warmup if is_usual else asked.beta_warmup,
    )
    if same != before:
        return asked
    is_longer = steps > before.part_ends[-1]
    ends = before.part_ends if is_longer else before.continued_from
    return replace(before, steps=steps, continued_from=ends)


def continuation_note(before: TrainingConfig, training: TrainingConfig) -> str:
    """Say in one line what becomes of a training that gets more steps; empty if it gets none."""
    if not training.continues(before):
        return ""
    there, steps = before.part_ends[-1], training.part_ends[-1]
    more = f"{there:,} steps were asked for before, and {steps - there:,} more follow them"
    if training.schedule == "constant":
        return f"{more}, at the same learning rate"
    return (
        f"{more}: the learning rate rises and falls once more, so the result is not the one that "
        f"{steps:,} steps from the start would give"
    )


def check_trainable(
    config: ExperimentConfig,
    image_shape: tuple[int, int, int],
    execution: ExecutionConfig,
    networks: NetworkBuilder | None,
) -> None:
    """Refuse what no run could be trained with, before anything is written.

    Args:
        config: the experiment's.
        image_shape: channels, height, width.
        execution: where and how the runs are trained.
        networks: a user's own builder.

    Raises:
        UserError: if network, objective, likelihood or device are not to be had, the network does
            not take such images, or the memory does not hold them.
    """
    for row in config.rows():
        training = row.training
        objective = build_objective(training.objective, training.objective_options)
        for beta in row.betas:
            objective.check(beta, training.optimization().batch_size)
    build_likelihood(config.model.likelihood, config.model.sigma)
    if networks is None:
        if config.model.network == CUSTOM:
            raise UserError("the network is one of your own: give compare(..., network=...)")
        find_network(config.model.network)
        check_image_shape(config.model.network, image_shape)
    if execution.engine in HERE:
        choose_device(execution.device)
        check_memory(config, image_shape, execution)


def pairing_note(config: ExperimentConfig, images: ImageSet) -> str:
    """Say which pairs the objective learns from; empty if it takes images one by one.

    Args:
        config: the experiment's.
        images: it is trained on.

    Raises:
        UserError: if it takes pairs and the images make none.
    """
    training = config.training
    objective = build_objective(training.objective, training.objective_options)
    if not isinstance(objective, PairObjective):
        return ""
    return find_partners(images, objective.differ).note


def default_folder(config: ExperimentConfig) -> Path:
    """Name `runs/NAME`: the name of the data's last folder in letters that any system takes."""
    path = Path(config.data.source)
    stem = path.stem if path.suffix.lower() in (".zip", *archive.SUFFIXES) else path.name
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in stem)
    return Path("runs") / (safe.strip("-.") or "images")


def default_run_folder(config: ExperimentConfig) -> Path:
    """Name `runs/NAME_beta-B_seed-S`, for an experiment of one run."""
    folder = default_folder(config)
    return folder.with_name(f"{folder.name}_{config.runs()[0].name}")


def create_experiment_folder(
    config: ExperimentConfig, images: ImageSet, folder: ExperimentFolder
) -> None:
    """Write what the experiment is, or check that the folder holds the same.

    Objectives, strengths and seeds may be added to an experiment; its other runs stay as they are,
    and so does its plan once one of them has begun. With more steps its evidence is void.

    Raises:
        UserError: if the folder holds something else, or the images have changed.
    """
    folder.check(config, images)
    if not folder.is_experiment:
        make_folder(folder.path)
        rng = np.random.default_rng(sheets.SAMPLE_SEED)
        sample = sheets.random_sample(images.images, rng=rng)
        animations.save_picture(sample, folder.sample)
    if not any(_has_begun(folder.run(run)) for run in config.runs()):
        plan = with_hash(plan_of(config, images))
        write_json(folder.plan, plan)
        folder.write_environment(environment(images) | {"plan_sha256": plan["sha256"]})
    if folder.is_experiment and _continues(config, folder.read_config()):
        folder.evidence.unlink(missing_ok=True)
    folder.write_config(config)


def _continues(config: ExperimentConfig, before: ExperimentConfig) -> bool:
    """Whether an experiment gets more steps than it was to have."""
    return config.rows()[0].training.continues(before.rows()[0].training)


def _has_begun(folder: RunFolder) -> bool:
    """Whether a run has taken a step, also where its history was lost."""
    return folder.is_done or folder.checkpoint.is_dir() or last_step(folder.history) > 0


def environment(images: ImageSet) -> dict[str, Any]:
    """List what a result depends on besides its description: versions, processor, data."""
    versions = {"python": platform.python_version(), "unknot": _version("unknot")}
    for package in ("torch", "numpy", "pillow", "safetensors", "matplotlib"):
        versions[package] = _version(package)
    return {
        "versions": versions,
        "platform": platform.platform(),
        "processor": processor(),
        "cores": num_cores(),
        "data_fingerprint": images.fingerprint,
        "data": {key: value for key, value in images.info.items() if key != "names"}
        | {"splits": {split: len(images.indices(split)) for split in SPLITS}},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
