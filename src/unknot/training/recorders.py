"""What is gathered while a run trains: means of the terms, what went astray, reconstructions."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unknot.data.image_set import ImageSet
from unknot.files import read_arrays, write_arrays
from unknot.model.vae import VAE, Terms
from unknot.training.evaluate import decode_codes, encode_images

EXPLODED = 1e4  # times the first step's loss
NUM_FRAME_IMAGES = 8
FRAMES = "frames.npz"


@torch.no_grad()
def means_of(loss: Tensor, terms: Terms) -> Tensor:
    """Loss, distortion and KL divergence of each latent in nats per image, `(2 + latent_dim,)`.

    Args:
        loss: a scalar.
        terms: of the batch.
    """
    return torch.cat([loss.detach()[None], terms.distortion.mean()[None], terms.kl.mean(0)])


class Meter:
    """Means of the training terms since they were last read, summed on the device."""

    def __init__(
        self, latent_dim: int, device: torch.device, sums: Sequence[float] = (), num: int = 0
    ) -> None:
        self._sums = torch.tensor(sums or [0.0] * (2 + latent_dim), device=device)
        self._num = num

    def state(self) -> tuple[tuple[float, ...], int]:
        """The sums and how many steps are in them, from which another can go on."""
        return tuple(self._sums.tolist()), self._num

    def add(self, means: Tensor) -> None:
        """Add one step's, as of `means_of`."""
        self._sums += means
        self._num += 1

    def read(self) -> dict[str, Any]:
        """The means, in nats per image; starts again from nothing."""
        loss, distortion, *kl = (self._sums / max(self._num, 1)).tolist()
        self._sums.zero_()
        self._num = 0
        return {"loss": loss, "distortion": distortion, "rate": sum(kl), "kl": kl}


class Astray(NamedTuple):
    """A step whose loss or gradient was not finite, or whose loss exploded."""

    step: int
    loss: float
    gradient: float


class Watch:
    """Loss and gradient of each step, kept on the device until somebody looks.

    Args:
        first_loss: of the run's first step; NaN before it.
    """

    def __init__(self, first_loss: float) -> None:
        self.first_loss = first_loss
        self._seen: list[tuple[int, Tensor]] = []

    def add(self, step: int, loss: Tensor, gradients: list[Tensor]) -> None:
        """Add a step's."""
        norm = torch.nn.utils.get_total_norm(gradients)
        self._seen.append((step, torch.stack([loss, norm])))

    def look(self) -> Astray | None:
        """The first step since the last look that went astray; waits for the device."""
        if not self._seen:
            return None
        steps, values = zip(*self._seen)
        seen = torch.stack(values).tolist()
        self._seen.clear()
        if math.isnan(self.first_loss):
            self.first_loss = seen[0][0]
        for step, (loss, gradient) in zip(steps, seen):
            exploded = abs(loss) > EXPLODED * max(abs(self.first_loss), 1.0)
            if exploded or not (math.isfinite(loss) and math.isfinite(gradient)):
                return Astray(step, loss, gradient)
        return None


class Frames:
    """Reconstructions of the same held-out images at chosen steps.

    Args:
        model: as it is being trained.
        images: the first few of the test split are shown.
        folder: the run's.
        step: on a resume, frames after this step are dropped.
    """

    def __init__(self, model: VAE, images: ImageSet, folder: Path, step: int) -> None:
        self._model, self._path = model, folder / FRAMES
        self._indices = images.indices("test")[:NUM_FRAME_IMAGES]
        self._images = images.images
        self._taken: dict[int, NDArray[np.uint8]] = {}
        if self._path.exists() and step > 0:
            stored = read_arrays(self._path)
            kept = zip(stored["steps"].tolist(), stored["reconstructions"])
            self._taken = {at: frame for at, frame in kept if at <= step}

    def take(self, step: int) -> None:
        """Reconstruct the images from their posterior means."""
        mean = encode_images(self._model, self._images, self._indices).mean
        self._taken[step] = decode_codes(self._model, mean)

    def save(self) -> None:
        """Write every frame so far."""
        steps = sorted(self._taken)
        arrays = {
            "steps": np.array(steps),
            "images": np.asarray(self._images[self._indices]),
            "reconstructions": np.stack([self._taken[step] for step in steps]),
        }
        write_arrays(self._path, arrays)
