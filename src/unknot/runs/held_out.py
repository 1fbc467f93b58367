"""Codes of held-out images beside what is known of the images."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.reading import Stamp, damage_named, file_stamp, parse_arrays
from unknot.data.image_set import ImageSet
from unknot.data.splits import SPLITS
from unknot.models.vae import Posterior
from unknot.runs.codes_file import (
    check_codes,
    joined_labels,
    joined_names,
    labels_in,
    write_codes_file,
)
from unknot.runs.folder import TRAIN_AGAIN, RunFolder
from unknot.runs.run import Run


@dataclass(frozen=True, eq=False)
class HeldOutCodes:
    """Codes of held-out images beside what is known of the images.

    Attributes:
        posterior_mean: shape `(num, latent_dim)`.
        posterior_logvar: the same shape.
        labels: factors and attributes, NaN where not known, shape `(num, num_labels)`.
        label_names: one per column.
        groups: group of each image, -1 where it has none, shape `(num,)`.
    """

    posterior_mean: NDArray[np.float32]
    posterior_logvar: NDArray[np.float32]
    labels: NDArray[np.float64]
    label_names: tuple[str, ...]
    groups: NDArray[np.int32]

    @classmethod
    def load(cls, folder: RunFolder) -> "HeldOutCodes":
        """Read the codes and labels of the run's test images from its folder alone.

        Raises:
            DamageError: if the file is missing or damaged.
            UserError: if it cannot be read.
        """
        return _load(folder, file_stamp(folder.codes))

    def with_labels_of(self, images: ImageSet) -> "HeldOutCodes":
        """Take the labels that the images have now, which may have been given after training.

        Args:
            images: the run's own.
        """
        rows, labels = images.indices("test"), images.labels
        return replace(
            self,
            labels=joined_labels(labels.factors[rows], labels.attributes[rows]),
            label_names=joined_names(labels.factor_names, labels.attribute_names),
        )

    @classmethod
    def of(cls, run: Run, images: ImageSet) -> "HeldOutCodes":
        """Encode other images: all of them, but only the test images of the run's own.

        Raises:
            UserError: if the images have another shape than the run was trained on.
        """
        is_own = images.fingerprint == run.files.read_images().fingerprint
        rows = images.indices("test") if is_own else np.arange(len(images))
        labels = images.labels
        posterior = run.posterior(images.images[rows])
        return cls(
            posterior_mean=posterior.mean.numpy(),
            posterior_logvar=posterior.logvar.numpy(),
            labels=joined_labels(labels.factors[rows], labels.attributes[rows]),
            label_names=joined_names(labels.factor_names, labels.attribute_names),
            groups=labels.groups[rows],
        )


@lru_cache(maxsize=32)  # the sections of a page ask for the codes of the same runs
def _load(folder: RunFolder, stamp: Stamp | None) -> HeldOutCodes:
    """Read codes and labels of test images, once for each stamp of their file."""
    arrays = read_codes(folder)
    test = arrays["split"] == SPLITS.index("test")
    labels, label_names = labels_in(arrays)
    return HeldOutCodes(
        posterior_mean=arrays["posterior_mean"][test],
        posterior_logvar=arrays["posterior_logvar"][test],
        labels=labels[test],
        label_names=label_names,
        groups=arrays["groups"][test],
    )


def read_codes(folder: RunFolder) -> dict[str, NDArray[Any]]:
    """Read the file of a run's codes, as `save_codes` wrote it.

    Args:
        folder: the run's.

    Raises:
        DamageError: if it is missing, damaged or of another run.
        UserError: if it cannot be read.
    """
    latent_dim = folder.read_config().model.latent_dim
    arrays = parse_arrays(folder.content(folder.codes), folder.codes, remedy=TRAIN_AGAIN)
    with damage_named(folder.codes, TRAIN_AGAIN):
        check_codes(arrays, latent_dim)
    return arrays


def save_codes(
    folder: RunFolder, images: ImageSet, rows: NDArray[np.int64], posterior: Posterior
) -> None:
    """Write the codes of held-out images with all that is known of the images.

    Args:
        folder: the run's.
        images: it was trained on.
        rows: which of them were encoded, shape `(num,)`.
        posterior: of these, on the CPU, `(num, latent_dim)`.
    """
    write_codes_file(folder.codes, images, rows, posterior)
