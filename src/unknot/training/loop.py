"""The training loop.

One pass: gather a batch from the memory map, standardise, forward, objective, backward, update.
What is random at a step is a function of (seed, step), so a checkpoint is weights, optimiser and
position.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from unknot.config import ExperimentConfig, RunConfig
from unknot.data.image_set import ImageSet
from unknot.errors import Interrupted, UserError
from unknot.model.networks import NetworkBuilder
from unknot.model.vae import VAE
from unknot.training.build import choose_device
from unknot.training.interrupt import noticing_signals
from unknot.training.mode import COMPILED
from unknot.training.pixels import resident
from unknot.training.together import step_together
from unknot.training.trainer import Trainer

OnStep = Callable[[int, int], None]


def fit(
    config: RunConfig,
    images: ImageSet,
    folder: Path,
    *,
    device: str = "auto",
    networks: NetworkBuilder | None = None,
    on_step: OnStep | None = None,
) -> VAE:
    """Train a run in its folder, from its checkpoint if there is one.

    Leaves weights, history, frames, codes and the fit on validation and test images there.

    Args:
        config: what to train.
        images: on what.
        folder: made if need be.
        device: `auto`, `cpu`, `cuda`, ...
        networks: a user's own builder of an encoder and decoder pair.
        on_step: called with steps done and steps in all.

    Returns:
        The trained model, in evaluation mode.

    Raises:
        UserError: if training diverges or the checkpoint does not fit.
        Interrupted: after a signal, once everything is saved.
    """
    trainer = Trainer(config, images, folder, device, networks)
    failed = _train([trainer], on_step)
    if failed:
        raise failed[folder]
    return trainer.model.eval()


def fit_together(
    runs: Sequence[tuple[RunConfig, Path]],
    images: ImageSet,
    *,
    device: str = "auto",
    on_step: OnStep | None = None,
) -> dict[Path, UserError]:
    """Train several runs as one batched program; each leaves what `fit` leaves.

    Args:
        runs: description and folder of each; they may differ in beta and seed alone. One that was
            begun apart goes on apart.
        images: on what.
        device: `auto`, `cpu`, `cuda`, ...
        on_step: called with steps done and steps in all.

    Returns:
        Folder -> what stopped its training, for runs that did not come to their end.

    Raises:
        UserError: if the runs cannot be trained as one.
        Interrupted: after a signal, once everything is saved.
    """
    first = runs[0][0]
    if any(replace(config, beta=first.beta, seed=first.seed) != first for config, _ in runs):
        raise UserError("runs that are trained together may differ in beta and seed alone")
    refuse_together(first)
    pixels = resident(images.images, choose_device(device))
    failed: dict[Path, UserError] = {}
    trainers = []
    for config, folder in runs:
        try:
            trainers.append(Trainer(config, images, folder, device, stacked=True, pixels=pixels))
        except UserError as error:
            failed[folder] = error
    return failed | _train(trainers, on_step)


def refuse_together(config: RunConfig | ExperimentConfig) -> None:
    """Refuse runs that cannot be computed as one.

    Raises:
        UserError: if the model or the mode is of such a kind.
    """
    if config.model.likelihood == "gaussian_learned":
        raise UserError("a learned sigma cannot be trained together; leave out together")
    if config.training.mode == COMPILED:
        raise UserError("what is trained together is not compiled; leave out together, or the mode")


def _train(trainers: Sequence[Trainer], on_step: OnStep | None) -> dict[Path, UserError]:
    """Take every run to its end; returns what stopped those that did not come to it."""
    failed: dict[Path, UserError] = {}

    def going() -> list[Trainer]:
        return [t for t in trainers if not t.is_done and t.folder not in failed]

    try:
        with noticing_signals() as stop:
            for trainer in trainers:
                trainer.begin()
            while (active := going()) and not stop.requested:
                _advance(active, failed)
                if on_step:
                    on_step(min(t.position.step for t in active), active[0].recipe.steps)
            for trainer in going():
                _unless_failing(trainer.save, trainer, failed)
    finally:
        for trainer in trainers:
            trainer.close()
    if left := going():
        raise Interrupted(
            f"stopped at step {left[0].position.step} of {left[0].recipe.steps}"
            + "".join(f"; {error}" for error in failed.values())
        )
    for trainer in trainers:
        if trainer.folder not in failed:
            trainer.finish()
    return failed


def _advance(active: Sequence[Trainer], failed: dict[Path, UserError]) -> None:
    """One step of those that have taken the fewest."""
    least = min(trainer.position.step for trainer in active)
    behind = [trainer for trainer in active if trainer.position.step == least]
    for trainer in behind:
        if not trainer.stacked:
            _unless_failing(trainer.step, trainer, failed)
    stacked = [trainer for trainer in behind if trainer.stacked]
    if stacked:
        for trainer, error in zip(stacked, step_together(stacked)):
            if error:
                failed[trainer.folder] = error
    for trainer in behind:
        if trainer.folder not in failed:
            _unless_failing(trainer.record, trainer, failed)


def _unless_failing(
    job: Callable[[], None], trainer: Trainer, failed: dict[Path, UserError]
) -> None:
    try:
        job()
    except UserError as error:
        failed[trainer.folder] = error
