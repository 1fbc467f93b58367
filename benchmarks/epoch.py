"""From a folder of JPEGs to a trained model in three epochs, beside a loop that decodes as it goes.

    python benchmarks/epoch.py [--images 24000] [--rounds 2] [--work FOLDER] [--json]

The images are 178x218 JPEGs, made once in `--work`. The reference is written as is usual elsewhere:
a `DataLoader` of two processes that decodes, crops and shrinks every image in every epoch, and the
plain loop of `training.py`. Ours is `load_images` with an empty cache and `fit`, with validation,
checkpoints and codes of the held-out images: one run with all threads, and a run per core at the
same time, whose reference is that many runs one after the other. Each side begins in a fresh
process that has imported what it needs; those of the runs per core have not.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from decode import make_jpegs
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from common import machine, sgemm_gflops, show, summary
from training import BATCH, plain_step
from unknot.common.machine import num_cores
from unknot.config.parts import TrainingConfig
from unknot.config.run import RunConfig
from unknot.data.load import load_images
from unknot.runs.folder import RunFolder
from unknot.training.fit import fit

EPOCHS, CROP, SIZE = 3, 148, 64
LEFT, TOP = (178 - CROP) // 2, (218 - CROP) // 2


class Folder(Dataset[torch.Tensor]):
    """JPEGs as standardised tensors, decoded when they are asked for."""

    def __init__(self, folder: Path) -> None:
        self.files = sorted(folder.iterdir())

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, i: int) -> torch.Tensor:
        with Image.open(self.files[i]) as picture:
            whole = picture.convert("RGB").crop((LEFT, TOP, LEFT + CROP, TOP + CROP))
            small = whole.resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.asarray(small).copy()).permute(2, 0, 1)
        return pixels.float().div(255).sub(0.5).div(0.25)


def reference(folder: Path) -> dict[str, float]:
    """Seconds of each epoch."""
    files = Folder(folder)
    fork = get_context("fork")  # what Linux does by default; a fresh process would spawn
    loader = DataLoader(
        files, BATCH, shuffle=True, num_workers=2, drop_last=True, multiprocessing_context=fork
    )
    step = plain_step()
    epochs = []
    for _ in range(EPOCHS):
        begun = time.perf_counter()
        for batch in loader:
            step(batch)
        epochs.append(time.perf_counter() - begun)
    return {"first": epochs[0], "later": statistics.mean(epochs[1:]), "total": sum(epochs)}


def ours(folder: Path, place: Path, processes: int) -> dict[str, float]:
    """Seconds to the images in the cache, of the training, and of all."""
    os.environ["UNKNOT_CACHE"] = tempfile.mkdtemp(dir=place)
    begun = time.perf_counter()
    images = load_images(folder)
    loaded = time.perf_counter() - begun
    steps = len(images) * EPOCHS // BATCH
    threads = max(1, num_cores() // processes)
    jobs = [
        (folder, Path(tempfile.mkdtemp(dir=place)), seed, steps, threads)
        for seed in range(processes)
    ]
    if processes == 1:
        train(*jobs[0])
    else:
        with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
            list(pool.map(train, *zip(*jobs)))
    total = time.perf_counter() - begun
    shutil.rmtree(os.environ["UNKNOT_CACHE"])
    return {
        "first": loaded + (total - loaded) / EPOCHS,
        "later": (total - loaded) / EPOCHS,
        "total": total,
    }


def train(folder: Path, out: Path, seed: int, steps: int, threads: int) -> None:
    torch.set_num_threads(threads)
    config = RunConfig(1.0, seed, training=TrainingConfig(steps=steps, batch_size=BATCH))
    fit(config, load_images(folder), RunFolder(out), device="cpu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=24_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("runs/epoch"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folder = options.work / f"jpegs-{options.images}"
    if not folder.is_dir():
        beside = folder.with_name(folder.name + ".part")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        make_jpegs(beside, options.images)
        beside.rename(folder)
    cores = num_cores()
    with tempfile.TemporaryDirectory() as place:
        sides: dict[str, tuple[Any, ...]] = {
            "reference": (reference, folder),
            "one run": (ours, folder, Path(place), 1),
            "a run per core": (ours, folder, Path(place), cores),
        }
        found: dict[str, list[dict[str, float]]] = {}
        for _ in range(options.rounds):
            for name, side in sides.items():
                with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
                    fresh.submit(num_cores).result()  # its imports are not measured
                    found.setdefault(name, []).append(fresh.submit(*side).result())
                print(f"{name}: {found[name][-1]['total']:.1f} s", file=sys.stderr)
    document: dict[str, Any] = {
        **machine(),
        "sgemm_gflops": round(sgemm_gflops()),
        "images": options.images,
    }
    for name, rounds in found.items():
        document[name] = {f"{key}_seconds": summary([r[key] for r in rounds]) for key in rounds[0]}
    totals = {name: [r["total"] for r in rounds] for name, rounds in found.items()}
    document["times_faster"] = {
        "one run": statistics.median(a / b for a, b in zip(totals["reference"], totals["one run"])),
        "a run per core": statistics.median(
            cores * a / b for a, b in zip(totals["reference"], totals["a run per core"])
        ),
    }
    print(json.dumps(document, indent=2)) if options.json else show(document, False)


if __name__ == "__main__":
    main()
