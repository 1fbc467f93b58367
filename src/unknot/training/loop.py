"""The training loop.

One pass: gather a batch from the memory map, standardise, forward, objective, backward, Adam. What
is random at a step is a function of (seed, step), so a checkpoint is weights, optimiser and
position.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from unknot.config import RunConfig
from unknot.data.image_set import ImageSet
from unknot.errors import Interrupted, UserError
from unknot.model.networks import NetworkBuilder
from unknot.model.vae import VAE
from unknot.training.interrupt import noticing_signals
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
    steps = trainer.recipe.steps
    try:
        with noticing_signals() as stop:
            trainer.begin()
            while not (trainer.is_done or stop.requested):
                trainer.step()
                trainer.record()
                if on_step:
                    on_step(trainer.position.step, steps)
            if not trainer.is_done:
                trainer.save()
                raise Interrupted(f"stopped at step {trainer.position.step} of {steps}")
    finally:
        trainer.close()
    trainer.finish()
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
        runs: description and folder of each; they may differ in beta and seed alone.
        images: on what.
        device: `auto`, `cpu`, `cuda`, ...
        on_step: called with steps done and steps in all.

    Returns:
        Folder -> what stopped its training, for runs that diverged.

    Raises:
        UserError: if the runs cannot be trained as one.
        Interrupted: after a signal, once everything is saved.
    """
    first = runs[0][0]
    if any(
        (c.data, c.model, c.training) != (first.data, first.model, first.training) for c, _ in runs
    ):
        raise UserError("runs that are trained together may differ in beta and seed alone")
    if first.model.likelihood == "gaussian_learned":
        raise UserError("a learned sigma cannot be trained together; leave out --together")
    trainers = [Trainer(config, images, at, device, stacked=True) for config, at in runs]
    failed: dict[Path, UserError] = {}
    active = list(trainers)
    try:
        with noticing_signals() as stop:
            for trainer in trainers:
                trainer.begin()
            while not stop.requested:
                active = [t for t in active if not t.is_done and t.folder not in failed]
                if not active:
                    break
                _advance(active, failed)
                if on_step:
                    on_step(min(t.position.step for t in active), active[0].recipe.steps)
            for trainer in active:
                trainer.save()
            if active:
                raise Interrupted(f"stopped at step {active[0].position.step}")
    finally:
        for trainer in trainers:
            trainer.close()
    for trainer in trainers:
        if trainer.folder not in failed:
            trainer.finish()
    return failed


def _advance(active: Sequence[Trainer], failed: dict[Path, UserError]) -> None:
    """One step of those that have taken the fewest."""
    least = min(trainer.position.step for trainer in active)
    behind = [trainer for trainer in active if trainer.position.step == least]
    for trainer, error in zip(behind, step_together(behind)):
        try:
            if error:
                raise error
            trainer.record()
        except UserError as astray:
            failed[trainer.folder] = astray
