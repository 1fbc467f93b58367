"""Monitors of a training run: running means, divergence, reconstructions."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unknot.common.files import write_arrays
from unknot.common.notices import give_notice
from unknot.common.reading import DamageError
from unknot.data.image_set import ImageSet
from unknot.models.objectives import Loss
from unknot.models.vae import VAE, Terms
from unknot.runs.folder import RunFolder
from unknot.runs.frames_file import checked_frames
from unknot.runs.inference import decode_codes, encode_images

EXPLODED = 1e4  # times the first step's loss
NUM_FRAME_IMAGES = 8


@torch.no_grad()
def batch_means(loss: Loss, terms: Terms) -> Tensor:
    """Loss, distortion, the objective's quantities and the KL divergence of each latent.

    Args:
        loss: of the batch.
        terms: of the batch.

    Returns:
        Nats per image, shape `(2 + num_quantities + latent_dim,)`.
    """
    scalars = [loss.value, terms.distortion.mean(), *loss.quantities]
    return torch.cat([torch.stack([scalar.detach() for scalar in scalars]), terms.kl.mean(0)])


class RunningMeans:
    """Means of the training terms since they were last read, summed on the device.

    Args:
        latent_dim: number of latents.
        quantities: names of the objective's further scalars.
        device: where the steps are computed.
        sums: to go on from, as of `state`.
        num: how many steps are in them.
    """

    def __init__(
        self,
        latent_dim: int,
        quantities: Sequence[str],
        device: torch.device,
        sums: Sequence[float] = (),
        num: int = 0,
    ) -> None:
        self._quantities = tuple(quantities)
        size = 2 + len(self._quantities) + latent_dim
        self._sums = torch.tensor(sums or [0.0] * size, device=device)
        self._num = num

    def state(self) -> tuple[tuple[float, ...], int]:
        """Give the sums and how many steps are in them, from which another can go on."""
        return tuple(self._sums.tolist()), self._num

    def add(self, means: Tensor) -> None:
        """Add those of one step, as of `batch_means`."""
        self._sums += means
        self._num += 1

    def read(self) -> dict[str, Any]:
        """Give the means, in nats per image, and start again from nothing."""
        loss, distortion, *others = (self._sums / max(self._num, 1)).tolist()
        self._sums.zero_()
        self._num = 0
        kl = others[len(self._quantities) :]
        quantities = dict(zip(self._quantities, others))
        return {"loss": loss, "distortion": distortion, "rate": sum(kl), "kl": kl} | quantities


class Divergence(NamedTuple):
    """A step whose loss or gradient was not finite, or whose loss exploded."""

    step: int
    loss: float
    gradient: float


class DivergenceMonitor:
    """Keeps loss and gradient of each step on the device until they are checked.

    Args:
        first_loss: of the run's first step; NaN before it.
    """

    def __init__(self, first_loss: float) -> None:
        self.first_loss = first_loss
        self._unchecked: list[tuple[int, Tensor]] = []

    def add(self, step: int, loss: Tensor, gradients: list[Tensor]) -> None:
        """Add those of a step."""
        norm = torch.nn.utils.get_total_norm(gradients)
        self._unchecked.append((step, torch.stack([loss, norm])))

    def check(self) -> Divergence | None:
        """Find the first step since the last check that diverged; waits for the device."""
        if not self._unchecked:
            return None
        steps, values = zip(*self._unchecked)
        losses_and_gradients = torch.stack(values).tolist()
        self._unchecked.clear()
        if math.isnan(self.first_loss):
            self.first_loss = losses_and_gradients[0][0]
        for step, (loss, gradient) in zip(steps, losses_and_gradients):
            exploded = abs(loss) > EXPLODED * max(abs(self.first_loss), 1.0)
            if exploded or not (math.isfinite(loss) and math.isfinite(gradient)):
                return Divergence(step, loss, gradient)
        return None


class ReconstructionRecorder:
    """Records reconstructions of the same held-out images at chosen steps.

    Args:
        model: as it is being trained.
        images: the first few of the test split are shown.
        folder: the run's.
        step: on a resume, frames after this step are dropped.
    """

    def __init__(self, model: VAE, images: ImageSet, folder: RunFolder, step: int) -> None:
        self._model, self._folder = model, folder
        self._indices = images.indices("test")[:NUM_FRAME_IMAGES]
        self._images = images.images
        self._frames: dict[int, NDArray[np.uint8]] = {}
        if step > 0:
            self._frames = _kept_frames(folder, images, step)

    def record(self, step: int) -> None:
        """Reconstruct the images from their posterior means, and show them."""
        self._frames[step] = self._reconstruct()
        self._write_newest(step, self._frames[step])

    def show(self, step: int) -> None:
        """Show how the images are reconstructed now; nothing of it is kept."""
        self._write_newest(step, self._reconstruct())

    def save(self) -> None:
        """Write every frame so far."""
        steps = sorted(self._frames)
        write_arrays(
            self._folder.frames, self._arrays(steps, [self._frames[step] for step in steps])
        )

    def _reconstruct(self) -> NDArray[np.uint8]:
        mean = encode_images(self._model, self._images, self._indices).mean
        return decode_codes(self._model, mean)

    def _write_newest(self, step: int, frame: NDArray[np.uint8]) -> None:
        write_arrays(self._folder.newest_frame, self._arrays([step], [frame]), compressed=False)

    def _arrays(
        self, steps: Sequence[int], frames: Sequence[NDArray[np.uint8]]
    ) -> dict[str, NDArray[Any]]:
        images = np.asarray(self._images[self._indices])
        return {"steps": np.array(steps), "images": images, "reconstructions": np.stack(frames)}


def _kept_frames(folder: RunFolder, images: ImageSet, step: int) -> dict[int, NDArray[np.uint8]]:
    """Frames up to a step that were recorded before; none where they are lost, which is said."""
    path = folder.frames
    try:
        arrays = checked_frames(folder.content(path), path, images.image_shape)
    except DamageError as error:
        give_notice(f"{error.what}; reconstructions are recorded from step {step:,} on")
        return {}
    frames = zip(arrays["steps"].tolist(), arrays["reconstructions"])
    return {at: frame for at, frame in frames if at <= step}
