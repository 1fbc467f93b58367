"""CPU time and memory of preparing photographs at several sizes.

    python benchmarks/sizes.py [--num 400] [--json]

JPEGs of 640x480 are made in a temporary place and loaded at each size, each in a process of its own
that starts with an empty cache. Peaks are of anonymous memory beyond what the imports take.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from decode import grainy

from common import machine, show
from unknot.data.load import load_images
from unknot.data.sources.faces import draw_faces, sample_factors

SIZES = ("28", "64", "96x128", "128", "192x256", "256")
PHOTOGRAPH = (640, 480)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--num", type=int, default=400)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure)))
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "jpegs"
        write_photographs(folder, options.num)
        measured = {size: in_own_process(folder, size) for size in SIZES}
    show({**machine(), "num": options.num, **measured}, options.json)


def write_photographs(folder: Path, num: int) -> None:
    """Write faces as JPEGs of a camera's shape, with grain."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    faces = draw_faces(sample_factors(num, seed=0), size=64).transpose(0, 2, 3, 1)
    for i, face in enumerate(faces):
        grainy(face, PHOTOGRAPH, rng).save(folder / f"{i:06d}.jpg", quality=90)


def in_own_process(folder: Path, size: str) -> dict[str, float]:
    """Measure one size."""
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, __file__, "--measure", str(folder), size]
        environment = {**os.environ, "UNKNOT_CACHE": cache}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def measure(folder: str, size: str) -> dict[str, float]:
    """Load the photographs, then add up their pixels, as training does."""
    before, begun = peak_mib(), time.process_time()
    images = load_images(folder, size=size, workers=2)
    loaded = time.process_time() - begun
    images.training_moments()
    return {
        "cpu_ms_per_image": round(1e3 * loaded / len(images), 2),
        "peak_mib": round(peak_mib() - before),
        "cache_kib_per_image": round(images.images[0].nbytes / 2**10, 1),
    }


def peak_mib() -> float:
    """Give the most memory so far, less what is mapped from files now."""
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    kib = {words[0]: int(words[1]) for words in lines if words[0] in ("VmHWM:", "RssFile:")}
    return (kib["VmHWM:"] - kib["RssFile:"]) / 2**10


if __name__ == "__main__":
    main()
