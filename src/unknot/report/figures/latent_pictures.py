"""Small pictures of one latent: what moving it does, where, and how its codes are spread."""

import base64
import io
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from unknot.data.visible_channels import visible

QUALITIES = (60, 40, 25, 10)  # of WebP, tried in this order
EFFORT = (
    1  # of WebP, from 0 to 6: as fast as 0; a twentieth larger than 2, which takes a third more
)
HUE = (222, 82, 0)  # of a change: seen on white and on black, the stronger the less transparent
HUE_SHARE = 0.8  # in the color of what changes most; the rest is the picture behind it
BACKDROP_OPACITY = 0.45  # of the picture where nothing changes
NUM_BINS = 32
LEAST_SPAN, SHARE_WITHIN = (
    4,
    0.995,
)  # histograms reach from -4 to 4 at least, and hold so many codes
TICK = 3
WIDTH, HEIGHT = 320, 150  # of a histogram


class Histogram(NamedTuple):
    """Outlines of a histogram, as paths of an SVG of 320 by 150.

    Attributes:
        bars: of the codes.
        prior: density of the prior on the same scale.
        ticks: where -3, 0 and 3 are, from the left.
    """

    bars: str
    prior: str
    ticks: tuple[int, int, int]


def film(images: NDArray[np.uint8], cell: int) -> Image.Image:
    """Lay images out in rows and columns without gaps.

    Args:
        images: uint8, shape `(rows, columns, channel, height, width)`, 1 to 4 channels.
        cell: what an image may be large at most, in pixels.
    """
    rows, columns, _, height, width = images.shape
    seen = visible(images).transpose(0, 3, 1, 4, 2)
    pixels = seen.reshape(rows * height, columns * width, -1)
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    scale = cell / max(height, width)
    if scale >= 1:
        return picture
    return picture.resize((columns * round(width * scale), rows * round(height * scale)))


def change_picture(
    change: NDArray[np.floating], backdrop: NDArray[np.uint8], size: int
) -> Image.Image:
    """Draw where a picture changes over a faint picture, for light and dark paper alike.

    Args:
        change: of each pixel, not negative, shape `(height, width)`; what changes most is opaque.
        backdrop: uint8, shape `(channel, height, width)`; drawn in grey.
        size: what the picture may be large at most, in pixels.
    """
    grey = backdrop[:3].astype(np.float64).mean(0)
    opacity = change / change.max() if change.max() > 0 else np.zeros_like(change)
    alpha = opacity + BACKDROP_OPACITY * (1 - opacity)
    share = (HUE_SHARE * opacity / alpha)[..., None]
    color = share * np.array(HUE) + (1 - share) * grey[..., None]
    pixels = np.concatenate([color, 255 * alpha[..., None]], axis=-1)
    picture = Image.fromarray(pixels.round().astype(np.uint8), "RGBA")
    picture.thumbnail((size, size))
    return picture


def histogram(codes: NDArray[np.floating]) -> Histogram:
    """Outline how codes are spread, beside the prior's density; the higher fills the height.

    Args:
        codes: of one latent, shape `(num,)`; the few that are far out are counted at the ends.
    """
    span = max(LEAST_SPAN, int(np.ceil(np.quantile(np.abs(codes), SHARE_WITHIN))))
    counts, edges = np.histogram(np.clip(codes, -span, span), NUM_BINS, (-span, span))
    density = counts / counts.sum() / (edges[1] - edges[0])
    normal = np.exp(-(edges**2) / 2) / np.sqrt(2 * np.pi)
    highest = max(density.max(), normal.max())
    step = WIDTH // NUM_BINS
    levels = (HEIGHT * (1 - density / highest)).round().astype(int)
    heights = (HEIGHT * (1 - normal / highest)).round().astype(int)
    middle, tick = WIDTH // 2, round(WIDTH / 2 * TICK / span)
    return Histogram(
        bars=f"M0 {HEIGHT}{''.join(f'V{level}h{step}' for level in levels)}V{HEIGHT}Z",
        prior="M" + " ".join(f"{step * i},{y}" for i, y in enumerate(heights)),
        ticks=(middle - tick, middle, middle + tick),
    )


def data_address(picture: Image.Image, max_characters: int) -> str:
    """Give a picture as the data address of a WebP; of a PNG where Pillow has no WebP.

    Args:
        picture: RGB, grey, or RGBA.
        max_characters: of the address; the best quality is taken that fits, or else the lowest.
    """
    if not features.check("webp"):
        return _encode(picture, "PNG", 0)
    for quality in QUALITIES:
        address = _encode(picture, "WEBP", quality)
        if len(address) <= max_characters:
            break
    return address


def _encode(picture: Image.Image, kind: str, quality: int) -> str:
    file = io.BytesIO()
    picture.save(file, kind, quality=quality, alpha_quality=quality, method=EFFORT)
    content = base64.b64encode(file.getvalue()).decode()
    return f"data:image/{kind.lower()};base64,{content}"
