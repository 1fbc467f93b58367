"""Seconds to the loss that Adam at a constant 1e-4 reaches in 10,000 steps of 64 images.

    python benchmarks/recipe.py [--celeba FOLDER] [--rounds 3] [--json]
    python benchmarks/recipe.py --references FOLDER [--celeba FOLDER] [--betas 1]

`loss` is distortion + beta * rate on validation images, with six latents. Ours is trained here, for
as many steps as these images need; a seed that has no reference is compared with that of seed 0.
The references are kept in `benchmarks/references.json`; the second command trains them anew with
the package's own step, in hours, and goes on where it was interrupted. Seconds a step are measured
in 300 steps of the plain loop of `training.py` and of one run as `unknot train` has it, in turn and
in fresh processes, and multiplied by the steps: the seconds to the loss are those of the steps
alone. With `--celeba` the losses over the seconds are drawn into `docs/pictures`; the plain loop's
only at its end, where no more of a reference was kept.
"""

import argparse
import json
import statistics
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
from matplotlib.figure import Figure

from common import alternate, machine
from training import CPU, PLAIN, Side, rate
from unknot.common.machine import num_cores
from unknot.config.parts import TrainingConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.data.load import load_images
from unknot.runs.folder import RunFolder
from unknot.runs.history import read_history
from unknot.training.fit import fit
from unknot.training.gradients import DATA_PARALLEL, SINGLE, can_share
from unknot.training.precision import computes_in_bfloat16

REFERENCES = Path(__file__).parent / "references.json"
REFERENCE = TrainingConfig(recipe="higgins", steps=10_000)
LABELS = {"plain": "plain loop, Adam 1e-4", "ours": "unknot"}
STEPS = {"celeba": 1_000, "faces": 600, "sprites": 2_300}
SEEDS = {"celeba": (0, 1, 2), "faces": (0, 1, 2), "sprites": (0,)}
TIMED_STEPS = 100  # in a round
CURVE = Path(__file__).parent.parent / "docs" / "pictures" / "loss_over_seconds.svg"


class Row(NamedTuple):
    """A training: images, beta and seed."""

    images: str
    beta: float
    seed: int


Curve = list[tuple[int, float]]
"""Steps done, and the loss on validation images then."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--celeba", help="CelebA's folder; left out without it")
    parser.add_argument("--crop", default="auto")
    parser.add_argument("--betas", type=float, nargs="+", default=[1.0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--references", type=Path, help="train the references in this folder")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(num_cores())
    images = {name: load_images(name) for name in ("faces", "sprites")}
    if options.celeba:
        images["celeba"] = load_images(options.celeba, crop=options.crop)
    rows = [Row(name, beta, s) for name in images for beta in options.betas for s in SEEDS[name]]
    if options.references:
        write_references({row: reference(row, images, options.references) for row in rows})
        return
    references = read_references()
    curves = {row: ours(row, images) for row in rows}
    by_channels = {num: seconds_per_step(num, options.rounds) for num in (1, 3)}
    seconds = {name: by_channels[of.image_shape[0]] for name, of in images.items()}
    found = [
        compared(row, curves[row], reference_of(row, references), seconds[row.images])
        for row in rows
    ]
    if options.celeba:
        draw(curves, references, seconds)
    if options.json:
        print(json.dumps({**machine(), "rows": found}, indent=2))
        return
    for result in found:
        print(headline(result))


def reference(row: Row, images: Mapping[str, ImageSet], work: Path) -> Curve:
    """Train the reference of a row, or finish it, in a folder of its own."""
    return curve(row, images, REFERENCE, work / f"{row.images}-{row.beta:g}-{row.seed}")


def ours(row: Row, images: Mapping[str, ImageSet]) -> Curve:
    """Train ours for a row."""
    training = TrainingConfig(steps=STEPS[row.images], validate_every=50)
    with TemporaryDirectory() as folder:
        return curve(row, images, training, Path(folder))


def curve(
    row: Row, images: Mapping[str, ImageSet], training: TrainingConfig, folder: Path
) -> Curve:
    """Train a row; the loss at its own beta, each time that it was validated."""
    config = RunConfig(row.beta, row.seed, training=training.resolved())
    fit(config, images[row.images], RunFolder(folder), device="cpu")
    lines = read_history(RunFolder(folder).history, "validation")
    return [(line["step"], line["distortion"] + row.beta * line["rate"]) for line in lines]


def seconds_per_step(channels: int, rounds: int) -> dict[str, float]:
    """Median seconds of a step of the plain loop and of ours, measured in turn."""
    cores, batch_size = num_cores(), TrainingConfig().optimization().batch_size
    strategy = DATA_PARALLEL if can_share(batch_size, cores, CPU) else SINGLE
    precision = "bfloat16" if computes_in_bfloat16(CPU) else "float32"
    sides = {
        "plain": Side(PLAIN, channels=channels),
        "ours": Side(strategy, precision, batch_size, channels),
    }
    rates = alternate(
        {
            name: partial(rate, side, threads=cores, steps=TIMED_STEPS)
            for name, side in sides.items()
        },
        rounds,
    )
    return {name: side.batch_size / statistics.median(rates[name]) for name, side in sides.items()}


def compared(
    row: Row, ours: Curve, reference: Curve, seconds: Mapping[str, float]
) -> dict[str, Any]:
    """One row of the results."""
    (steps, loss), (reference_steps, reference_loss) = ours[-1], reference[-1]
    taken, plain = steps * seconds["ours"], reference_steps * seconds["plain"]
    return {
        **row._asdict(),
        "steps": steps,
        "loss": loss,
        "reference_loss": reference_loss,
        "seconds": taken,
        "plain_seconds": plain,
        "times_shorter": plain / taken if loss <= reference_loss else None,
    }


def headline(result: Mapping[str, Any]) -> str:
    """A row in words."""
    what = "{images} at beta {beta:g}, seed {seed}: {loss:,.0f} nats".format(**result)
    if result["times_shorter"] is None:
        return f"{what}, above the {result['reference_loss']:,.0f} that the plain loop comes to"
    return what + (
        " in {seconds:,.0f} s; the plain loop comes to {reference_loss:,.0f} in"
        " {plain_seconds:,.0f} s: {times_shorter:.1f} times shorter"
    ).format(**result)


def reference_of(row: Row, references: Mapping[Row, Curve]) -> Curve:
    """The reference of a row's seed, or that of seed 0 where it was not trained."""
    return references.get(row) or references[row._replace(seed=0)]


def read_references() -> dict[Row, Curve]:
    """Read the references that are kept."""
    rows = json.loads(REFERENCES.read_text())["rows"]
    return {
        Row(row["images"], row["beta"], row["seed"]): [(step, loss) for step, loss in row["curve"]]
        for row in rows
    }


def write_references(curves: Mapping[Row, Curve]) -> None:
    """Keep references, those that were not trained now as they are."""
    kept = read_references() if REFERENCES.exists() else {}
    rows = [{**row._asdict(), "curve": points} for row, points in sorted((kept | curves).items())]
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    head = "".join(f' "{name}": {json.dumps(value)},\n' for name, value in machine().items())
    REFERENCES.write_text(f'{{\n{head} "rows": [\n{lines}\n ]\n}}\n')


def draw(
    curves: Mapping[Row, Curve], references: Mapping[Row, Curve], seconds: Mapping[str, Mapping]
) -> None:
    """Draw the loss over the seconds for each kind of images, as SVG."""
    rows = [row for row in curves if row.seed == 0 and row.beta == 1]
    figure = Figure(figsize=(4 * len(rows), 3.2), layout="constrained")
    for axes, row in zip(figure.subplots(1, len(rows), squeeze=False)[0], rows):
        for side, points in (("plain", references[row]), ("ours", curves[row])):
            times = [step * seconds[row.images][side] for step, _ in points]
            losses = [loss for _, loss in points]
            axes.plot(times, losses, marker="o" if len(points) == 1 else "", label=LABELS[side])
        axes.axhline(references[row][-1][1], color="0.6", linewidth=0.8, linestyle="--")
        lowest = min(curves[row][-1][1], references[row][-1][1])
        axes.set(xscale="log", xlabel="seconds of steps", title=row.images)
        axes.set_ylim(lowest - 0.05 * lowest, 2 * lowest if lowest < 1_000 else 1.3 * lowest)
    figure.axes[0].set_ylabel("loss on validation images, nats")
    figure.axes[-1].legend(frameon=False)
    figure.savefig(CURVE, metadata={"Date": None})


if __name__ == "__main__":
    main()
