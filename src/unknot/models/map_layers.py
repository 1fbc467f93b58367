"""Layers of feature maps that compute next to nothing: sums, broadcasts and crops."""

from typing import cast

import torch
from torch import Tensor, nn

SMALLEST_SIDE = 4  # of the last feature map


class Residual(nn.Module):
    """What layers give, added to what they take (He et al. 2016).

    Args:
        layers: one after the other; they keep the shape, and the first does not work in place.
    """

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.branch = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same."""
        return x + cast(Tensor, self.branch(x))


class Broadcast(nn.Module):
    """A code at every pixel of a map, and the pixel's place (Watters et al. 2019).

    Args:
        height: of the map.
        width: of the map.

    Attributes:
        places: row and column from -1 to 1, `(1, 2, height, width)`; not kept with the weights.
    """

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        sides = torch.linspace(-1, 1, height), torch.linspace(-1, 1, width)
        places = torch.stack(torch.meshgrid(*sides, indexing="ij"))[None]
        self.register_buffer("places", places, persistent=False)
        self.places: Tensor

    def forward(self, z: Tensor) -> Tensor:
        """Codes `(batch, latent_dim)` to `(batch, latent_dim + 2, height, width)`."""
        size = self.places.shape[2:]
        codes = z[:, :, None, None].expand(-1, -1, *size)
        return torch.cat([codes, self.places.expand(len(z), -1, -1, -1)], dim=1)


class Crop(nn.Module):
    """The middle of a map; of an odd remainder the larger half is cut at the bottom and right.

    Args:
        height: that is left.
        width: that is left.
    """

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.height, self.width = height, width

    def forward(self, x: Tensor) -> Tensor:
        """Shape `(batch, channel, at least height, at least width)` to the size that is left."""
        top, left = (x.shape[2] - self.height) // 2, (x.shape[3] - self.width) // 2
        return x[:, :, top : top + self.height, left : left + self.width]


def num_halvings(height: int, width: int) -> int:
    """Count how often an image is halved until its shorter side has 4 to 7 pixels."""
    return (min(height, width) // SMALLEST_SIDE).bit_length() - 1
