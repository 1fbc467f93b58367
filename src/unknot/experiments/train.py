"""One run, trained in this process, or with others that a launcher has started."""

from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import Any, Literal

from unknot.common.errors import UserError
from unknot.common.progress import Progress, Say
from unknot.config.execution import ExecutionConfig
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import CUSTOM
from unknot.data.image_set import ImageSet
from unknot.evidence.collapse import beta_warning
from unknot.experiments.display.bars import shown_progress
from unknot.experiments.display.run_progress import follow_run
from unknot.experiments.execute import execute_run
from unknot.experiments.notes import say_note, tell_if_continued
from unknot.experiments.setup import (
    check_trainable,
    continued_training,
    default_run_folder,
    experiment_config,
    pairing_note,
    resolve_config,
)
from unknot.models.networks import NetworkBuilder
from unknot.runs.folder import RunFolder
from unknot.runs.run import Run
from unknot.runs.soundness import reopen_if_damaged
from unknot.training.gradients.distributed import connected, follow
from unknot.training.run_steps import RunSteps


def train(
    images: ImageSet,
    beta: float = 1.0,
    seed: int = 0,
    *,
    out: str | Path | None = None,
    device: str = "auto",
    scores: Literal["none", "quick"] = "quick",
    pictures: Literal["none", "all"] = "all",
    network: str | NetworkBuilder = "higgins_conv",
    progress: Progress | bool = True,
    **options: Any,
) -> Run:
    """Train one run in this process, or finish it; nothing if it is done.

    With more `steps` than before, a finished run goes on as a new schedule of the learning rate.

    Args:
        images: from `load_images`.
        beta: weight of the rate.
        seed: from which every random number is derived.
        out: the run's folder; `runs/NAME_beta-B_seed-S` by default.
        device: `auto`, `cpu`, `cuda`, ...
        scores: as in `compare`.
        pictures: likewise.
        network: likewise.
        progress: True shows a bar in a terminal and a line in a notebook, False shows nothing; a
            function is called as `progress(name of the run, steps done, steps in all)`.
        **options: as in `compare`.

    Raises:
        UserError: if something given does not fit, or training diverges.
        Interrupted: after Ctrl-C, once it is saved.
    """
    for name, value in (("beta", beta), ("seed", seed)):
        if not isinstance(value, Real):
            raise UserError(f"{name} is {value!r}; give a number (compare takes several)")
    network_name = network if isinstance(network, str) else CUSTOM
    config = experiment_config(images, [beta], [seed], network=network_name, **options)
    with shown_progress(progress) as shown:
        return train_run(
            config,
            images,
            ExecutionConfig(
                out=None if out is None else str(out),
                device=device,
                scores=scores,
                pictures=pictures,
            ),
            networks=None if isinstance(network, str) else network,
            progress=shown.progress,
            tell=shown.say,
        )


def train_run(
    config: ExperimentConfig,
    images: ImageSet,
    execution: ExecutionConfig,
    *,
    networks: NetworkBuilder | None = None,
    progress: Progress | None = None,
    tell: Say | None = None,
) -> Run:
    """Train the run of an experiment that has one; see `train`.

    `tell` is called with a line where a run is continued with more steps.
    """
    config = resolve_config(config, images)
    check_trainable(config, images.image_shape, execution, networks)
    pairing = pairing_note(config, images)
    folder = RunFolder(execution.out or default_run_folder(config))
    if folder.config.is_file():
        before = folder.read_config().training
        config = replace(config, training=continued_training(config.training, before))
        if tell:
            tell_if_continued(before, config.training, tell)
    (run,) = config.runs()
    folder.create(run, images)
    reopen_if_damaged(folder, run)
    if not folder.is_done:
        say_note(beta_warning(config, images), tell)
        say_note(pairing, tell)
    hear = follow_run(progress, run, folder) if progress else None
    with connected(execution.device):
        return execute_run(
            folder,
            images=images,
            networks=networks,
            device=execution.device,
            progress=hear,
            products=execution.products,
        )


def follow_leader(config: ExperimentConfig, images: ImageSet, device: str) -> None:
    """Compute this process's share of the run that the first process of a launcher trains.

    Args:
        config: of one run, as the first has it.
        images: likewise.
        device: where to compute.

    Raises:
        UserError: if something given does not fit, or the first process has ended.
    """
    (run,) = resolve_config(config, images).runs()
    with connected(device):
        steps = RunSteps(run, images, device)
        steps.prepare()
        follow(steps.compute_gradients, steps.model, steps.recipe.batch_size)
