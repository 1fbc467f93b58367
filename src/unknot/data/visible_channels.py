"""Images of one to four channels -> what is seen of them, in grey or in red, green and blue."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Values = TypeVar("Values", bound=np.generic)

CHANNEL_NAMES = {1: "grey", 2: "2 channels", 3: "RGB", 4: "4 channels"}
"""What images of so many channels are called."""
WHAT_IS_SEEN = {
    2: "images have 2 channels: every picture shows the first in red and the second in green",
    4: "images have 4 channels: every picture shows the first three in red, green and blue; the "
    "fourth, their opacity if they were RGBA, is learned and not shown",
}
"""Number of channels -> what to say of it, where it is not what anybody expects."""


def visible(images: NDArray[Values]) -> NDArray[Values]:
    """Give the channels that a picture shows.

    Two channels are red and green; of four the first three are red, green and blue.

    Args:
        images: shape `(..., channel, height, width)`, 1 to 4 channels.

    Returns:
        The same with 1 or 3 channels.
    """
    if images.shape[-3] == 2:
        black: NDArray[Any] = np.zeros_like(images[..., :1, :, :])
        return np.concatenate([images, black], axis=-3)
    return images[..., :3, :, :]
