"""Encoder and decoder pairs: one a file, named in `NETWORKS`.

An encoder maps standardized images `(batch, channel, height, width)` to `(batch, 2 * latent_dim)`:
posterior means, then log variances. A decoder maps `(batch, latent_dim)` to the images' shape. What
comes out for an image must not depend on the others of its batch (no batch normalization), since a
batch may be divided among processes. The fast layers of `unknot.models.layers` give bfloat16 while
they train: what follows them is one of them too, or takes any precision. A decoder of other layers
than `unknot.report.browser_decoder` knows is not in the page's explorer.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from unknot.common.plugins import load_plugin

if TYPE_CHECKING:  # the names below must be had without torch
    from torch import nn

NETWORKS = {
    "higgins_conv": "unknot.models.networks.higgins_conv:higgins_conv",
    "linear": "unknot.models.networks.linear:linear",
}
"""Name -> `module:function`. The function is a `NetworkBuilder`; a `UserError` of it refuses a size
that it does not take."""

NetworkBuilder = Callable[[tuple[int, int, int], int], tuple["nn.Module", "nn.Module"]]
"""Called with the image's `(channel, height, width)` and `latent_dim`; gives encoder, decoder."""


def find_network(name: str) -> NetworkBuilder:
    """Import the builder of a named network.

    Raises:
        UserError: if there is none.
    """
    builder: NetworkBuilder = load_plugin("network", name, NETWORKS)
    return builder
