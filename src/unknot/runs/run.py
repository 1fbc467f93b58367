"""Run: a trained model in its folder, opened again."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.common.notices import give_notice
from unknot.common.reading import DamageError, Stamp, file_stamp
from unknot.config.parts import CUSTOM
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.models.build import build_vae
from unknot.models.device import choose_device
from unknot.models.networks import NetworkBuilder
from unknot.models.vae import VAE, Posterior
from unknot.runs.codes_file import write_codes_file, write_codes_table
from unknot.runs.display import run_html, run_text
from unknot.runs.evaluation import Evaluation
from unknot.runs.folder import TRAIN_AGAIN, RunFolder
from unknot.runs.frames_file import NO_FRAMES, checked_frames
from unknot.runs.history import parse_history
from unknot.runs.inference import decode_codes, encode_images
from unknot.runs.weights import load_weights


class Run:
    """One model trained: one beta, one seed.

    Args:
        folder: where it was trained, or the `RunFolder` that an experiment gives.
        networks: the builder of a user's own pair, if it was trained with one.
        device: where to compute.

    Attributes:
        files: the folder, with the name of every file in it.
        config: the run's description.

    Raises:
        UserError: if the folder holds no finished training.
    """

    def __init__(
        self,
        folder: str | Path | RunFolder,
        *,
        networks: NetworkBuilder | None = None,
        device: str = "auto",
    ) -> None:
        self.files = folder if isinstance(folder, RunFolder) else RunFolder(folder)
        self.config: RunConfig = self.files.read_config()
        if not self.files.is_trained:
            raise UserError(f"{self.folder} is not trained to its end; run its command again")
        self._networks, self._device = networks, device
        self._evaluation: tuple[Stamp | None, Evaluation] | None = None

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    def __str__(self) -> str:
        return run_text(self.files, self.config)

    def _repr_html_(self) -> str:
        """A table of facts and the traversals, for notebooks."""
        return run_html(self.files, self.config)

    @property
    def folder(self) -> Path:
        """Where it was trained."""
        return self.files.path

    @property
    def name(self) -> str:
        """The folder's own name, `beta-2_seed-0`."""
        return self.files.name

    @property
    def latent_dim(self) -> int:
        """Number of latents."""
        return self.config.model.latent_dim

    @cached_property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height, width of the images it was trained on."""
        channels, height, width = self.files.read_images().shape[1:]
        return channels, height, width

    @cached_property
    def model(self) -> VAE:
        """The trained model, in evaluation mode."""
        return self.open_model()

    def open_model(self) -> VAE:
        """Open the trained model, in evaluation mode, and keep none of it.

        Raises:
            UserError: if its weights are damaged, or it is of a user's own network.
        """
        settings = self.config.model
        if settings.network == CUSTOM and self._networks is None:
            raise UserError(f"{self.folder} has a network of your own: give Run(..., networks=...)")
        model = build_vae(
            self._networks or settings.network,
            self.image_shape,
            settings.latent_dim,
            likelihood=settings.likelihood,
            sigma=settings.sigma,
        )
        weights = self.files.weights
        load_weights(self.files.content(weights), weights, model, TRAIN_AGAIN)
        return model.to(choose_device(self._device)).eval()

    @property
    def evaluation(self) -> Evaluation:
        """Losses on held-out images, and scores, as in `evaluation.json`; read once it changes."""
        stamp = file_stamp(self.files.evaluation)
        if self._evaluation is None or self._evaluation[0] != stamp:
            self._evaluation = stamp, Evaluation.load(self.files.evaluation, self.config)
        return self._evaluation[1]

    @property
    def kl(self) -> NDArray[np.float64]:
        """Rate of each latent on test images in nats, shape `(latent_dim,)`."""
        return np.array(self.evaluation.test.kl)

    def history(self, split: str | None = None) -> list[dict[str, Any]]:
        """Lines of the history; `split` keeps only `train` or `validation`.

        Those of a damaged one are left out, which is said; there are none where it is lost.

        Raises:
            UserError: if it cannot be read.
        """
        path = self.files.history
        if not path.exists():
            return []
        try:
            return parse_history(self.files.content(path), path, split)
        except DamageError as error:
            give_notice(f"{error.what}; there are no curves of it")
            return []

    def frames(self) -> dict[str, NDArray[Any]]:
        """Reconstructions over training.

        Returns:
            `steps` (num,), held-out `images` (n, channel, height, width) and, for each step, their
            `reconstructions` (num, n, channel, height, width), uint8.

        Raises:
            DamageError: if there are none, or they are damaged.
            UserError: if they cannot be read.
        """
        path = self.files.frames
        return checked_frames(self.files.content(path, NO_FRAMES), path, self.image_shape)

    def encode(self, images: ImageSet | NDArray[np.uint8]) -> NDArray[np.float32]:
        """Codes: the posterior means of `posterior`, as an array `(num, latent_dim)`."""
        return self.posterior(images).mean.numpy()

    def posterior(self, images: ImageSet | NDArray[np.uint8]) -> Posterior:
        """The posterior of each image.

        Args:
            images: an image set, or uint8 of shape `(num, channel, height, width)`.

        Returns:
            Means and log variances, both `(num, latent_dim)`.

        Raises:
            UserError: if the images have another shape than the model was trained on.
        """
        array = images.images if isinstance(images, ImageSet) else np.asarray(images)
        if array.ndim != 4 or array.shape[1:] != self.image_shape or array.dtype != np.uint8:
            raise UserError(
                f"the images are {array.dtype} {tuple(array.shape)}; this run takes uint8 "
                f"(num, {', '.join(map(str, self.image_shape))}): prepare them with the same size "
                "and color"
            )
        return encode_images(self.model, array, np.arange(len(array)))

    def write_codes(self, images: ImageSet, path: Path) -> None:
        """Write the posterior of each image with its name, and with its labels where it has any.

        Args:
            images: prepared as the run's own were.
            path: `.npz` with `name`, `posterior_mean`, `posterior_logvar` and the labels, which
                `unknot score` reads, or `.csv` with a column for the name and one for each mean and
                log variance.
        """
        posterior = self.posterior(images)
        if path.suffix == ".csv":
            write_codes_table(path, images.names, posterior)
        else:
            write_codes_file(path, images, np.arange(len(images)), posterior)

    def decode(self, codes: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Expected images of codes.

        Args:
            codes: shape `(num, latent_dim)`.

        Returns:
            uint8, shape `(num, channel, height, width)`.
        """
        codes = np.asarray(codes)
        if codes.ndim != 2 or codes.shape[1] != self.latent_dim:
            raise UserError(
                f"codes has shape {codes.shape}; this run takes (num, {self.latent_dim})"
            )
        return decode_codes(self.model, codes)
