"""Images per second from JPEGs of 178x218 to the cache, with one thread and with two.

    python benchmarks/decode.py [--rounds 3] [--json]

Measured through `load_images`, so that hashing, writing and splitting are in it.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from common import alternate, arguments, machine, show, summary
from PIL import Image

from unknot.data.cache import clear_cache
from unknot.data.faces import draw_faces, sample_factors
from unknot.data.sources import load_images

NUM = 4000


def make_jpegs(folder: Path, num: int, *, distinct: int = 500) -> None:
    """Write faces as JPEGs of CelebA's size, with grain so that they weigh what photographs do."""
    rng = np.random.default_rng(0)
    faces = draw_faces(sample_factors(distinct, seed=0), size=64).transpose(0, 2, 3, 1)
    for i in range(num):
        large = Image.fromarray(faces[i % distinct]).resize((178, 218), Image.Resampling.BICUBIC)
        grain = rng.integers(-8, 9, (218, 178, 3))
        pixels = np.clip(np.asarray(large) + grain, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{i:06d}.jpg", quality=90)


def main() -> None:
    options = arguments(__doc__, rounds=3)
    with tempfile.TemporaryDirectory() as place:
        os.environ["UNKNOT_CACHE"] = f"{place}/cache"
        folder = Path(place) / "jpegs"
        folder.mkdir()
        make_jpegs(folder, NUM)
        size = sum(file.stat().st_size for file in folder.iterdir()) / NUM

        def rate(workers: int) -> float:
            clear_cache()
            begun = time.perf_counter()
            load_images(folder, workers=workers)
            return NUM / (time.perf_counter() - begun)

        rate(1)
        found = alternate({"one": lambda: rate(1), "two": lambda: rate(2)}, options.rounds)
    show(
        {
            **machine(),
            "bytes_per_jpeg": round(size),
            "one_thread_images_per_second": summary(found["one"]),
            "two_threads_images_per_second": summary(found["two"]),
            "median_ratio": statistics.median(b / a for a, b in zip(found["one"], found["two"])),
        },
        options.json,
    )


if __name__ == "__main__":
    main()
