"""The file of reconstructions over training, `frames.npz` and `newest_frame.npz`."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.reading import UnfitError, damage_named, parse_arrays

NO_FRAMES = "everything else of the run can be used without it"


def checked_frames(
    content: bytes, path: Path, image_shape: tuple[int, ...]
) -> dict[str, NDArray[Any]]:
    """Take the reconstructions out of the content of their file.

    Args:
        content: of the file.
        path: it was read from.
        image_shape: channels, height, width.

    Returns:
        `steps` (num,), `images` (n, channel, height, width) and `reconstructions` (num, n, channel,
        height, width), uint8.

    Raises:
        DamageError: if it holds something else.
    """
    arrays = parse_arrays(content, path, remedy=NO_FRAMES)
    with damage_named(path, NO_FRAMES):
        steps, images, drawn = (arrays[key] for key in ("steps", "images", "reconstructions"))
        num, num_images = len(steps), len(images)
        if images.shape != (num_images, *image_shape) or not num_images:
            raise UnfitError(f"images are {images.shape}; those of the run are {image_shape}")
        if drawn.shape != (num, *images.shape) or steps.shape != (num,) or not num:
            raise UnfitError(f"reconstructions are {drawn.shape} at {num} steps")
        if {images.dtype, drawn.dtype} != {np.dtype(np.uint8)} or steps.dtype.kind not in "iu":
            raise UnfitError("an array in it is of another type")
    return {"steps": steps, "images": images, "reconstructions": drawn}
