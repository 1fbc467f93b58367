"""Built-in data: images drawn from factors, as many as are asked for."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.data import faces, sprites
from unknot.data.cache import cache_key
from unknot.data.decode import Progress
from unknot.data.image_set import ImageSet, Labels, make_info, make_labels, prepare
from unknot.data.preparation import Preparation
from unknot.data.splits import split_by_hash
from unknot.errors import UserError

CHUNK = 256  # images that a thread draws at once


@dataclass(frozen=True)
class Drawing:
    """How images of one kind are drawn.

    Attributes:
        name: what a user calls the data.
        one: the first part of each image's name.
        color: the only one it is drawn in, `"rgb"` or `"grey"`.
        factor_names: one per column of the factors.
        version: changes with the drawing.
        default_num: how many are drawn when nobody says.
        sample: how many, and `seed` -> factors.
        draw: factors and `size` -> images.
    """

    name: str
    one: str
    color: str
    factor_names: tuple[str, ...]
    version: int
    default_num: int
    sample: Callable[..., NDArray[Any]]
    draw: Callable[..., NDArray[np.uint8]]


DRAWINGS = (
    Drawing(
        *("faces", "face", "rgb", faces.FACTOR_NAMES, faces.VERSION, faces.DEFAULT_NUM),
        sample=faces.sample_factors,
        draw=faces.draw_faces,
    ),
    Drawing(
        *("sprites", "sprite", "grey", sprites.FACTOR_NAMES, sprites.VERSION, sprites.DEFAULT_NUM),
        sample=sprites.sample_factors,
        draw=sprites.draw_sprites,
    ),
)


def load_drawn(
    drawing: Drawing,
    num: int | None,
    seed: int,
    preparation: Preparation,
    workers: int | None,
    progress: Progress | None,
) -> ImageSet:
    """Draw built-in data, or open it from the cache.

    Raises:
        UserError: if there are too few, or a preparation is asked for that is not drawn.
    """
    num = drawing.default_num if num is None else num
    preparation = _as_drawn(drawing, preparation)
    if num < 3:
        raise UserError(
            f"num is {num}; training, validation and test need at least 3 {drawing.name}"
        )
    shape = (1 if drawing.color == "grey" else 3, preparation.size, preparation.size)

    def write(pixels: Path) -> tuple[Labels, dict[str, Any]]:
        factors = drawing.sample(num, seed=seed)
        _draw(drawing, factors, preparation.size, pixels, workers, progress)
        names = [f"{drawing.one}-{i:06d}" for i in range(num)]
        digests = [row.tobytes() for row in factors]
        split = split_by_hash(names, digests)
        labels = make_labels(
            split, factors=factors.astype(np.float64), factor_names=drawing.factor_names
        )
        kind = f"built-in {drawing.name}"
        info = make_info(drawing.name, kind, names, shape, preparation, digests, split)
        return labels, {**info, "repeatable": (num, seed) == (drawing.default_num, 0)}

    key = cache_key(drawing.name, drawing.version, num, seed, preparation.as_dict())
    return prepare(key, num * int(np.prod(shape)), write)


def _as_drawn(drawing: Drawing, preparation: Preparation) -> Preparation:
    """The one preparation that serves, however it was asked for."""
    if preparation.color not in ("auto", drawing.color) or preparation.crop != "auto":
        in_color = "in RGB" if drawing.color == "rgb" else "in grey"
        raise UserError(
            f"the built-in {drawing.name} are drawn {in_color} without a crop; leave color and crop"
        )
    return replace(preparation, color="auto")


def _draw(
    drawing: Drawing,
    factors: NDArray[Any],
    size: int,
    pixels: Path,
    workers: int | None,
    progress: Progress | None,
) -> None:
    """Draw every row of factors into one file."""
    parts = (factors[start : start + CHUNK] for start in range(0, len(factors), CHUNK))
    with pixels.open("wb") as file, ThreadPoolExecutor(workers) as pool:
        drawn = 0
        for images in pool.map(lambda part: drawing.draw(part, size=size), parts):
            file.write(images.data)
            drawn += len(images)
            if progress:
                progress("drawing", drawn, len(factors))
