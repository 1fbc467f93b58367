"""Built-in data: images drawn from factors, as many as are asked for."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.preparation import LARGEST, NUM_CHANNELS, SMALLEST, Preparation
from unknot.data.sources import LoadOptions, Scan, Written, as_path, faces, sprites
from unknot.data.splits import SPLITS

CHUNK = 256  # images that a thread draws at once


@dataclass(frozen=True)
class SyntheticDataset:
    """Images of one kind, drawn from known factors; a source of images.

    Attributes:
        name: what a user calls the data.
        name_prefix: the first part of each image's name.
        color: the only one it is drawn in, `"rgb"` or `"grey"`.
        sizes: of the squares that it is drawn in, in pixels.
        sizes_text: the same in words.
        factor_names: one per column of the factors.
        version: changes with the drawing.
        default_num: how many are drawn when nobody says.
        sample: how many, and `seed` -> factors.
        draw: factors and `size` -> images.
    """

    name: str
    name_prefix: str
    color: str
    sizes: Sequence[int]
    sizes_text: str
    factor_names: tuple[str, ...]
    version: int
    default_num: int
    sample: Callable[..., NDArray[Any]]
    draw: Callable[..., NDArray[np.uint8]]

    def matches(self, given: Any) -> bool:
        """Say whether it was asked for by its name; `./faces` is a folder."""
        return as_path(given) is not None and str(given) == self.name

    def scan(self, given: Any, options: LoadOptions) -> Scan:
        """Say what would be drawn; see `Source.scan`."""
        num = self.default_num if options.num is None else options.num
        preparation = self._as_drawn(options.preparation)
        if num < len(SPLITS):
            raise UserError(
                f"num is {num}; training, validation and test need at least 3 {self.name}"
            )
        image_shape = preparation.image_shape(NUM_CHANNELS[self.color])
        return Scan(
            source=self.name,
            key=(self.name, self.version, num, options.seed, preparation.as_dict()),
            preparation=preparation,
            num_bytes=num * prod(image_shape),
            write=partial(self._write, num, image_shape, options),
            repeatable=(num, options.seed) == (self.default_num, 0),
        )

    def _as_drawn(self, preparation: Preparation) -> Preparation:
        """Give the one preparation that serves, however it was asked for."""
        if preparation.size not in self.sizes:
            raise UserError(
                f"size is {preparation.size}; the built-in {self.name} are squares of "
                f"{self.sizes_text} pixels"
            )
        if preparation.color not in ("auto", self.color) or preparation.crop != "auto":
            in_color = "in RGB" if self.color == "rgb" else "in grey"
            raise UserError(
                f"the built-in {self.name} are drawn {in_color} without a crop; "
                "leave color and crop"
            )
        return replace(preparation, color="auto")

    def _write(
        self, num: int, image_shape: tuple[int, int, int], options: LoadOptions, pixels: Path
    ) -> Written:
        factors = self.sample(num, seed=options.seed)
        self._draw(factors, image_shape[1], options, pixels)
        return Written(
            kind=f"built-in {self.name}",
            image_shape=image_shape,
            names=[f"{self.name_prefix}-{i:06d}" for i in range(num)],
            digests=[row.tobytes() for row in factors],
            factors=factors.astype(np.float64),
            factor_names=self.factor_names,
        )

    def _draw(self, factors: NDArray[Any], size: int, options: LoadOptions, pixels: Path) -> None:
        """Draw every row of factors into one file."""
        parts = (factors[start : start + CHUNK] for start in range(0, len(factors), CHUNK))
        with pixels.open("wb") as file, ThreadPoolExecutor(options.workers) as pool:
            num_drawn = 0
            for images in pool.map(lambda part: self.draw(part, size=size), parts):
                file.write(images.data)
                num_drawn += len(images)
                if options.progress:
                    options.progress("drawing", num_drawn, len(factors))


FACES = SyntheticDataset(
    name="faces",
    name_prefix="face",
    color="rgb",
    sizes=range(SMALLEST, LARGEST + 1),
    sizes_text=f"{SMALLEST} to {LARGEST}",
    factor_names=faces.FACTOR_NAMES,
    version=faces.VERSION,
    default_num=faces.DEFAULT_NUM,
    sample=faces.sample_factors,
    draw=faces.draw_faces,
)
SPRITES = SyntheticDataset(
    name="sprites",
    name_prefix="sprite",
    color="grey",
    sizes=sprites.SIZES,
    sizes_text=", ".join(map(str, sprites.SIZES)),
    factor_names=sprites.FACTOR_NAMES,
    version=sprites.VERSION,
    default_num=sprites.DEFAULT_NUM,
    sample=sprites.sample_factors,
    draw=sprites.draw_sprites,
)
