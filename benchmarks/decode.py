"""Images per second from JPEGs of 178x218 to the cache, with one thread and with two.

    python benchmarks/decode.py [--rounds 3] [--json]

Measured through `load_images`, so that hashing, writing and splitting are in it. Then, in one
thread and through `decode` alone, a photograph of 4032x3024: shrunk while it is decoded, and whole.
"""

import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common import alternate, arguments, machine, show, summary
from unknot.data.cache import clear_cache
from unknot.data.load import load_images
from unknot.data.preparation import Preparation
from unknot.data.raster.pixels import decode, to_pixels
from unknot.data.sources.faces import draw_faces, sample_factors

NUM = 4000
PHOTOGRAPH, REPEATS = (4032, 3024), 8


def make_jpegs(folder: Path, num: int, *, distinct: int = 500) -> None:
    """Write faces as JPEGs of CelebA's size, with grain so that they weigh what photographs do."""
    rng = np.random.default_rng(0)
    faces = draw_faces(sample_factors(distinct, seed=0), size=64).transpose(0, 2, 3, 1)
    for i in range(num):
        grainy(faces[i % distinct], (178, 218), rng).save(folder / f"{i:06d}.jpg", quality=90)


def grainy(face: NDArray[np.uint8], size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Enlarge a face to a width and height, under grain."""
    large = Image.fromarray(face).resize(size, Image.Resampling.BICUBIC)
    grain = rng.integers(-8, 9, (size[1], size[0], 3))
    return Image.fromarray(np.clip(np.asarray(large) + grain, 0, 255).astype(np.uint8))


def photograph_times(rounds: int) -> dict[str, list[float]]:
    """Time a large JPEG in milliseconds, shrunk while it is decoded and whole."""
    face = draw_faces(sample_factors(1, seed=0), size=64).transpose(0, 2, 3, 1)[0]
    buffer = io.BytesIO()
    grainy(face, PHOTOGRAPH, np.random.default_rng(0)).save(buffer, "JPEG", quality=90)
    content, preparation = buffer.getvalue(), Preparation()

    def whole() -> None:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
            to_pixels(picture, preparation, 3)

    def timed(job: Callable[[], object]) -> float:
        start = time.perf_counter()
        for _ in range(REPEATS):
            job()
        return 1e3 * (time.perf_counter() - start) / REPEATS

    def shrunk() -> None:
        decode(content, preparation, 3)

    return alternate({"shrunk": lambda: timed(shrunk), "whole": lambda: timed(whole)}, rounds)


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
            start = time.perf_counter()
            load_images(folder, workers=workers)
            return NUM / (time.perf_counter() - start)

        rate(1)
        photographs = photograph_times(options.rounds)
        rates = alternate({"one": lambda: rate(1), "two": lambda: rate(2)}, options.rounds)
    show(
        {
            **machine(),
            "bytes_per_jpeg": round(size),
            "one_thread_images_per_second": summary(rates["one"]),
            "two_threads_images_per_second": summary(rates["two"]),
            "median_ratio": statistics.median(b / a for a, b in zip(rates["one"], rates["two"])),
            "photograph_shrunk_ms": summary(photographs["shrunk"]),
            "photograph_whole_ms": summary(photographs["whole"]),
            "photograph_median_ratio": statistics.median(
                whole / shrunk for whole, shrunk in zip(photographs["whole"], photographs["shrunk"])
            ),
        },
        options.json,
    )


if __name__ == "__main__":
    main()
