"""The training loop.

One pass: gather a batch from the memory map, standardize, forward, objective, backward, update.
What is random at a step is a function of (seed, step), so a checkpoint is weights, optimizer and
state.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from unknot.common.errors import Interrupted, UserError
from unknot.common.files import written_beside
from unknot.common.plugins import load_plugin
from unknot.common.progress import Progress
from unknot.config.experiment import ExperimentConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.models.device import cache_on_device, choose_device, is_available
from unknot.models.likelihoods import LIKELIHOODS
from unknot.models.networks import NetworkBuilder
from unknot.models.objectives import OBJECTIVES
from unknot.models.vae import VAE
from unknot.runs.folder import RunFolder
from unknot.runs.weights import save_weights
from unknot.training.checkpoint import device_before
from unknot.training.gradients.stacked import Stack
from unknot.training.logbook import NUM_VALIDATION
from unknot.training.precision import Precision
from unknot.training.signals import graceful_shutdown
from unknot.training.trainer import Trainer


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A run at the end of its training.

    Attributes:
        model: in evaluation mode.
        name: of the run by its description.
        seed: of the run.
        steps: that it has taken.
        num_validation: images that the last line of the history was evaluated on.
        strategy: how the gradients were computed.
        precision: of the large layers while training.
    """

    model: VAE
    name: str
    seed: int
    steps: int
    num_validation: int
    strategy: str
    precision: Precision


def fit(
    config: RunConfig,
    images: ImageSet,
    folder: RunFolder,
    *,
    device: str = "auto",
    networks: NetworkBuilder | None = None,
    progress: Progress | None = None,
    with_frames: bool = True,
) -> TrainedModel:
    """Train a run in its folder, from its checkpoint if there is one.

    Leaves weights, history and frames there.

    Args:
        config: what to train.
        images: on what.
        folder: made if need be.
        device: `auto`, `cpu`, `cuda`, ...
        networks: a user's own builder of an encoder and decoder pair.
        progress: called as `progress(name of the run, steps done, steps in all)`.
        with_frames: record reconstructions over training.

    Raises:
        UserError: if training diverges or the checkpoint does not fit.
        Interrupted: after a signal, once everything is saved.
    """
    device = device_to_go_on([folder], device)
    trainer = Trainer(config, images, folder, device, networks, with_frames=with_frames)
    failures = _train([trainer], progress)
    if failures:
        raise failures[folder.path]
    return _finish(trainer)


def fit_stacked(
    runs: Sequence[tuple[RunConfig, RunFolder]],
    images: ImageSet,
    *,
    device: str = "auto",
    progress: Progress | None = None,
    with_frames: bool = True,
) -> dict[Path, TrainedModel | UserError]:
    """Train several runs as one batched program; each leaves what `fit` leaves.

    Args:
        runs: description and folder of each; they may differ in beta and seed alone. One that was
            begun apart goes on apart.
        images: on what.
        device: `auto`, `cpu`, `cuda`, ...
        progress: called as `progress(name of the first run, steps done, steps in all)`.
        with_frames: record reconstructions over training.

    Returns:
        Path of the folder -> the trained model, or what stopped its training.

    Raises:
        UserError: if the runs cannot be trained as one.
        Interrupted: after a signal, once everything is saved.
    """
    first = runs[0][0]
    if any(replace(config, beta=first.beta, seed=first.seed) != first for config, _ in runs):
        raise UserError("runs that are stacked may differ in beta and seed alone")
    check_stackable(first)
    device = device_to_go_on([folder for _, folder in runs], device)
    pixels = cache_on_device(images.images, choose_device(device))
    stack = Stack()
    outcomes: dict[Path, TrainedModel | UserError] = {}
    trainers = []
    for config, folder in runs:
        try:
            trainer = Trainer(
                config,
                images,
                folder,
                device,
                stack=stack,
                pixels=pixels,
                with_frames=with_frames,
            )
            trainers.append(trainer)
        except UserError as error:
            outcomes[folder.path] = error
    failures = _train(trainers, progress)
    outcomes |= failures
    for trainer in trainers:
        if trainer.folder.path not in failures:
            outcomes[trainer.folder.path] = _finish(trainer)
    return outcomes


def device_to_go_on(folders: Sequence[RunFolder], asked: str) -> str:
    """Choose the device of runs that are trained together: where one was begun, if it is here too.

    Args:
        folders: of the runs.
        asked: by the user; anything but `auto` is taken.
    """
    before = next(filter(None, map(device_before, folders)), "") if asked == "auto" else ""
    return before if before and is_available(before) else asked


def check_stackable(config: RunConfig | ExperimentConfig) -> None:
    """Refuse runs that cannot be computed as one.

    Raises:
        UserError: if the objective or the likelihood sees a batch as a whole.
    """
    seeing = part_that_needs_whole_batch(config)
    if seeing:
        raise UserError(
            f"runs with the {seeing} cannot be stacked, since it sees a batch as a whole; "
            "leave out --stack-runs"
        )


def part_that_needs_whole_batch(config: RunConfig | ExperimentConfig) -> str:
    """Name what sees a batch as a whole, `objective beta_tcvae`; empty where nothing does."""
    kinds = (
        ("objective", config.training.objective, OBJECTIVES),
        ("likelihood", config.model.likelihood, LIKELIHOODS),
    )
    for kind, name, entries in kinds:
        if load_plugin(kind, name, entries).needs_whole_batch:
            return f"{kind} {name}"
    return ""


def _train(trainers: Sequence[Trainer], progress: Progress | None) -> dict[Path, UserError]:
    """Take every run to its end; returns what stopped those that did not come to it."""
    failures: dict[Path, UserError] = {}

    def unfinished() -> list[Trainer]:
        return [t for t in trainers if not t.is_done and t.folder.path not in failures]

    try:
        with graceful_shutdown() as stop:
            for trainer in trainers:
                trainer.start(lambda: stop.requested)
            while (active := unfinished()) and not stop.requested:
                _advance(active, failures)
                going = [t for t in active if t.folder.path not in failures]
                if progress and going:
                    least = min(t.state.step for t in going)
                    progress(going[0].folder.name, least, going[0].recipe.steps)
            for trainer in unfinished():
                _collecting_failures(trainer.save, trainer, failures)
    finally:
        for trainer in trainers:
            trainer.close()
    if unfinished():
        first = unfinished()[0]
        raise Interrupted(
            f"stopped at step {first.state.step} of {first.recipe.steps}"
            + "".join(f"; {error}" for error in failures.values()),
            stop.number,
        )
    return failures


def _advance(active: Sequence[Trainer], failures: dict[Path, UserError]) -> None:
    """Take one step with each of those that have taken the fewest."""
    least = min(trainer.state.step for trainer in active)
    behind = [trainer for trainer in active if trainer.state.step == least]
    for job in (Trainer.step, Trainer.record):
        for trainer in behind:
            if trainer.folder.path not in failures:
                _collecting_failures(partial(job, trainer), trainer, failures)


def _collecting_failures(
    job: Callable[[], None], trainer: Trainer, failures: dict[Path, UserError]
) -> None:
    """Do a job of one run; what stops that run does not stop the others."""
    try:
        job()
    except UserError as error:
        failures[trainer.folder.path] = error
        trainer.close()


def _finish(trainer: Trainer) -> TrainedModel:
    """Write the weights."""
    with written_beside(trainer.folder.weights) as path:
        save_weights(path, trainer.model)
    return TrainedModel(
        model=trainer.model.eval(),
        name=trainer.config.name,
        seed=trainer.config.seed,
        steps=trainer.state.step,
        num_validation=min(NUM_VALIDATION, len(trainer.images.indices("validation"))),
        strategy=trainer.state.strategy,
        precision=Precision(trainer.state.precision, trainer.precision.note),
    )
