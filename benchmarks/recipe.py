"""Images and seconds to the loss that Adam at a constant 1e-4 reaches in 10,000 steps of 64.

    python benchmarks/recipe.py [--celeba FOLDER] [--steps 1666] [--work FOLDER] [--json]

On CelebA at beta 1 with three seeds, and on the built-in faces and sprites at beta 1, 10 and 100;
six latents. `loss` is distortion + beta * rate on validation images. The reference is the recipe
`higgins`, trained by the same step; it takes about an hour on two cores and is kept in `--work`,
where an interrupted one goes on. Seconds are those of the steps, and of the day on which a side was
trained: the share of a reference that was kept from a busier day is too small.
"""

import argparse
import json
import os
from dataclasses import fields
from pathlib import Path
from typing import Any

from common import machine
from unknot.common.machine import num_cores
from unknot.config.parts import TrainingConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.data.load import load_images
from unknot.experiments.engines import Job
from unknot.experiments.engines.local import LocalRunner
from unknot.experiments.setup import experiment_config
from unknot.runs.folder import RunFolder
from unknot.runs.run import Run

REFERENCE = TrainingConfig(recipe="higgins", steps=10_000).resolved()
BETAS = (1.0, 10.0, 100.0)
SEEDS = (0, 1, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--celeba", type=Path, help="CelebA's folder; left out without it")
    parser.add_argument("--crop", default="auto")
    parser.add_argument("--steps", type=int, default=1_666)
    parser.add_argument("--work", type=Path, default=Path("runs/recipe"))
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    ours = TrainingConfig(steps=options.steps).resolved()
    rows = cases(options)
    for training, name in ((ours, f"ours-{options.steps}"), (REFERENCE, "reference")):
        train(rows, training, options.work / name, options.workers)
    found = [compared(row, options.work, f"ours-{options.steps}") for row in rows]
    document = {**machine(), "steps": options.steps, "reference_steps": REFERENCE.steps}
    if options.json:
        print(json.dumps({**document, "rows": found}, indent=2))
        return
    print(document)
    for row in found:
        print(row)


def cases(options: argparse.Namespace) -> list[tuple[str, ImageSet, float, int]]:
    """Name, images, beta and seed of everything that is trained."""
    rows: list[tuple[str, ImageSet, float, int]] = []
    if options.celeba:
        images = load_images(options.celeba, crop=options.crop)
        rows += [("celeba", images, 1.0, seed) for seed in SEEDS]
    for name in ("faces", "sprites"):
        images = load_images(name)
        rows += [(name, images, beta, 0) for beta in BETAS]
    return rows


def train(
    rows: list[tuple[str, ImageSet, float, int]],
    training: TrainingConfig,
    work: Path,
    workers: int,
) -> None:
    """Train what is not yet trained, one thread each."""
    options = {item.name: getattr(training, item.name) for item in fields(training)}
    runner, futures = LocalRunner(workers), []
    for name, images, beta, seed in rows:
        (config,) = experiment_config(images, [beta], [seed], **options).runs()
        folder = RunFolder(work / name / config.name)
        folder.create(config, images)  # refuses what another recipe has left there
        if not folder.is_done:
            job = Job(folders=(str(folder.path),), device="auto", jobs_per_machine=num_cores())
            futures.append(runner.submit(job))
    statuses = [future.result() for future in futures]
    runner.close()
    if any(statuses):
        raise SystemExit(f"a run failed; its log is below {work}")


def compared(row: tuple[str, ImageSet, float, int], work: Path, ours: str) -> dict[str, Any]:
    """One case: losses, and what each took."""
    name, _, beta, seed = row
    run = RunConfig(beta, seed).name
    sides = {side: measured(work / side / name / run, beta) for side in (ours, "reference")}
    mine, theirs = sides[ours], sides["reference"]
    return {
        "images": name,
        "beta": beta,
        "seed": seed,
        "loss": mine["loss"],
        "reference_loss": theirs["loss"],
        "percent_above": 100 * (mine["loss"] / theirs["loss"] - 1),
        "share_of_images": mine["images"] / theirs["images"],
        "share_of_seconds": mine["seconds"] / theirs["seconds"],
    }


def measured(folder: Path, beta: float) -> dict[str, float]:
    """The last validation of a run; its seconds are those of its steps."""
    run = Run(folder)
    validation, last = run.evaluation.validation, run.history("validation")[-1]
    return {
        "loss": validation.distortion + beta * validation.rate,
        "images": last["images"],
        "seconds": last["seconds"],
    }


if __name__ == "__main__":
    main()
