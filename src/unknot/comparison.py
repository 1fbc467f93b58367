"""The main job: train every beta and seed, and tell on one page what came of it."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from unknot import describe, engines
from unknot.begin import describe_experiment
from unknot.config import (
    ExperimentConfig,
    RunConfig,
)
from unknot.data import archives
from unknot.data.image_set import ImageSet
from unknot.errors import Interrupted, UserError
from unknot.experiment import (
    Experiment,
    experiment_config,
)
from unknot.findings import Progress
from unknot.model.networks import NetworkBuilder
from unknot.objectives import OBJECTIVES
from unknot.planning import proposed_betas
from unknot.training.build import choose_device, find_network
from unknot.training.history import last_step
from unknot.training.loop import refuse_together
from unknot.training.run import Run
from unknot.worker import EXIT_INTERRUPTED, LOG, describe_run, execute_run, is_done

POLL_SECONDS = 0.5


@dataclass(frozen=True)
class RunStatus:
    """How far a run is."""

    name: str
    step: int
    steps: int


def compare(
    images: ImageSet,
    betas: Sequence[float] | Literal["auto"] = (0.1, 1, 2, 10),
    seeds: Sequence[int] = (0,),
    *,
    out: str | Path | None = None,
    workers: int | None = None,
    together: int = 1,
    device: str = "auto",
    engine: str | Executor = "local",
    network: str | NetworkBuilder = "higgins_conv",
    on_progress: Callable[[list[RunStatus]], None] | None = None,
    **options: Any,
) -> Experiment:
    """Train a model for every beta and seed, and write the report.

    What is finished is left alone, what is begun is finished: the same call goes on where it was
    stopped.

    Args:
        images: from `load_images`.
        betas: weights of the rate; `"auto"` takes those that `guide` proposes.
        seeds: a run of each beta is trained for each.
        out: the experiment's folder; `runs/NAME` by default.
        workers: processes at a time; by default one per core, and one on a GPU. A core's share of
            threads each.
        together: runs that a process trains as one batched program; for a GPU, which one small
            model leaves idle.
        device: `auto`, `cpu`, `cuda`, ...
        engine: a name in `ENGINES`, or any executor.
        network: a name in `NETWORKS`, or your own function of `(image_shape, latent_dim)` that
            gives an encoder and a decoder; such runs are trained one by one in this process.
        on_progress: called twice a second with where every run stands, and at the end with how
            many of them have been weighed as evidence.
        **options: `latent_dim`, `steps`, `batch_size`, `learning_rate`, `recipe`, `likelihood`,
            `sigma`, `standardize`, ...: fields of `ModelConfig` and `TrainingConfig`.

    Returns:
        The experiment; `failures()` names runs that did not finish.

    Raises:
        UserError: if something given does not fit.
        Interrupted: after Ctrl-C, once every run is saved.
    """
    named = network if isinstance(network, str) else "custom"
    if betas == "auto":
        config = experiment_config(images, (1.0,), seeds, network=named, **options)
        config = replace(config, betas=proposed_betas(config, images))
    elif isinstance(betas, str):
        raise UserError(f"betas is {betas!r}; give numbers, or auto")
    else:
        config = experiment_config(images, betas, seeds, network=named, **options)
    return run_experiment(
        config,
        images,
        default_folder(config) if out is None else Path(out),
        workers=workers,
        together=together,
        device=device,
        engine=engine,
        networks=None if isinstance(network, str) else network,
        on_progress=on_progress,
    )


def default_folder(config: ExperimentConfig) -> Path:
    """`runs/NAME`, with the name of the data's last folder in letters that any system takes."""
    path = Path(config.data.source)
    stem = path.stem if path.suffix.lower() in (".zip", *archives.SUFFIXES) else path.name
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in stem)
    return Path("runs") / (safe.strip("-.") or "images")


def default_run_folder(config: ExperimentConfig) -> Path:
    """`runs/NAME_beta-B_seed-S`, for an experiment of one run."""
    place = default_folder(config)
    return place.with_name(f"{place.name}_{config.runs()[0].name}")


def run_experiment(
    config: ExperimentConfig,
    images: ImageSet,
    folder: Path,
    *,
    workers: int | None = None,
    together: int = 1,
    device: str = "auto",
    engine: str | Executor = "local",
    networks: NetworkBuilder | None = None,
    on_progress: Callable[[list[RunStatus]], None] | None = None,
) -> Experiment:
    """As `compare`, from a description."""
    config = replace(
        config,
        training=config.training.resolved(),
        data=replace(config.data, source=images.info["source"]),
    )
    check_names(config, device, networks)
    if workers is not None and workers < 1:
        raise UserError(f"workers is {workers}; it must be at least 1")
    if together < 1:
        raise UserError(f"together is {together}; it must be at least 1")
    if together > 1:
        refuse_together(config)
        if networks:
            raise UserError("a network of your own is trained run by run; leave out together")
    if isinstance(engine, str) and engine not in engines.ENGINES:
        raise UserError(f"engine is {engine!r}; it can be {', '.join(engines.ENGINES)}")
    describe_experiment(config, images, folder)
    for run in config.runs():
        describe_run(run, images, folder / run.name)
    pending = [run for run in config.runs() if not is_done(folder / run.name)]
    if networks:
        for run in pending:
            _run_here(folder / run.name, images, networks, device)
    elif pending:
        _run_pending(config, pending, folder, workers, together, device, engine, on_progress)
    experiment = Experiment(folder, networks=networks)
    try:
        if experiment.runs() and experiment.noted_evidence() is None:
            experiment.evidence(images, progress=_as_progress(on_progress))
    finally:
        experiment.report()
    return experiment


def _as_progress(on_progress: Callable[[list[RunStatus]], None] | None) -> Progress | None:
    """The gathering of the evidence, shown like a run."""
    if on_progress is None:
        return None
    return lambda what, done, total: on_progress([RunStatus("evidence", done, total)])


def _run_here(folder: Path, images: ImageSet, networks: NetworkBuilder, device: str) -> None:
    """Execute a run in this process; its failure goes into its log, like a worker's."""
    try:
        execute_run(folder, images=images, networks=networks, device=device)
    except UserError as error:
        with (folder / LOG).open("a", encoding="utf-8") as log:
            log.write(f"error: {error}\n")


def check_names(
    config: ExperimentConfig,
    device: str,
    networks: NetworkBuilder | None,
) -> None:
    """Refuse what no run could be trained with, before anything is written.

    Raises:
        UserError: if the network, the objective or the device is not to be had.
    """
    if config.training.objective not in OBJECTIVES:
        named = config.training.objective
        raise UserError(f"objective is {named!r}; it can be {', '.join(OBJECTIVES)}")
    if networks is None:
        find_network(config.model.network)
    choose_device(device)


def _run_pending(
    config: ExperimentConfig,
    pending: list[RunConfig],
    folder: Path,
    workers: int | None,
    together: int,
    device: str,
    engine: str | Executor,
    on_progress: Callable[[list[RunStatus]], None] | None,
) -> None:
    """Hand every unfinished run to an executor and follow them to their end."""
    cores = describe.num_cores()
    groups = [
        [folder / run.name for run in pending[i : i + together]]
        for i in range(0, len(pending), together)
    ]
    on_cpu = choose_device(device).type == "cpu"
    workers = min(workers or (cores if on_cpu else 1), len(groups))
    threads = max(1, cores // workers)
    executor = engines.ENGINES[engine](workers) if isinstance(engine, str) else engine
    jobs: list[Future[int]] = []
    try:
        for folders in groups:
            jobs.append(executor.submit(engines.launch_runs, folders, threads, device))
        while not all(job.done() for job in jobs):
            if on_progress:
                on_progress(_statuses(config, folder))
            time.sleep(POLL_SECONDS)
        codes = [job.result() for job in jobs]
    except KeyboardInterrupt:
        for job in jobs:
            job.cancel()
        engines.stop_children()
        if isinstance(engine, str):
            executor.shutdown(wait=True)
        raise Interrupted(f"stopped; every run is saved in {folder}") from None
    finally:
        if isinstance(engine, str):
            executor.shutdown(wait=True)
    if on_progress:
        on_progress(_statuses(config, folder))
    if EXIT_INTERRUPTED in codes:
        raise Interrupted(f"stopped; every run is saved in {folder}")


def _statuses(config: ExperimentConfig, folder: Path) -> list[RunStatus]:
    steps = config.training.optimisation().steps
    statuses = []
    for run in config.runs():
        done = steps if is_done(folder / run.name) else min(last_step(folder / run.name), steps)
        statuses.append(RunStatus(run.name, done, steps))
    return statuses


def train(
    images: ImageSet,
    beta: float = 1.0,
    seed: int = 0,
    *,
    out: str | Path | None = None,
    device: str = "auto",
    network: str | NetworkBuilder = "higgins_conv",
    on_step: Callable[[int, int], None] | None = None,
    **options: Any,
) -> Run:
    """Train one run in this process, or finish it; nothing if it is done.

    Args:
        images: from `load_images`.
        beta: weight of the rate.
        seed: from which every random number is derived.
        out: the run's folder; `runs/NAME_beta-B_seed-S` by default.
        device: `auto`, `cpu`, `cuda`, ...
        network: as in `compare`.
        on_step: called with steps done and steps in all.
        **options: as in `compare`.

    Raises:
        UserError: if something given does not fit, or training diverges.
        Interrupted: after Ctrl-C, once it is saved.
    """
    named = network if isinstance(network, str) else "custom"
    config = experiment_config(images, [beta], [seed], network=named, **options)
    return train_run(
        config,
        images,
        None if out is None else Path(out),
        device=device,
        networks=None if isinstance(network, str) else network,
        on_step=on_step,
    )


def train_run(
    config: ExperimentConfig,
    images: ImageSet,
    folder: Path | None,
    *,
    device: str = "auto",
    networks: NetworkBuilder | None = None,
    on_step: Callable[[int, int], None] | None = None,
) -> Run:
    """As `train`, from the description of an experiment of one run."""
    check_names(config, device, networks)
    config = replace(
        config,
        training=config.training.resolved(),
        data=replace(config.data, source=images.info["source"]),
    )
    (run,) = config.runs()
    folder = folder or default_run_folder(config)
    describe_run(run, images, folder)
    return execute_run(folder, images=images, networks=networks, device=device, on_step=on_step)
