"""The beginning of an experiment: what it is, and what it will compare, before the first step."""

import platform
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from unknot import describe
from unknot.config import ExperimentConfig, first_difference, to_toml
from unknot.data.image_set import ImageSet
from unknot.errors import UserError
from unknot.evidence.plan import sign
from unknot.experiment import EXPERIMENT, SAMPLE, read_description
from unknot.figures import animations, sheets
from unknot.files import holds_other_things, read_json, write_json, write_text
from unknot.planning import ENVIRONMENT, PLAN, plan_of
from unknot.training.history import last_step
from unknot.worker import is_done


def describe_experiment(config: ExperimentConfig, images: ImageSet, folder: Path) -> None:
    """Write what the experiment is, or check that the folder holds the same.

    Betas and seeds may be added to an experiment; its other runs stay as they are, and so does its
    plan once one of them has begun.

    Raises:
        UserError: if the folder holds something else, or the images have changed.
    """
    if (folder / EXPERIMENT).exists():
        before = read_description(folder)
        difference = first_difference(
            replace(before, betas=config.betas, seeds=config.seeds), config
        )
        for name in ("betas", "seeds"):
            there, here = getattr(before, name), getattr(config, name)
            if not set(there) <= set(here):
                difference = f"{name} are {there} there and {here} here"
        if difference:
            raise UserError(
                f"{folder} holds another experiment: {difference}; choose another --out"
            )
        if read_json(folder / ENVIRONMENT)["data_fingerprint"] != images.fingerprint:
            raise UserError(
                f"the images have changed since {folder} was begun; choose another --out"
            )
    elif holds_other_things(folder, (ENVIRONMENT, SAMPLE, PLAN)):
        raise UserError(f"{folder} is there but holds no experiment; choose another --out")
    else:
        folder.mkdir(parents=True, exist_ok=True)
        sample = sheets.random_sample(images.images, rng=np.random.default_rng(0))
        animations.save_picture(sample, folder / SAMPLE)
    if not any(_is_begun(folder / run.name) for run in config.runs()):
        signed = sign(plan_of(config, images))
        write_json(folder / PLAN, signed)
        write_json(folder / ENVIRONMENT, environment(images) | {"plan_sha256": signed["sha256"]})
    write_text(folder / EXPERIMENT, to_toml(config))  # last: where it stands, the others do too


def _is_begun(run: Path) -> bool:
    return is_done(run) or last_step(run) > 0


def environment(images: ImageSet) -> dict[str, Any]:
    """What a result depends on besides its description: versions, processor, data."""
    versions = {"python": platform.python_version(), "unknot": _version("unknot")}
    for package in ("torch", "numpy", "pillow", "safetensors", "matplotlib"):
        versions[package] = _version(package)
    return {
        "versions": versions,
        "platform": platform.platform(),
        "processor": describe.processor(),
        "cores": describe.num_cores(),
        "data_fingerprint": images.fingerprint,
        "data": {key: value for key, value in images.info.items() if key != "names"}
        | {"splits": {s: len(images.indices(s)) for s in ("train", "validation", "test")}},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
