"""The training loop.

One pass: gather a batch from the memory map, standardise, forward, objective, backward, Adam. What
is random at a step is a function of (seed, step), so a checkpoint is weights, optimiser and
position.
"""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unknot.config import RunConfig
from unknot.data.image_set import ImageSet
from unknot.data.standardize import STD_FLOOR, fit_standardizer
from unknot.errors import Interrupted, UserError
from unknot.files import write_arrays, write_json, written_beside
from unknot.model.distributions import LIKELIHOODS
from unknot.model.networks import NETWORKS, NetworkBuilder
from unknot.model.vae import VAE
from unknot.objectives import OBJECTIVES, beta_scales
from unknot.training import checkpoint
from unknot.training.checkpoint import Position
from unknot.training.evaluate import encode_images, measure_fit, pixels
from unknot.training.history import History, read_history
from unknot.training.interrupt import noticing_signals
from unknot.training.memory import keep_freed_memory
from unknot.training.randomness import BatchOrder, derive_seed, standard_normal
from unknot.training.recorders import Frames, Meter
from unknot.training.schedule import beta_at, frame_steps, learning_rate

MODE = "eager"
NUM_VALIDATION = 1000
EXPLODED = 1e4  # times the first step's loss
WEIGHTS, CODES = "weights.safetensors", "codes.npz"
EVALUATION, SCALES = "evaluation.json", "scales.json"


def choose_device(name: str = "auto") -> torch.device:
    """`auto` takes a GPU where there is one; otherwise any name that torch knows.

    Raises:
        UserError: if torch does not know the name.
    """
    if name == "auto":
        mps = torch.backends.mps.is_available()
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if mps else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError, NotImplementedError):
        raise UserError(f"device {name!r} is not to be had here; try cpu or auto") from None


def build_model(config: RunConfig, images: ImageSet, networks: NetworkBuilder | None = None) -> VAE:
    """An untrained model, initialised from the run's seed.

    Args:
        config: the run's.
        images: its training images give the standardisation.
        networks: a user's own builder, instead of the named one.

    Raises:
        UserError: if the network does not fit the images or the latents.
    """
    latent_dim, shape = config.model.latent_dim, images.image_shape
    builder = networks or find_network(config.model.network)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(config.seed, "initialisation"))
        encoder, decoder = builder(shape, latent_dim)
    standardizer = fit_standardizer(config.model.standardize, images.training_moments())
    likelihood = LIKELIHOODS[config.model.likelihood](config.model.sigma)
    model = VAE(encoder, decoder, likelihood, standardizer, latent_dim)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    _check_shapes(model, shape)
    return model


def find_network(name: str) -> NetworkBuilder:
    """The builder of a named network.

    Raises:
        UserError: if there is none.
    """
    if name not in NETWORKS:
        raise UserError(f"network is {name!r}; it can be {', '.join(NETWORKS)}")
    return NETWORKS[name]


@torch.no_grad()
def _check_shapes(model: VAE, image_shape: tuple[int, int, int]) -> None:
    model.eval()
    encoded = model.encoder(torch.zeros(2, *image_shape))
    if encoded.shape != (2, 2 * model.latent_dim):
        raise UserError(
            f"the encoder gives {tuple(encoded.shape)} for two images; it must give "
            f"(2, {2 * model.latent_dim}): {model.latent_dim} means, then as many log variances"
        )
    decoded = model.decoder(torch.zeros(2, model.latent_dim))
    if decoded.shape != (2, *image_shape):
        raise UserError(
            f"the decoder gives {tuple(decoded.shape)} for two codes; it must give "
            f"{(2, *image_shape)}"
        )
    model.train()


def fit(
    config: RunConfig,
    images: ImageSet,
    folder: Path,
    *,
    device: str = "auto",
    networks: NetworkBuilder | None = None,
    on_step: Callable[[int, int], None] | None = None,
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
    return _Training(config, images, folder, device, networks).run(on_step)


class _Training:
    """The state of one run while it is being trained."""

    def __init__(
        self,
        config: RunConfig,
        images: ImageSet,
        folder: Path,
        device: str,
        networks: NetworkBuilder | None,
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
        if start:
            if start.mode != MODE:
                raise UserError(f"{folder} was trained in mode {start.mode}; go on in that mode")
            torch.set_num_threads(start.threads)
        self.model = build_model(config, images, networks).to(self.device)
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), lr=self.recipe.learning_rate, fused=True
        )
        if start:
            checkpoint.load_checkpoint(folder, self.model, self.optimizer)
        self.position = start or Position(0, 0.0, torch.get_num_threads(), MODE, math.nan)
        self.frames = Frames(self.model, images, folder, self.position.step)
        self.meter = Meter(
            self.model.latent_dim, self.device, self.position.sums, self.position.num_summed
        )

    def run(self, on_step: Callable[[int, int], None] | None) -> VAE:
        steps, training = self.recipe.steps, self.config.training
        write_json(self.folder / SCALES, self._scales())
        history = History(self.folder, self.position.step)
        due = set(frame_steps(steps))
        try:
            with noticing_signals() as stop:
                if self.position.step == 0:
                    self.frames.take(0)
                while self.position.step < steps and not stop.requested:
                    self._step()
                    step = self.position.step
                    if step % training.log_every == 0 or step == steps:
                        history.add(self._train_line())
                    if step % training.validate_every == 0 or step == steps:
                        history.add(self._validation_line())
                    if step in due:
                        self.frames.take(step)
                    if step % training.checkpoint_every == 0 or step == steps:
                        self._save()
                    if on_step:
                        on_step(step, steps)
                if self.position.step < steps:
                    self._save()
                    raise Interrupted(f"stopped at step {self.position.step} of {steps}")
        finally:
            history.close()
        self._finish()
        return self.model.eval()

    def _step(self) -> None:
        begun = time.perf_counter()
        step, seed = self.position.step, self.config.seed
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(
                self.recipe.schedule, step, self.recipe.steps, self.recipe.learning_rate
            )
        beta = beta_at(step, self.config.beta, self.config.training.beta_warmup)
        batch = pixels(self.images.images, self.order.batch(step), self.device)
        noise = standard_normal((len(batch), self.model.latent_dim), seed, "posterior", step)
        terms = self.model(self.model.standardize(batch), noise.to(self.device))
        loss = self.objective(terms, beta)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        first_loss = self._check(loss, step, beta)
        self.optimizer.step()
        self.meter.add(loss, terms)
        self.position = self.position._replace(
            step=step + 1,
            seconds=self.position.seconds + time.perf_counter() - begun,
            first_loss=first_loss,
        )

    def _check(self, loss: Tensor, step: int, beta: float) -> float:
        """Stop before an update that would spoil the weights; returns the first step's loss."""
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        value, gradient = loss.item(), norm.item()
        first = value if step == 0 else self.position.first_loss
        exploded = abs(value) > EXPLODED * max(abs(first), 1.0)
        if math.isfinite(value) and math.isfinite(gradient) and not exploded:
            return first
        what = f"the loss is {value:.4g} and its gradient {gradient:.4g}"
        saved = checkpoint.read_position(self.folder)
        stays = f"the checkpoint of step {saved.step} stays" if saved else "nothing was saved yet"
        raise UserError(
            f"training diverged at step {step}, beta {beta:g}: {what}; {stays}; try a "
            f"learning_rate below {self.recipe.learning_rate:g}, or a beta_warmup of some "
            "hundred steps"
        )

    def _train_line(self) -> dict[str, Any]:
        step = self.position.step
        log_sigma = getattr(self.model.likelihood, "log_sigma", None)
        sigma = math.exp(log_sigma.item()) if log_sigma is not None else None
        beta = beta_at(step - 1, self.config.beta, self.config.training.beta_warmup)
        return {
            **{"split": "train", "step": step, "images": step * self.recipe.batch_size},
            **{"seconds": self.position.seconds, **self.meter.read(), "beta": beta},
            "beta_eff": None if sigma is None else beta * sigma**2,
            "sigma": sigma,
            "learning_rate": self.optimizer.param_groups[0]["lr"],
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

    def _save(self) -> None:
        self.frames.save()
        sums, num = self.meter.state()
        position = self.position._replace(sums=sums, num_summed=num)
        checkpoint.save_checkpoint(self.folder, self.model, self.optimizer, position)

    def _finish(self) -> None:
        """Leave what others read: weights, the fit on held-out images, and their codes."""
        images, seed = self.images, self.config.seed
        with written_beside(self.folder / WEIGHTS) as path:
            checkpoint.save_weights(path, self.model)
        held_out = np.concatenate([images.indices("validation"), images.indices("test")])
        validation = read_history(self.folder, "validation")[-1]
        test = measure_fit(self.model, images.images, images.indices("test"), seed=seed)
        write_json(
            self.folder / EVALUATION,
            {
                "validation": {
                    **{key: validation[key] for key in ("distortion", "rate", "kl")},
                    "elbo": -(validation["distortion"] + validation["rate"]),
                },
                "test": {**test._asdict(), "elbo": test.elbo},
                "num_validation": len(self.validation),
            },
        )
        posterior = encode_images(self.model, images.images, held_out)
        labels = images.labels
        arrays = {
            "image": held_out,
            "name": np.array([images.names[i] for i in held_out]),
            "split": labels.split[held_out],
            "posterior_mean": posterior.mean.numpy(),
            "posterior_logvar": posterior.logvar.numpy(),
            "attributes": labels.attributes[held_out],
            "attribute_names": np.array(labels.attribute_names, dtype=np.str_),
            "factors": labels.factors[held_out],
            "factor_names": np.array(labels.factor_names, dtype=np.str_),
            "groups": labels.groups[held_out],
        }
        write_arrays(self.folder / CODES, arrays)
