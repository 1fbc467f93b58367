"""Codecs: what a model must do to be looked at, and how each kind is opened, named in `CODECS`.

A run of ours is one; what its folder holds besides, history and reconstructions over training, a
codec need not have.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from unknot.common.plugins import load_plugin

if TYPE_CHECKING:  # the names below must be had without torch
    import numpy as np
    from numpy.typing import NDArray

    from unknot.models.vae import Posterior

CODECS = {"run": "unknot.runs.codecs.run:open_run"}
"""Name -> `module:function`. The function takes a path and gives a `Codec`."""


class Codec(Protocol):
    """A model that takes images to codes and back."""

    @property
    def latent_dim(self) -> int:
        """Number of latents."""

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height, width of its images."""

    def posterior(self, images: NDArray[np.uint8], /) -> Posterior:
        """Encode images.

        Args:
            images: uint8, shape `(num, channel, height, width)`.

        Returns:
            Means and log variances, both `(num, latent_dim)`.
        """

    def decode(self, codes: NDArray[np.floating], /) -> NDArray[np.uint8]:
        """Give the expected image of each code.

        Args:
            codes: shape `(num, latent_dim)`.

        Returns:
            uint8, shape `(num, channel, height, width)`.
        """


def open_codec(kind: str, path: Path) -> Codec:
    """Open a model.

    Args:
        kind: a name in `CODECS`.
        path: where it is.

    Raises:
        UserError: if there is no such kind, or no such model there.
    """
    codec: Codec = load_plugin("codec", kind, CODECS)(path)
    return codec
