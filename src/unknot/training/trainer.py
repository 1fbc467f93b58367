"""The state of one run while it is being trained."""

import math
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unknot.config import RunConfig
from unknot.data.image_set import ImageSet
from unknot.data.standardize import STD_FLOOR
from unknot.errors import UserError
from unknot.files import write_json
from unknot.model.networks import NetworkBuilder
from unknot.objectives import OBJECTIVES, beta_scales
from unknot.training import checkpoint
from unknot.training.build import build_model, choose_device
from unknot.training.checkpoint import Position
from unknot.training.evaluate import measure_fit
from unknot.training.history import History
from unknot.training.memory import keep_freed_memory
from unknot.training.mode import COMPILED, EAGER, PARALLEL, STACKED, Mode, choose_mode, make_step
from unknot.training.optimizers import OPTIMIZERS
from unknot.training.outcome import write_outcome
from unknot.training.parallel import Replicas, can_share, one_thread
from unknot.training.pixels import gather, resident
from unknot.training.randomness import BatchOrder, standard_normal
from unknot.training.recorders import Frames, Meter, Watch, means_of
from unknot.training.schedule import beta_at, frame_steps, learning_rate

NUM_VALIDATION = 1000
ALL = slice(None)
SCALES = "scales.json"


class Inputs(NamedTuple):
    """What a step is computed from.

    Attributes:
        pixels: 0..255, uint8, shape `(batch, channel, height, width)`.
        noise: standard normal, shape `(batch, latent_dim)`.
        beta: weight of the rate.
    """

    pixels: Tensor
    noise: Tensor
    beta: float


class Trainer:
    """One run from its checkpoint, or from nothing, to its end.

    Args:
        config: what to train.
        images: on what.
        folder: made if need be.
        device: `auto`, `cpu`, `cuda`, ...
        networks: a user's own builder of an encoder and decoder pair.
        stacked: whether its gradients come from several runs computed as one; one that has been
            begun goes on as it was.
        pixels: what `resident` gave for these images and this device, if it was asked before.

    Raises:
        UserError: if the checkpoint does not fit.
    """

    def __init__(
        self,
        config: RunConfig,
        images: ImageSet,
        folder: Path,
        device: str,
        networks: NetworkBuilder | None = None,
        *,
        stacked: bool = False,
        pixels: NDArray[np.uint8] | Tensor | None = None,
    ) -> None:
        self.config, self.images, self.folder = config, images, folder
        self.recipe = config.training.optimisation()
        self.objective = OBJECTIVES[config.training.objective]
        self.device = choose_device(device)
        self.order = BatchOrder(images.indices("train"), self.recipe.batch_size, config.seed)
        self.validation = images.indices("validation")[:NUM_VALIDATION]
        keep_freed_memory()
        folder.mkdir(parents=True, exist_ok=True)
        start = checkpoint.read_position(folder)
        begun_way = ""
        if start:
            torch.set_num_threads(start.threads)
            begun_way = start.mode.split(" ")[0]
            stacked = begun_way == STACKED
        self.stacked = stacked
        self.model = build_model(config, images, networks).to(self.device)
        mode = choose_mode(
            self._choose_way(begun_way, is_own=networks is not None),
            *(config.training.precision, self.model, self.device),
        )
        self._refuse_change(start, mode)
        shape = (self.recipe.batch_size, *images.image_shape)
        self.mode, self._terms = make_step(self.model, mode, shape, self.device)
        self._refuse_change(start, self.mode)
        if start:  # another mode only if no step is left
            way, precision = start.mode.split(" ", 1)
            self.mode = Mode(way, precision, self.mode.note)
        self.optimizer = OPTIMIZERS[self.recipe.optimizer](self.model, self.recipe)
        if start:
            checkpoint.load_checkpoint(folder, self.model, self.optimizer)
        self.position = start or Position(0, 0.0, torch.get_num_threads(), self.mode.name, math.nan)
        self._pixels = resident(images.images, self.device) if pixels is None else pixels
        self._frames = Frames(self.model, images, folder, self.position.step)
        self._meter = Meter(
            self.model.latent_dim, self.device, self.position.sums, self.position.num_summed
        )
        self._watch = Watch(self.position.first_loss)
        self._replicas: Replicas | None = None
        self._frame_steps = set(frame_steps(self.recipe.steps))
        write_json(folder / SCALES, self._scales())
        self._history = History(folder, self.position.step)

    def _choose_way(self, begun_way: str, *, is_own: bool) -> str:
        """How to compute the steps; a run that was begun in one process goes on in one."""
        way = STACKED if self.stacked else self.config.training.mode
        if way != "auto":
            return way
        sees_whole_batch = is_own or self.config.model.likelihood == "gaussian_learned"
        if begun_way == EAGER or sees_whole_batch:
            return EAGER
        can = can_share(self.recipe.batch_size, torch.get_num_threads(), self.device)
        return PARALLEL if can else EAGER

    def _refuse_change(self, start: Position | None, mode: Mode) -> None:
        """Stop before a run that has steps to go would go on in another mode."""
        fallen_back = mode.way == COMPILED and start and start.mode == f"eager {mode.precision}"
        if not start or start.mode == mode.name or fallen_back or start.step >= self.recipe.steps:
            return
        raise UserError(
            f"{self.folder} was begun in mode {start.mode} and would go on in mode {mode.name}; go "
            "on where and as it was begun, or choose another --out"
        )

    @property
    def is_done(self) -> bool:
        """Whether every step has been taken."""
        return self.position.step >= self.recipe.steps

    def begin(self) -> None:
        """Take the picture from before the first step; start what a step needs."""
        if self.position.step == 0:
            self._frames.take(0)
        if self.mode.way == PARALLEL and not self.is_done:
            self._replicas = Replicas(
                *(self.model, self.optimizer, self.differentiate),
                *(self.recipe.batch_size, self.position.threads),
            )

    def close(self) -> None:
        """End the processes of a data-parallel run; close the history's files."""
        if self._replicas:
            self._replicas.close()
            self._replicas = None
        self._history.close()

    def step(self) -> None:
        """One update."""
        begun = time.perf_counter()
        step = self.position.step
        if self.mode.way == PARALLEL:
            assert self._replicas, "a data-parallel run has not begun"
            with one_thread():
                self.learn(self._replicas.differentiate(step), begun)
        else:
            self.learn(self.differentiate(step), begun)

    def inputs(self, step: int, share: slice = ALL) -> Inputs:
        """What a step is computed from, or a share of its batch."""
        beta = beta_at(step, self.config.beta, self.recipe.beta_warmup)
        batch = gather(self._pixels, self.order.batch(step)[share], self.device)
        shape = (self.recipe.batch_size, self.model.latent_dim)
        noise = standard_normal(shape, self.config.seed, "posterior", step)[share]
        return Inputs(batch, noise.to(self.device), beta)

    def differentiate(self, step: int, share: slice = ALL) -> Tensor:
        """Leave the gradients of a step in the parameters, or the part that a share adds to them.

        Args:
            step: from 0.
            share: of its batch.

        Returns:
            `means_of` the share times its part of the batch, so that those of all shares add up.
        """
        inputs = self.inputs(step, share)
        terms = self._terms(inputs.pixels, inputs.noise)
        part = len(inputs.noise) / self.recipe.batch_size
        loss = self.objective(terms, inputs.beta)
        self.model.zero_grad(set_to_none=True)
        (loss * part).backward()
        return means_of(loss, terms) * part

    def learn(self, means: Tensor, begun: float) -> None:
        """Update the weights by the gradients that the step has left, and count it.

        Args:
            means: as `means_of`.
            begun: when the step began.

        Raises:
            UserError: if training has diverged; the last checkpoint is from before.
        """
        step = self.position.step
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        self._watch.add(step, means[0], gradients)
        if self.device.type == "cpu":
            self._check()  # before an update that would spoil the weights: nothing waits for it
        update = self._replicas.update if self._replicas else self.optimizer.step
        update(self._learning_rate(step), step + 1)
        self._meter.add(means)
        seconds = self.position.seconds + time.perf_counter() - begun
        self.position = self.position._replace(step=step + 1, seconds=seconds)

    def record(self) -> None:
        """Write down what is due after a step: history, frames, checkpoint."""
        step, training = self.position.step, self.config.training
        last = self.is_done
        if step % training.log_every == 0 or last:
            self._check()
            self._history.add(self._train_line())
        if step % training.validate_every == 0 or last:
            self._history.add(self._validation_line())
        if step in self._frame_steps:
            self._frames.take(step)
        if step % training.checkpoint_every == 0 or last:
            self.save()

    def save(self) -> None:
        """Write the checkpoint."""
        self._check()
        self._frames.save()
        sums, num = self._meter.state()
        position = self.position._replace(
            sums=sums, num_summed=num, first_loss=self._watch.first_loss
        )
        checkpoint.save_checkpoint(self.folder, self.model, self.optimizer, position)

    def finish(self) -> None:
        """Leave what others read: weights, the fit on held-out images, and their codes."""
        write_outcome(
            *(self.folder, self.model, self.images),
            seed=self.config.seed,
            num_validation=len(self.validation),
            mode=self.mode,
        )

    def _check(self) -> None:
        """Stop if the loss or a gradient has gone astray since the last look."""
        bad = self._watch.look()
        if bad is None:
            return
        beta = beta_at(bad.step, self.config.beta, self.recipe.beta_warmup)
        saved = checkpoint.read_position(self.folder)
        stays = f"the checkpoint of step {saved.step} stays" if saved else "nothing was saved yet"
        raise UserError(
            f"training diverged at step {bad.step}, beta {beta:g}: the loss is {bad.loss:.4g} and "
            f"its gradient {bad.gradient:.4g}; {stays}; try a learning_rate below "
            f"{self.recipe.learning_rate:g}, or a beta_warmup of some hundred steps"
        )

    def _learning_rate(self, step: int) -> float:
        recipe = self.recipe
        return learning_rate(recipe.schedule, step, recipe.steps, recipe.learning_rate)

    def _train_line(self) -> dict[str, Any]:
        step = self.position.step
        log_sigma = getattr(self.model.likelihood, "log_sigma", None)
        sigma = math.exp(log_sigma.item()) if log_sigma is not None else None
        beta = beta_at(step - 1, self.config.beta, self.recipe.beta_warmup)
        return {
            **{"split": "train", "step": step, "images": step * self.recipe.batch_size},
            **{"seconds": self.position.seconds, **self._meter.read(), "beta": beta},
            "beta_eff": None if sigma is None else beta * sigma**2,
            "sigma": sigma,
            "learning_rate": self._learning_rate(step - 1),
        }

    def _validation_line(self) -> dict[str, Any]:
        measured = measure_fit(
            self.model, self.images.images, self.validation, seed=self.config.seed
        )
        loss = measured.distortion + self.config.beta * measured.rate
        return {
            **{"split": "validation", "step": self.position.step},
            **{"images": self.position.step * self.recipe.batch_size},
            **{"seconds": self.position.seconds, "loss": loss},
            **{"distortion": measured.distortion, "rate": measured.rate, "kl": measured.kl},
        }

    def _scales(self) -> dict[str, Any]:
        sigma = self.config.model.sigma if self.config.model.likelihood == "gaussian" else None
        num_pixels = math.prod(self.images.image_shape)
        latent_dim = self.config.model.latent_dim
        scales = beta_scales(
            self.config.beta, sigma=sigma, latent_dim=latent_dim, num_pixels=num_pixels
        )
        floored = int(torch.eq(self.model.pixel_std, np.float32(STD_FLOOR).item()).sum())
        return {"beta": self.config.beta, **scales._asdict(), "num_std_floored": floored}
