"""The main job: train every beta and seed, and tell on one page what came of it."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from unknot.common.errors import UserError
from unknot.common.files import remove_leftovers
from unknot.common.progress import Progress, Say
from unknot.common.ranks import check_is_alone
from unknot.config.execution import ExecutionConfig
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import CUSTOM
from unknot.data.image_set import ImageSet
from unknot.evidence.collapse import beta_warning
from unknot.evidence.evidence import Evidence
from unknot.experiments.asked_objectives import with_objectives
from unknot.experiments.dispatch import train_all
from unknot.experiments.display.bars import shown_progress
from unknot.experiments.display.run_progress import page_writing_shown
from unknot.experiments.display.time_left import seconds_after_runs
from unknot.experiments.engines import build_engine
from unknot.experiments.experiment import Experiment
from unknot.experiments.leave import check_leavable, leave_all
from unknot.experiments.looks import Looks
from unknot.experiments.notes import say_note, tell_if_continued
from unknot.experiments.setup import (
    check_trainable,
    create_experiment_folder,
    default_folder,
    experiment_config,
    pairing_note,
    resolve_config,
    with_suggested_betas,
    with_what_is_there,
)
from unknot.models.networks import NetworkBuilder
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.training.fit import check_stackable


def compare(
    images: ImageSet,
    betas: Sequence[float] | Literal["auto"] = "auto",
    seeds: Sequence[int] = (0,),
    *,
    objectives: Sequence[str] = (),
    strengths: Mapping[str, Sequence[float]] | None = None,
    grid: str = "",
    until_clear: bool = False,
    max_seeds: int = 8,
    budget: str = "",
    computed_labels: bool = True,
    out: str | Path | None = None,
    workers: int | None = None,
    stack_runs: int = 1,
    device: str = "auto",
    scores: Literal["none", "quick"] = "quick",
    pictures: Literal["none", "all"] = "all",
    stage: str = "",
    engine: str | Executor = "local",
    engine_options: Mapping[str, Any] | None = None,
    detach: bool = False,
    network: str | NetworkBuilder = "higgins_conv",
    progress: Progress | bool = True,
    tell: Say | None = None,
    **options: Any,
) -> Experiment:
    """Train a model for every beta and seed, and write the report.

    What is finished is left alone, what is begun is finished: the same call goes on where it was
    stopped. Seeds are added to those that the folder has; with more `steps` every run goes on, as a
    new schedule of the learning rate.

    Args:
        images: from `load_images`.
        betas: weights of the rate; `"auto"` takes those of the experiment in the folder, if there
            is one, or those that `predict_collapse` suggests (1, 4 and 16 where it cannot).
        seeds: a run of each beta is trained for each.
        objectives: to be compared with each other, names in `OBJECTIVES`; `betas` are then the
            strengths of `beta_vae`. One alone is the option `objective`, with `betas`.
        strengths: objective -> what `betas` is to `beta_vae`.
        grid: a name in `GRIDS`: published strengths, where none are given.
        until_clear: train more seeds until it is clear whether a higher beta separated the latents:
            3, 5, 8 or `max_seeds` of each beta.
        max_seeds: of each beta, with `until_clear`.
        budget: of time, such as `2h`, after which `until_clear` begins no more seeds.
        computed_labels: use figures computed from the pixels as labels too.
        out: the experiment's folder; `runs/NAME` by default.
        workers: processes at a time; by default as many as are done first, with the cores divided
            among them, and one on a GPU.
        stack_runs: runs that a process trains as one batched program; for a GPU, which one small
            model leaves idle.
        device: `auto`, `cpu`, `cuda`, ...
        scores: of each run's codes: `quick`, or `none`; the same call with `quick` makes them
            later.
        pictures: of each run: `all`, or `none`; likewise, but for those of its training.
        stage: folder of each machine's own disk that prepared images are copied to once.
        engine: a name in `ENGINES`, or any `concurrent.futures.Executor`.
        engine_options: of a named engine.
        detach: return once all runs are in the queue of the engine's cluster, where a last job
            writes the report.
        network: a name in `NETWORKS`, or your own function of `(image_shape, latent_dim)` that
            gives an encoder and a decoder; such runs are trained one by one in this process.
        progress: True shows bars in a terminal and a line in a notebook, False shows nothing; a
            function is called twice a second for every run as `progress(name, steps done, steps
            in all)`, and at the end for the evidence, with how many runs it has been collected
            from.
        tell: called with a line where none of the betas can matter, and at every look of
            `until_clear`; by default lines are shown where progress is.
        **options: `latent_dim`, `steps`, `batch_size`, `learning_rate`, `recipe`, `likelihood`,
            `sigma`, `standardize`, ...: fields of `ModelConfig` and `TrainingConfig`.

    Returns:
        The experiment; `failures()` names runs that did not finish.

    Raises:
        UserError: if something given does not fit.
        Interrupted: after Ctrl-C, once every run is saved.
    """
    network_name = network if isinstance(network, str) else CUSTOM
    is_auto = isinstance(betas, str)
    if is_auto and betas != "auto":
        raise UserError(f"betas is {betas!r}; give a list of numbers, such as [1, 4], or 'auto'")
    numbers = (1.0,) if isinstance(betas, str) else betas
    config = replace(
        with_objectives(
            experiment_config(images, numbers, seeds, network=network_name, **options),
            objectives,
            strengths or {},
            grid=grid,
            has_betas=not is_auto,
        ),
        until_clear=until_clear,
        max_seeds=max_seeds,
        budget=budget,
        computed_labels=computed_labels,
    )
    with shown_progress(progress) as shown:
        if is_auto and not grid:
            config, note = with_suggested_betas(config, images, out)
            say_note(note, tell or shown.say)
        return run_experiment(
            config,
            images,
            ExecutionConfig(
                out=None if out is None else str(out),
                device=device,
                workers=workers,
                stack_runs=stack_runs,
                scores=scores,
                pictures=pictures,
                stage=stage,
                engine=engine if isinstance(engine, str) else "local",
                engine_options=dict(engine_options or {}),
                detach=detach,
            ),
            executor=None if isinstance(engine, str) else engine,
            networks=None if isinstance(network, str) else network,
            progress=shown.progress,
            tell=tell or shown.say,
        )


def run_experiment(
    config: ExperimentConfig,
    images: ImageSet,
    execution: ExecutionConfig,
    *,
    executor: Executor | None = None,
    networks: NetworkBuilder | None = None,
    progress: Progress | None = None,
    tell: Say | None = None,
    begun: Callable[[Experiment], None] | None = None,
) -> Experiment:
    """Run a described experiment; see `compare`.

    Args:
        config: what the experiment is.
        images: on what.
        execution: where and how it runs.
        executor: the user's own, in place of the engine.
        networks: a user's own builder; such runs are trained one by one in this process.
        progress: as in `compare`.
        tell: as in `compare`.
        begun: called once, with the experiment in its folder, before the first step.

    Raises:
        UserError: if something given does not fit.
        Interrupted: after Ctrl-C, once every run is saved.
    """
    check_is_alone()
    config = resolve_config(config, images)
    check_trainable(config, images.image_shape, execution, networks)
    pairings = [pairing_note(row, images) for row in config.rows()]
    if execution.stack_runs > 1:
        for row in config.rows():
            check_stackable(row)
        if networks:
            raise UserError("a network of your own is trained run by run; leave out --stack-runs")
    if execution.stage and (networks or execution.engine == "inline"):
        raise UserError("runs of this process have their images open already; leave out stage")
    if config.until_clear and len(config.betas) < 2:
        raise UserError("until_clear asks whether a higher beta did it; give two betas or more")
    build_engine(execution.engine, execution.engine_options)  # refuses what does not fit
    if execution.detach:
        check_leavable(config, execution, needs_process=bool(executor or networks))
    folder = ExperimentFolder(execution.out or default_folder(config))
    is_in_looks = config.until_clear
    with folder.locked():
        config = with_what_is_there(config, folder)
        if not all(folder.run(run).is_done for run in config.runs()):
            for row in config.rows():
                say_note(beta_warning(row, images), tell)
            for pairing in pairings:
                say_note(pairing, tell)
        if folder.is_experiment and tell:
            tell_if_continued(folder.read_config().training, config.training, tell)
    looks = Looks(config, tell)
    following: ExperimentConfig | None = looks.first() if is_in_looks else config
    while following is not None:
        config = following
        with folder.locked():
            create_experiment_folder(with_what_is_there(config, folder), images, folder)
        if begun:
            begun(Experiment(folder.path, networks=networks))
            begun = None
        if execution.detach and leave_all(config, images, folder, execution, tell):
            return Experiment(folder.path)
        train_all(
            config,
            images,
            folder,
            execution,
            executor,
            networks,
            progress,
            seconds_after=seconds_after_runs(len(config.runs())),
            tell=tell,
        )
        experiment = Experiment(folder.path, networks=networks)
        with folder.locked():
            evidence = finish(experiment, images, progress)
        following = looks.after(config, evidence) if is_in_looks else None
    return experiment


def finish(
    experiment: Experiment, images: ImageSet | None, progress: Progress | None
) -> Evidence | None:
    """Collect the evidence where it is not there yet, write the page, and tidy up.

    Args:
        experiment: whose runs are over.
        images: it was trained on; None opens them again.
        progress: as in `compare`.
    """
    evidence = experiment.saved_evidence() if experiment.runs() else None
    try:
        if evidence is None and experiment.runs():
            evidence = experiment.evidence(images, progress=progress or False)
    finally:
        with page_writing_shown(progress):
            experiment.report()
    for place in (experiment.folder, *(run.folder for run in experiment.runs())):
        remove_leftovers(place)
    return evidence
