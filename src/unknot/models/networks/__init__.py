"""Encoder and decoder pairs: one a file, named in `NETWORKS`.

An encoder maps standardized images `(batch, channel, height, width)` to `(batch, 2 * latent_dim)`:
posterior means, then log variances. A decoder maps `(batch, latent_dim)` to the images' shape. What
comes out for an image must not depend on the others of its batch (no batch normalization), since a
batch may be divided among processes. The fast layers of `unknot.models.layers` give bfloat16 while
they train: what follows them is one of them too, or takes any precision. A decoder of other layers
than `unknot.report.browser_decoder` knows is not in the page's explorer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unknot.common.errors import UserError
from unknot.common.plugins import load_plugin

if TYPE_CHECKING:  # the names below must be had without torch
    from torch import nn

NetworkBuilder = Callable[[tuple[int, int, int], int], tuple["nn.Module", "nn.Module"]]
"""Called with the image's `(channel, height, width)` and `latent_dim`; gives encoder, decoder."""


@dataclass(frozen=True)
class NetworkEntry:
    """A network, and the images that it takes.

    Attributes:
        function: `module:function` of its `NetworkBuilder`.
        multiple: of which both sides are, in pixels.
        smallest: side in pixels from which on it takes images.
        largest: side in pixels up to which it takes images; None for any.
        most_channels: up to how many channels; None for any number.
    """

    function: str
    multiple: int = 1
    smallest: int = 1
    largest: int | None = None
    most_channels: int | None = None

    def takes(self, image_shape: tuple[int, int, int]) -> bool:
        """Tell whether it takes images of `(channel, height, width)`."""
        channels, *sides = image_shape
        is_multiple = all(side % self.multiple == 0 for side in sides)
        is_within = self.smallest <= min(sides) and max(sides) <= (self.largest or max(sides))
        return is_multiple and is_within and channels <= (self.most_channels or channels)

    def text(self) -> str:
        """Say which images it takes, as `images whose sides are multiples of 32 pixels`."""
        is_any = self.multiple == 1
        size = "of any size" if is_any else f"whose sides are multiples of {self.multiple} pixels"
        smallest = f" from {self.smallest} pixels on" if self.smallest > 1 else ""
        largest = f", up to {self.largest}" if self.largest else ""
        channels = f", of 1 to {self.most_channels} channels" if self.most_channels else ""
        return f"images {size}{smallest}{largest}{channels}"


NETWORKS = {
    "higgins_conv": NetworkEntry(
        "unknot.models.networks.higgins_conv:higgins_conv", multiple=32, largest=256
    ),
    "burgess_conv": NetworkEntry(
        "unknot.models.networks.burgess_conv:burgess_conv", multiple=32, largest=256
    ),
    "locatello_conv": NetworkEntry(
        "unknot.models.networks.locatello_conv:locatello_conv", multiple=32, largest=256
    ),
    "small_residual": NetworkEntry(
        "unknot.models.networks.small_residual:small_residual", smallest=28
    ),
    "spatial_broadcast": NetworkEntry(
        "unknot.models.networks.spatial_broadcast:spatial_broadcast", smallest=28
    ),
    "mlp": NetworkEntry("unknot.models.networks.mlp:mlp", smallest=28, most_channels=4),
    "linear": NetworkEntry("unknot.models.networks.linear:linear"),
}
"""Name -> where the network is, and which images it takes."""


def find_network(name: str) -> NetworkBuilder:
    """Import the builder of a named network.

    Raises:
        UserError: if there is none.
    """
    functions = {known: entry.function for known, entry in NETWORKS.items()}
    builder: NetworkBuilder = load_plugin("network", name, functions)
    return builder


def check_image_shape(name: str, image_shape: tuple[int, int, int]) -> None:
    """Refuse images that a named network does not take.

    Args:
        name: of the network.
        image_shape: channels, height, width.

    Raises:
        UserError: names the networks that take them.
    """
    entry = NETWORKS[name]
    if entry.takes(image_shape):
        return
    channels, height, width = image_shape
    others = [other for other in NETWORKS if NETWORKS[other].takes(image_shape)]
    raise UserError(
        f"network {name} takes {entry.text()}, not {height}x{width} with "
        f"{channels} channel{'s' if channels > 1 else ''}; these networks take such images: "
        f"{', '.join(others)}"
    )
