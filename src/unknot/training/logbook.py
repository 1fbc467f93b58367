"""What a run writes down while it trains: history, listeners, reconstructions, scales."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from unknot.common.files import write_json
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.data.standardize import STD_FLOOR
from unknot.models.beta_scales import BetaScales, beta_scales
from unknot.models.objectives import Objective, StepContext
from unknot.models.vae import VAE
from unknot.runs.folder import RunFolder
from unknot.runs.history import MOVED, History, HistoryLine
from unknot.runs.inference import evaluate_elbo
from unknot.training.checkpoint import TrainingState
from unknot.training.listeners import start_listeners
from unknot.training.monitors import ReconstructionRecorder, RunningMeans
from unknot.training.schedules import frame_steps, learning_rate

NUM_VALIDATION = 1000
CONTINUED = "continued"  # in the place of a split, in the history


class Logbook:
    """Writes down how a run goes, in its folder.

    Args:
        config: the run's.
        images: it is trained on.
        folder: the run's.
        model: as it is being trained.
        objective: that it is trained with.
        context: gives where and when a step is.
        state: where the run stands.
        with_frames: record reconstructions over training.
    """

    def __init__(
        self,
        config: RunConfig,
        images: ImageSet,
        folder: RunFolder,
        model: VAE,
        objective: Objective,
        context: Callable[[int], StepContext],
        state: TrainingState,
        *,
        with_frames: bool = True,
    ) -> None:
        self._config, self._images, self._model = config, images, model
        self._recipe = config.training.optimization()
        self._objective, self._context = objective, context
        self._validation = images.indices("validation")[:NUM_VALIDATION]
        self._frame_steps = set(frame_steps(self._recipe.steps))
        self._recorder = (
            ReconstructionRecorder(model, images, folder, state.step) if with_frames else None
        )
        self._means = RunningMeans(
            model.latent_dim,
            objective.quantities,
            model.pixel_mean.device,
            state.sums,
            state.num_summed,
        )
        scales = scales_of(config, images.image_shape)._asdict()
        num_floored = int(torch.eq(model.pixel_std, np.float32(STD_FLOOR).item()).sum())
        write_json(folder.scales, {"beta": config.beta, **scales, "num_std_floored": num_floored})
        self._history = History(folder.history, state.step)
        self._listeners = start_listeners(folder, self._history.lines)

    def record_start(self) -> None:
        """Take the picture from before the first step."""
        if self._recorder:
            self._recorder.record(0)

    def add_step(self, means: Tensor) -> None:
        """Add a step's `batch_means`."""
        self._means.add(means)

    def add_training_line(self, state: TrainingState) -> None:
        """Write the means of the training terms since the last such line."""
        log_sigma = getattr(self._model.likelihood, "log_sigma", None)
        sigma = math.exp(log_sigma.item()) if log_sigma is not None else None
        beta, recipe = self._context(state.step - 1).beta, self._recipe
        line = self._line("train", state) | self._means.read()
        line |= {
            "beta": beta,
            "beta_eff": None if sigma is None else beta * sigma**2,
            "sigma": sigma,
            "learning_rate": learning_rate(
                recipe.schedule,
                state.step - 1,
                self._config.training.part_ends,
                recipe.learning_rate,
            ),
        }
        self._add(line)

    def add_continuation(self, state: TrainingState) -> None:
        """Write that the training had ended here, and went on; once, also where it is resumed."""
        line = self._line(CONTINUED, state)
        if all(
            (kept["split"], kept["step"]) != (CONTINUED, state.step) for kept in self._history.lines
        ):
            self._add(line)

    def add_move(self, state: TrainingState) -> None:
        """Write that the training goes on elsewhere from here."""
        self._add(self._line(MOVED, state))

    def add_validation_line(self, state: TrainingState) -> None:
        """Evaluate the objective on validation images, at the run's own beta, warmed up or not."""
        held_out = evaluate_elbo(
            self._model, self._images.images, self._validation, seed=self._config.seed
        )
        at = replace(self._context(state.step - 1), beta=self._config.beta)
        line = self._line("validation", state)
        line |= {
            "loss": self._objective.loss(held_out.terms, at).value.item(),
            "distortion": held_out.distortion,
            "rate": held_out.rate,
            "kl": held_out.kl,
        }
        self._add(line)

    def add_frame(self, state: TrainingState) -> None:
        """Reconstruct the test images that are shown, if it is due.

        Frames lie on a logarithmic scale, far apart at last; who watches sees some between them.
        """
        if not self._recorder:
            return
        if state.step in self._frame_steps:
            self._recorder.record(state.step)
        elif state.step % self._config.training.validate_every == 0:
            self._recorder.show(state.step)

    def save(self, state: TrainingState) -> TrainingState:
        """Write the frames; give the state with the sums from which the means go on."""
        if self._recorder:
            self._recorder.save()
        sums, num_summed = self._means.state()
        return state._replace(sums=sums, num_summed=num_summed)

    def close(self) -> None:
        """Write out what is buffered."""
        for listener in self._listeners:
            listener.close()
        self._history.close()

    def _add(self, line: HistoryLine) -> None:
        self._history.add(line)
        for listener in self._listeners:
            listener.add(line)

    def _line(self, split: str, state: TrainingState) -> HistoryLine:
        images = state.step * self._recipe.batch_size
        return {"split": split, "step": state.step, "images": images, "seconds": state.seconds}


def scales_of(config: RunConfig, image_shape: tuple[int, ...]) -> BetaScales:
    """Put a run's beta on the scales that others use, as `scales.json` has them.

    Args:
        config: the run's.
        image_shape: channels, height, width.
    """
    model = config.model
    return beta_scales(
        config.beta,
        sigma=model.sigma if model.likelihood == "gaussian" else None,
        latent_dim=model.latent_dim,
        num_pixels=math.prod(image_shape),
    )
