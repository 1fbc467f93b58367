"""Small pictures of one latent: what moving it does, where, and how its codes are spread."""

import base64
import io
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

CELL = 64  # largest side of an image in these pictures, in pixels
HUE = (222, 82, 0)  # of a change: seen on white and on black, the stronger the less transparent
BACKDROP_OPACITY = 0.3  # of the picture behind a change
NUM_BINS = 32
SPAN = 4.0  # codes are counted from -4 to 4
WIDTH, HEIGHT = 320, 120  # of a histogram


class Histogram(NamedTuple):
    """Outlines of a histogram, as paths of an SVG of 320 by 120.

    Attributes:
        bars: of the codes.
        prior: density of the prior on the same scale.
    """

    bars: str
    prior: str


def film(images: NDArray[np.uint8]) -> Image.Image:
    """Lay images out in rows and columns without gaps, each at most 64 pixels large.

    Args:
        images: uint8, shape `(rows, columns, channel, height, width)`, 1 or 3 channels.
    """
    rows, columns, channels, height, width = images.shape
    pixels = images.transpose(0, 3, 1, 4, 2).reshape(rows * height, columns * width, channels)
    picture = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
    scale = CELL / max(height, width)
    if scale >= 1:
        return picture
    return picture.resize((columns * round(width * scale), rows * round(height * scale)))


def change_picture(change: NDArray[np.floating], backdrop: NDArray[np.uint8]) -> Image.Image:
    """Draw where a picture changes over a faint picture, for light and dark paper alike.

    Args:
        change: of each pixel, not negative, shape `(height, width)`; what changes most is opaque.
        backdrop: uint8, shape `(channel, height, width)`; drawn in grey.
    """
    grey = backdrop.astype(np.float64).mean(0)
    opacity = change / change.max() if change.max() > 0 else np.zeros_like(change)
    alpha = opacity + BACKDROP_OPACITY * (1 - opacity)
    share = (opacity / alpha)[..., None]  # of the hue in the color of a pixel
    color = share * np.array(HUE) + (1 - share) * grey[..., None]
    pixels = np.concatenate([color, 255 * alpha[..., None]], axis=-1)
    picture = Image.fromarray(pixels.round().astype(np.uint8), "RGBA")
    picture.thumbnail((CELL, CELL))
    return picture


def histogram(codes: NDArray[np.floating]) -> Histogram:
    """Outline how codes are spread, beside the prior's density; the higher fills the height.

    Args:
        codes: of one latent, shape `(num,)`; those beyond 4 are counted at the ends.
    """
    counts, edges = np.histogram(np.clip(codes, -SPAN, SPAN), NUM_BINS, (-SPAN, SPAN))
    density = counts / counts.sum() / (edges[1] - edges[0])
    at = np.linspace(-SPAN, SPAN, NUM_BINS + 1)
    normal = np.exp(-(at**2) / 2) / np.sqrt(2 * np.pi)
    highest = max(density.max(), normal.max())
    step = WIDTH // NUM_BINS
    levels = (HEIGHT * (1 - density / highest)).round().astype(int)
    heights = HEIGHT * (1 - normal / highest)
    bars = "".join(f"V{level}h{step}" for level in levels)
    points = " ".join(f"{step * i},{y:.0f}" for i, y in enumerate(heights))
    return Histogram(bars=f"M0 {HEIGHT}{bars}V{HEIGHT}Z", prior=f"M{points}")


def data_address(picture: Image.Image, quality: int) -> str:
    """Give a picture as the data address of a WebP; of a PNG where Pillow has no WebP."""
    file = io.BytesIO()
    kind = "WEBP" if features.check("webp") else "PNG"
    picture.save(file, kind, quality=quality)
    content = base64.b64encode(file.getvalue()).decode()
    return f"data:image/{kind.lower()};base64,{content}"
