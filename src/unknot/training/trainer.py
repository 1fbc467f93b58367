"""The state of one run while it is being trained."""

import math
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unknot.common.errors import UserError
from unknot.common.files import make_folder
from unknot.common.notices import give_notice
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.models.device import hardware_text
from unknot.models.networks import NetworkBuilder
from unknot.runs.folder import RunFolder
from unknot.training import checkpoint
from unknot.training.checkpoint import TrainingState
from unknot.training.gradients import (
    STACKED,
    STRATEGIES,
    Gradients,
    GradientSource,
    StrategyRequest,
    choose_strategy,
    start_gradients,
)
from unknot.training.gradients.distributed import num_connected
from unknot.training.gradients.stacked import Member, Stack, Stacked
from unknot.training.logbook import Logbook
from unknot.training.memory import disable_heap_trimming
from unknot.training.monitors import (
    DivergenceMonitor,
)
from unknot.training.run_steps import RunSteps
from unknot.training.schedules import learning_rate


class Trainer(RunSteps):
    """One run from its checkpoint, or from nothing, to its end.

    Args:
        config: what to train.
        images: on what.
        folder: made if need be.
        device: `auto`, `cpu`, `cuda`, ...
        networks: a user's own builder of an encoder and decoder pair.
        stack: of the runs that it is computed with; a run that was begun alone goes on alone, and
            one that was begun in a stack in one of its own if none is given.
        pixels: what `cache_on_device` gave for these images and this device, if it was asked.
        with_frames: record reconstructions over training.

    Attributes:
        state: where the run stands.

    Raises:
        UserError: if the checkpoint does not fit.
    """

    def __init__(
        self,
        config: RunConfig,
        images: ImageSet,
        folder: RunFolder,
        device: str,
        networks: NetworkBuilder | None = None,
        *,
        stack: Stack | None = None,
        pixels: NDArray[np.uint8] | Tensor | None = None,
        with_frames: bool = True,
    ) -> None:
        self.folder, self._has_moved = folder, False
        disable_heap_trimming()
        saved = checkpoint.read_training_state(folder, config)
        if saved:
            torch.set_num_threads(saved.threads)
        super().__init__(config, images, device, networks, pixels)
        make_folder(folder.path)
        strategy = self._choose_strategy(saved, networks is not None, stack is not None)
        self.prepare(stacked=strategy == STACKED, begun_in=saved.precision if saved else "")
        hardware = hardware_text(self.device)
        if saved:
            move = self._move_of(saved, strategy, hardware)
            if move:
                give_notice(move)
                self._has_moved = True
                saved = saved._replace(strategy=strategy)
            checkpoint.load_checkpoint(folder, self.model, self.optimizer, self.adversary)
        self.state = saved or TrainingState(
            step=0,
            seconds=0.0,
            threads=torch.get_num_threads(),
            strategy=strategy,
            precision=self.precision.name,
            first_loss=math.nan,
            run=config.name,
            hardware=hardware,
        )
        self._hardware = hardware
        self._stack = Stack() if stack is None else stack
        self._gradients: Gradients | None = None
        self._divergence = DivergenceMonitor(self.state.first_loss)
        self._logbook = Logbook(
            config,
            images,
            folder,
            self.model,
            self.objective,
            self._context,
            self.state,
            with_frames=with_frames,
        )

    def _choose_strategy(
        self, saved: TrainingState | None, has_own_network: bool, is_stacked: bool
    ) -> str:
        """Choose how gradients are computed; a user's own network may see a batch as a whole."""
        return choose_strategy(
            StrategyRequest(
                wanted=STACKED if is_stacked else self.config.training.data_parallel,
                begun_as=saved.strategy if saved else "",
                needs_whole_batch=has_own_network
                or self.objective.needs_whole_batch
                or self.model.likelihood.needs_whole_batch,
                batch_size=self.recipe.batch_size,
                threads=torch.get_num_threads(),
                device=self.device,
                processes=num_connected(),
            )
        )

    def _move_of(self, saved: TrainingState, strategy: str, hardware: str) -> str:
        """Say how a run with steps to go does so otherwise than it was begun; empty if it does not.

        Raises:
            UserError: if this version cannot go on with it.
        """
        begun, here = (saved.strategy, saved.hardware or hardware), (strategy, hardware)
        if begun == here or saved.step >= self.recipe.steps:
            return ""
        if saved.strategy not in STRATEGIES:
            raise UserError(
                f"{self.folder.path} was begun as a {saved.strategy} run, which this version of "
                "unknot cannot go on with; choose another --out"
            )
        return (
            f"{self.folder.path} goes on from step {saved.step:,} as {strategy} on {hardware}, "
            f"begun as {saved.strategy} on {begun[1]}: batches, noise and learning rate are what "
            "they would have been, but sums are rounded otherwise, so weights differ in their last "
            "digits"
        )

    @property
    def is_done(self) -> bool:
        """Whether every step has been taken."""
        return self.state.step >= self.recipe.steps

    def start(self, is_stopping: Callable[[], bool] = lambda: False) -> None:
        """Take the picture from before the first step; start what a step needs.

        Args:
            is_stopping: whether the run has been asked to save and stop.
        """
        if self.state.step == 0:
            self._logbook.record_start()
        if self.is_done:
            return
        if self.state.strategy == STACKED:
            member = Member(
                model=self.model,
                optimizer=self.optimizer,
                batch=self.batch,
                loss=self.loss,
                next_step=lambda: self.state.step,
            )
            self._gradients = Stacked(self._stack, member)
        else:
            source = GradientSource(
                model=self.model,
                optimizer=self.optimizer,
                compute_share=self.compute_gradients,
                batch_size=self.recipe.batch_size,
                threads=self.state.threads,
                is_stopping=is_stopping,
            )
            self._gradients = start_gradients(self.state.strategy, source)

    def close(self) -> None:
        """End what computes the gradients; close the history's files."""
        if self._gradients:
            self._gradients.close()
            self._gradients = None
        self._logbook.close()

    def step(self) -> None:
        """Take one step.

        Raises:
            UserError: if training has diverged; the last checkpoint is from before.
        """
        assert self._gradients, "the run has not been started"
        step = self.state.step
        if step in self.config.training.continued_from:
            self._logbook.add_continuation(self.state)
        if self._has_moved:
            self._logbook.add_move(self.state)
            self._has_moved = False
        means = self._gradients.compute(step)
        began = time.perf_counter()
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        self._divergence.add(step, means[0], gradients)
        if self.device.type == "cpu":
            self._check_divergence()  # before an update that would spoil the weights
        self._gradients.update(self._learning_rate(step), step + 1)
        if self.adversary:
            self.adversary.update(step + 1)
        self._logbook.add_step(means)
        seconds = self.state.seconds + self._gradients.seconds + time.perf_counter() - began
        self.state = self.state._replace(step=step + 1, seconds=seconds, hardware=self._hardware)

    def record(self) -> None:
        """Write down what is due after a step: history, frames, checkpoint."""
        step, training = self.state.step, self.config.training
        intervals = training.log_every, training.validate_every, training.checkpoint_every
        if self.is_done or any(step % interval == 0 for interval in intervals):
            self._await_steps()
            self.folder.check_held()
        if step % training.log_every == 0 or self.is_done:
            self._logbook.add_training_line(self.state)
        if step % training.validate_every == 0 or self.is_done:
            self._logbook.add_validation_line(self.state)
        self._logbook.add_frame(self.state)
        if step % training.checkpoint_every == 0 or self.is_done:
            self.save()

    def save(self) -> None:
        """Write the checkpoint."""
        self.folder.check_held()
        self._check_divergence()
        state = self._logbook.save(self.state)
        state = state._replace(first_loss=self._divergence.first_loss)
        checkpoint.save_checkpoint(self.folder, self.model, self.optimizer, state, self.adversary)

    def _await_steps(self) -> None:
        """Wait for a GPU to come to the end of its steps, which is part of their seconds."""
        began = time.perf_counter()
        self._check_divergence()
        seconds = self.state.seconds + time.perf_counter() - began
        self.state = self.state._replace(seconds=seconds)

    def _check_divergence(self) -> None:
        """Stop if a step since the last check has diverged."""
        divergence = self._divergence.check()
        if divergence is None:
            return
        beta = self._context(divergence.step).beta
        saved = checkpoint.read_training_state(self.folder, self.config)
        stays = f"the checkpoint of step {saved.step} stays" if saved else "nothing was saved yet"
        raise UserError(
            f"training diverged at step {divergence.step}, beta {beta:g}: the loss is "
            f"{divergence.loss:.4g} and its gradient {divergence.gradient:.4g}; {stays}; try a "
            f"learning_rate below {self.recipe.learning_rate:g}, or a beta_warmup of some hundred "
            "steps"
        )

    def _learning_rate(self, step: int) -> float:
        recipe, ends = self.recipe, self.config.training.part_ends
        return learning_rate(recipe.schedule, step, ends, recipe.learning_rate)
