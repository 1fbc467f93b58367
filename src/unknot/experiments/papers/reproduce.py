"""A paper's runs, from the first step to the tables."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from unknot import __version__
from unknot.common.errors import UserError
from unknot.common.machine import num_cores, processor
from unknot.common.plugins import load_plugin
from unknot.common.progress import Progress
from unknot.config.execution import ExecutionConfig
from unknot.config.experiment import ExperimentConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.experiments.dispatch import train_all
from unknot.experiments.experiment import Experiment
from unknot.experiments.papers import PAPERS, Measure
from unknot.experiments.papers.paper import RESULTS
from unknot.experiments.papers.results import Machine, Results, Table
from unknot.experiments.setup import (
    check_trainable,
    create_experiment_folder,
    resolve_config,
    with_what_is_there,
)
from unknot.runs.experiment_folder import ExperimentFolder


def unfinished_runs(
    configs: Mapping[str, ExperimentConfig], images: ImageSet, out: Path
) -> list[RunConfig]:
    """List the runs of a paper that `train_paper` would train.

    Args:
        configs: of `Paper.experiments`.
        images: on what.
        out: as in `train_paper`.
    """
    return [
        run
        for name, config in configs.items()
        for run in resolve_config(config, images).runs()
        if not ExperimentFolder(out / name).run(run).is_done
    ]


def train_paper(
    configs: Mapping[str, ExperimentConfig],
    images: ImageSet,
    out: Path,
    execution: ExecutionConfig,
    *,
    progress: Progress | None = None,
) -> dict[str, Experiment]:
    """Train the runs of a paper that are not finished; the others are left alone.

    Args:
        configs: of `Paper.experiments`.
        images: on what.
        out: folder for a folder of each objective.
        execution: how the runs are executed.
        progress: as in `compare`.

    Returns:
        The experiment of each objective.

    Raises:
        UserError: if something does not fit, a folder holds other runs, or a run fails.
        Interrupted: after Ctrl-C, once every run is saved.
    """
    resolved = {name: resolve_config(config, images) for name, config in configs.items()}
    for name, config in resolved.items():
        check_trainable(config, images.image_shape, execution, None)
        _check_steps(ExperimentFolder(out / name), config)
    return {
        name: _train(config, images, ExperimentFolder(out / name), execution, progress)
        for name, config in resolved.items()
    }


def measure_paper(
    name: str, experiments: Mapping[str, Experiment], images: ImageSet, out: Path, command: str
) -> Results:
    """Make the tables of a paper from its finished runs, and write `results.json`.

    Args:
        name: in `PAPERS`.
        experiments: from `train_paper`.
        images: they were trained on.
        out: folder for `results.json`.
        command: that reproduces the results.

    Raises:
        UserError: if there is no such paper, or the runs cannot be measured.
    """
    measure: Measure = load_plugin("paper", name, PAPERS)
    began = time.perf_counter()
    tables = measure(experiments, images)
    results = _results(experiments, tables, command, time.perf_counter() - began)
    results.save(out / RESULTS)
    return results


def _train(
    config: ExperimentConfig,
    images: ImageSet,
    folder: ExperimentFolder,
    execution: ExecutionConfig,
    progress: Progress | None,
) -> Experiment:
    config = with_what_is_there(config, folder)
    create_experiment_folder(config, images, folder)
    train_all(config, images, folder, execution, None, None, progress)
    experiment = Experiment(folder.path)
    for run, reason in experiment.failures().items():
        raise UserError(f"{folder.path / run} failed: {reason.splitlines()[-1]}; run it again")
    return experiment


def _check_steps(folder: ExperimentFolder, config: ExperimentConfig) -> None:
    """Refuse to continue runs of fewer steps: what came of them would be another training."""
    if not folder.is_experiment:
        return
    there, steps = folder.read_config().training.steps, config.training.steps
    if there != steps:
        raise UserError(
            f"{folder.path} holds runs of {there} steps, and {steps} were asked for; "
            "give another --out"
        )


def _results(
    experiments: Mapping[str, Experiment],
    tables: Sequence[Table],
    command: str,
    measuring_seconds: float,
) -> Results:
    configs = [experiment.config for experiment in experiments.values()]
    runs = [run for experiment in experiments.values() for run in experiment.runs()]
    return Results(
        command=command,
        num_runs=len(runs),
        num_seeds=len(configs[0].seeds),
        steps=configs[0].training.optimization().steps,
        training_seconds=round(sum(run.history("train")[-1]["seconds"] for run in runs), 1),
        measuring_seconds=round(measuring_seconds, 1),
        machine=Machine(
            processor=processor(),
            cores=num_cores(),
            unknot=__version__,
            torch=str(torch.__version__),
            date=time.strftime("%Y-%m-%d"),
        ),
        tables=tuple(tables),
    )
