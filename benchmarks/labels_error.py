"""How often labels are found in codes that hold none of them: the family-wise error.

    python benchmarks/labels_error.py [--simulations 2000] [--permutations 200] [--only WORLD ...]
        [--json]

In each simulation codes and labels are drawn without regard to each other, and it is an error if
`label_latents` finds any label in any latent at its level of 5%. Prints each world's share of
errors with Wilson's 95% interval. One process; six minutes for 2,000 simulations of all worlds.

Seen with 2,000 simulations of 200 permutations (share of errors, and its interval), and what it was
when the labels as they are took no part in the scale of their statistic:

    groups         .047   .038 to .057   .065
    uneven_groups  .047   .039 to .057   .064
    uneven_labels  .037   .030 to .046   .044
    within_groups  .046   .037 to .056   .057
    missing        .052   .043 to .063   .060
    rare           .058   .049 to .069   .070
    ties           .049   .040 to .059   .059
    few_images     .049   .040 to .059   .063
"""

import argparse
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from threadpoolctl import threadpool_limits

from common import machine
from unknot.evidence.latent_labels import label_latents

FloatArray = NDArray[np.float64]
Drawn = tuple[FloatArray, FloatArray, NDArray[np.int64] | None]
"""Codes, labels and groups."""

LATENTS, LABELS, IMAGES = 4, 6, 300
CORRELATED = 0.9  # of what lies behind rare labels


def groups(rng: np.random.Generator) -> Drawn:
    """Labels of twenty people with fifteen images each."""
    return of_people(np.repeat(np.arange(20), 15), rng)


def uneven_groups(rng: np.random.Generator) -> Drawn:
    """Labels of forty people with 1 to 30 images each, drawn anew."""
    return of_people(np.repeat(np.arange(40), rng.integers(1, 31, 40)), rng)


def uneven_labels(rng: np.random.Generator) -> Drawn:
    """Labels that go with the number of a person's images: 4 or 16."""
    sizes = np.repeat([4, 16], 30)
    people = np.repeat(np.arange(60), sizes)
    chance = np.where(sizes == 4, 0.7, 0.3)[:, None]
    labels = (rng.random((60, LABELS)) < chance).astype(float)
    return codes_of_people(people, rng), labels[people], people


def within_groups(rng: np.random.Generator) -> Drawn:
    """Labels that each person has more or less often."""
    people = np.repeat(np.arange(20), 15)
    chance = rng.random((20, LABELS))[people]
    return codes_of_people(people, rng), (rng.random(chance.shape) < chance).astype(float), people


def missing(rng: np.random.Generator) -> Drawn:
    """A third of the labels of images are not known."""
    codes, labels = rng.standard_normal((IMAGES, LATENTS)), coins(0.5, IMAGES, rng)
    labels[rng.random(labels.shape) < 1 / 3] = np.nan
    return codes, labels, None


def rare(rng: np.random.Generator) -> Drawn:
    """Labels of 1% to 50% of a thousand images that go together."""
    num = 1_000
    common = rng.standard_normal((num, 1))
    alone = rng.standard_normal((num, LABELS))
    hidden = CORRELATED**0.5 * common + (1 - CORRELATED) ** 0.5 * alone
    shares = np.geomspace(0.01, 0.5, LABELS)
    labels = np.stack(
        [column > np.quantile(column, 1 - share) for column, share in zip(hidden.T, shares)], 1
    )
    return rng.standard_normal((num, LATENTS)), labels.astype(float), None


def ties(rng: np.random.Generator) -> Drawn:
    """Codes of five values; labels of two and of four."""
    codes = rng.integers(5, size=(IMAGES, LATENTS)).astype(float)
    levels = rng.integers(4, size=(IMAGES, 2)).astype(float)
    return codes, np.hstack([coins(0.3, IMAGES, rng)[:, 2:], levels]), None


def few_images(rng: np.random.Generator) -> Drawn:
    """Sixty images."""
    return rng.standard_normal((60, LATENTS)), coins(0.5, 60, rng), None


WORLDS: dict[str, Callable[[np.random.Generator], Drawn]] = {
    "groups": groups,
    "uneven_groups": uneven_groups,
    "uneven_labels": uneven_labels,
    "within_groups": within_groups,
    "missing": missing,
    "rare": rare,
    "ties": ties,
    "few_images": few_images,
}


def coins(share: float, num: int, rng: np.random.Generator) -> FloatArray:
    return (rng.random((num, LABELS)) < share).astype(float)


def of_people(people: NDArray[np.int64], rng: np.random.Generator) -> Drawn:
    """Labels that all images of a person share."""
    labels = coins(0.5, int(people.max()) + 1, rng)[people]
    return codes_of_people(people, rng), labels, people


def codes_of_people(people: NDArray[np.int64], rng: np.random.Generator) -> FloatArray:
    """Codes that differ between people more than within one."""
    between = rng.standard_normal((int(people.max()) + 1, LATENTS))[people]
    return between + 0.3 * rng.standard_normal(between.shape)


def is_error(name: str, seed: int, permutations: int) -> bool:
    """Whether a label is found where there is none."""
    codes, labels, members = WORLDS[name](np.random.default_rng([seed, *name.encode()]))
    names = [f"label {k}" for k in range(labels.shape[1])]
    labelled = label_latents(
        codes, labels, names, groups=members, permutations=permutations, seed=seed
    )
    return bool(labelled.significant.any())


def share(errors: int, num: int) -> dict[str, float]:
    """Share of errors, with its 95% interval (Wilson 1927)."""
    interval = binomtest(errors, num).proportion_ci(method="wilson")
    ends = errors / num, interval.low, interval.high
    return dict(zip(("share", "from", "to"), (round(float(value), 4) for value in ends)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=2_000)
    parser.add_argument("--permutations", type=int, default=200)
    parser.add_argument("--only", nargs="+", choices=WORLDS, default=list(WORLDS))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    document: dict[str, Any] = {**machine(), "simulations": options.simulations}
    with threadpool_limits(1):
        for name in options.only:
            errors = sum(
                is_error(name, i, options.permutations) for i in range(options.simulations)
            )
            document[name] = share(errors, options.simulations)
            if not options.json:
                print(f"{name:14} {document[name]}", flush=True)
    if options.json:
        print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
