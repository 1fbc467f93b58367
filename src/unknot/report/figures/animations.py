"""The two animations of a run, and how they are written."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from unknot.common.errors import UserError
from unknot.common.files import written_beside
from unknot.report.figures.sheets import sheet

FORMATS = ("avif", "gif", "webp", "png")
"""`png` is a still sheet."""

ENCODING: dict[str, dict[str, Any]] = {
    ".avif": {"quality": 70, "subsampling": "4:4:4", "speed": 8},
    ".webp": {"quality": 85, "method": 3},
    ".gif": {"optimize": False},
}

Decode = Callable[[NDArray[np.floating]], NDArray[np.uint8]]


def reconstruction_frames(
    images: NDArray[np.uint8], reconstructions: NDArray[np.uint8], steps: NDArray[np.integer]
) -> list[Image.Image]:
    """Draw held-out images above, their reconstructions below, a frame per step.

    Args:
        images: uint8, shape `(num, channel, height, width)`.
        reconstructions: shape `(num_steps, num, channel, height, width)`.
        steps: shape `(num_steps,)`, written into each frame.
    """
    labels = ("image", "recon-\nstruction")
    return [
        sheet(np.stack([images, after]), row_labels=labels, title=f"step {step:,}")
        for step, after in zip(steps, reconstructions)
    ]


def traversal_values(span: tuple[float, float], num: int = 21) -> NDArray[np.float64]:
    """Space values evenly from the lower to the upper end of `span`."""
    return np.linspace(*span, num)


def traversal_frames(
    decode: Decode,
    codes: NDArray[np.floating],
    kl: NDArray[np.floating],
    values: NDArray[np.floating],
) -> list[Image.Image]:
    """Draw each latent set to each value in turn, the others as they are.

    A row per latent, ordered by its KL; a column per code; a frame per value.

    Args:
        decode: codes `(num, latent_dim)` to images.
        codes: where to start, shape `(columns, latent_dim)`.
        kl: of each latent in nats, shape `(latent_dim,)`.
        values: shape `(num_frames,)`.
    """
    order = np.argsort(-kl, kind="stable")
    labels = [f"latent {i}\n{kl[i]:.2f} nats" for i in order]
    traversed = np.tile(codes, (len(values), len(order), 1, 1))
    for row, latent in enumerate(order):
        traversed[:, row, :, latent] = values[:, None]
    images = decode(traversed.reshape(-1, codes.shape[1]))
    images = images.reshape(*traversed.shape[:3], *images.shape[1:])
    return [
        sheet(frame, row_labels=labels, title=f"the row's latent set to {value:+.2f}")
        for value, frame in zip(values, images)
    ]


def traversal_sheet(
    decode: Decode,
    code: NDArray[np.floating],
    kl: NDArray[np.floating],
    values: NDArray[np.floating],
) -> Image.Image:
    """Draw one code moved along each latent: a row per latent, a column per value.

    Args:
        decode: codes `(num, latent_dim)` to images.
        code: where to start, shape `(latent_dim,)`.
        kl: of each latent in nats, shape `(latent_dim,)`.
        values: shape `(columns,)`.
    """
    order = np.argsort(-kl, kind="stable")
    labels = [f"latent {i}\n{kl[i]:.2f} nats" for i in order]
    traversed = np.tile(code, (len(order), len(values), 1))
    for row, latent in enumerate(order):
        traversed[row, :, latent] = values
    images = decode(traversed.reshape(-1, len(code)))
    title = f"from {values[0]:+g} to {values[-1]:+g}"
    tiles = images.reshape(len(order), len(values), *images.shape[1:])
    return sheet(tiles, row_labels=labels, title=title)


def there_and_back(frames: Sequence[Image.Image]) -> list[Image.Image]:
    """Play frames forwards, then backwards, so that a loop has no jump."""
    return [*frames, *frames[-2:0:-1]]


def available_format(wanted: str) -> tuple[str, str | None]:
    """Choose the format to write.

    Args:
        wanted: one of `FORMATS`.

    Returns:
        It, and a line for the user where it is not the one that was wanted.

    Raises:
        UserError: if the format is unknown.
    """
    if wanted not in FORMATS:
        raise UserError(f"format is {wanted!r}; it can be {', '.join(FORMATS)}")
    if wanted == "avif" and not features.check("avif"):
        return "webp", "this Pillow writes no AVIF; wrote WebP instead (pip install -U pillow)"
    return wanted, None


def save_animation(
    frames: Sequence[Image.Image], path: Path, *, milliseconds: int = 100, last: int | None = None
) -> None:
    """Write frames as an endless animation; the suffix of `path` is the format.

    Args:
        frames: pictures of one size.
        path: `.avif`, `.gif` or `.webp`.
        milliseconds: how long a frame stays.
        last: how long the last one does.
    """
    durations = [milliseconds] * len(frames)
    durations[-1] = last or milliseconds
    options = ENCODING[path.suffix]
    with written_beside(path) as temporary:
        frames[0].save(
            temporary,
            save_all=True,
            append_images=list(frames[1:]),
            duration=durations,
            loop=0,
            **options,
        )


def save_picture(picture: Image.Image, path: Path) -> None:
    """Write one picture atomically; the suffix of `path` is the format."""
    with written_beside(path) as temporary:
        picture.save(temporary)
