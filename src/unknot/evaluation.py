"""A trained run -> its scores: the measures of its codes beside what is known of the images."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.data.image_set import ImageSet
from unknot.data.splits import SPLITS
from unknot.errors import UserError
from unknot.files import read_arrays, read_json, write_json
from unknot.measure.checks import check_seed, make_table
from unknot.measure.measured import VOID
from unknot.measure.nulls import Progress
from unknot.measure.posterior import ACTIVE_VARIANCE, active_units, aggregate_mismatch
from unknot.measure.scoring import HEADLINE, check_draws, score_table
from unknot.training.outcome import CODES, EVALUATION
from unknot.training.run import IMAGES, Run

MAX_LABELS = 12  # with more, a comparison leaves the nulls to `unknot evaluate`


@dataclass(frozen=True)
class Effort:
    """How thoroughly to measure.

    Attributes:
        permutations: draws of the null of permuted labels.
        rotations: draws of the null of rotated codes.
        resamples: subsamples behind each interval.
        points: at most so many in each draw.
        null_measures: those that get nulls and intervals; all by default.
        max_labels: with more labels than this there are no nulls; no limit by default.
    """

    permutations: int = 100
    rotations: int = 100
    resamples: int = 100
    points: int = 2_000
    null_measures: tuple[str, ...] | None = None
    max_labels: int | None = None


FULL = Effort()
BRIEF = Effort(20, 20, 0, 1_000, null_measures=HEADLINE, max_labels=MAX_LABELS)
"""What a comparison does for each run."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Codes of held-out images beside what is known of them.

    Attributes:
        posterior_mean: shape `(num, latent_dim)`.
        posterior_logvar: the same shape.
        labels: factors and attributes, NaN where not known, shape `(num, num_labels)`.
        label_names: one per column.
        groups: group of each image, -1 where it has none, shape `(num,)`.
    """

    posterior_mean: NDArray[np.float32]
    posterior_logvar: NDArray[np.float32]
    labels: NDArray[np.float64]
    label_names: tuple[str, ...]
    groups: NDArray[np.int32]


def held_out(run: Run) -> HeldOut:
    """The test images' codes and labels, from the run's folder alone."""
    stored = read_arrays(run.folder / CODES)
    test = stored["split"] == SPLITS.index("test")
    labels, names = _labels(
        stored["factors"][test],
        stored["factor_names"],
        stored["attributes"][test],
        stored["attribute_names"],
    )
    mean, logvar = stored["posterior_mean"][test], stored["posterior_logvar"][test]
    return HeldOut(mean, logvar, labels, names, stored["groups"][test])


def encoded(run: Run, images: ImageSet) -> HeldOut:
    """Codes and labels of other images: all of them, but only test images of the run's own."""
    fingerprint = read_json(run.folder / IMAGES)["fingerprint"]
    rows = images.indices("test") if images.fingerprint == fingerprint else np.arange(len(images))
    known = images.labels
    labels, names = _labels(
        known.factors[rows], known.factor_names, known.attributes[rows], known.attribute_names
    )
    posterior = run.posterior(images.images[rows])
    mean, logvar = posterior.mean.numpy(), posterior.logvar.numpy()
    return HeldOut(mean, logvar, labels, names, known.groups[rows])


def _labels(
    factors: NDArray[np.float64],
    factor_names: Sequence[str] | NDArray[np.str_],
    attributes: NDArray[np.int8],
    attribute_names: Sequence[str] | NDArray[np.str_],
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    flags = np.where(attributes < 0, np.nan, attributes)
    names = (*map(str, factor_names), *map(str, attribute_names))
    return np.hstack([factors, flags]), names


def evaluate_run(
    run: Run,
    images: ImageSet | None = None,
    *,
    effort: Effort = FULL,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure a run's codes and add the result to its `evaluation.json`.

    Args:
        run: trained.
        images: measure on these instead of the run's own test images.
        effort: how thoroughly.
        seed: of all random choices.
        workers: processes; they change the time only.
        progress: called as `progress(what, done, total)`.

    Returns:
        What was added: `scores` by key, `active_latents`, `aggregate_mismatch`, and how they came
        about; `problem` says why there are no scores, if there are none.

    Raises:
        UserError: if nothing can be asked for like this, or scores would give way to none.
    """
    check_seed(seed)
    check_draws(*(effort.permutations, effort.rotations, effort.resamples, effort.points, workers))
    began = time.perf_counter()
    codes = held_out(run) if images is None else encoded(run, images)
    found: dict[str, Any] = {
        "num": len(codes.posterior_mean),
        "data": None if images is None else images.info["source"],
        "effort": vars(effort),
        "seed": seed,
        "active_latents": [],
    }
    try:
        active = active_units(codes.posterior_mean)
        found["active_latents"] = np.flatnonzero(active).tolist()
        found["aggregate_mismatch"] = _mismatch(codes, seed)
        found["scores"] = _scores(codes, effort, seed, workers, progress)
    except UserError as error:
        found |= {"scores": {}, "problem": str(error)}
    found["seconds"] = time.perf_counter() - began
    evaluation = read_json(run.folder / EVALUATION)
    if images is None:
        before = evaluation.get("measured", {}).get("scores")
        if before and not found["scores"]:
            raise UserError(
                f"{run.folder}: {found['problem']}; the scores there are left as they are"
            )
        evaluation["measured"] = found
    else:
        others = evaluation.setdefault("measured_on", {})
        others[str(images.info["source"])] = found
    write_json(run.folder / EVALUATION, evaluation)
    return found


def _mismatch(codes: HeldOut, seed: int) -> dict[str, Any]:
    mismatch = aggregate_mismatch(codes.posterior_mean, codes.posterior_logvar, seed=seed)
    return {
        "total": mismatch.total,
        "per_latent": mismatch.per_latent.tolist(),
        "total_correlation": mismatch.total_correlation,
    }


def _scores(
    codes: HeldOut, effort: Effort, seed: int, workers: int, progress: Progress | None
) -> dict[str, Any]:
    if not codes.label_names:
        raise UserError("the images have no labels, so there is nothing to measure codes against")
    table = make_table(
        codes.posterior_mean,
        codes.labels,
        factor_names=codes.label_names,
        active_above=ACTIVE_VARIANCE**0.5,
        seed=seed,
    )
    few = effort.max_labels is None or len(table.factors) <= effort.max_labels
    scores = score_table(
        table,
        permutations=effort.permutations if few else 0,
        rotations=effort.rotations if few else 0,
        resamples=effort.resamples if few else 0,
        points=effort.points,
        null_measures=effort.null_measures,
        workers=workers,
        progress=progress,
    )
    return {key: one.as_dict() for key, one in scores.items()}


def headline(measured: Mapping[str, Any]) -> str:
    """The two best-regarded scores in one line, or why there are none."""
    scores = measured["scores"]
    if not scores:
        return f"not measured: {measured.get('problem', '')}"
    if not measured["active_latents"]:
        return "collapsed: no latent is active"
    parts = []
    for name, key in (("DCI", "dci_disentanglement"), ("InfoM", "infomec_modularity")):
        one = scores[key]
        if one["value"] is None or VOID in one["flags"]:
            parts.append(f"{name} void")
            continue
        null = one["null_rotation"]
        beside = f" (above {null['percentile']:.0f}% of random rotations)" if null else ""
        parts.append(f"{name} {one['value']:.2f}{beside}")
    return ", ".join(parts)
