"""The command that scores a file of codes, from a run or from any other model: `score`."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import tyro

from unknot.cli.evaluate import NullOptions
from unknot.cli.options import OutputOptions
from unknot.cli.paths import check_input_file
from unknot.common.errors import UserError
from unknot.common.text import on_one_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from unknot.data.sources.array_file import ArrayFile

CodesFile = Annotated[
    Path, tyro.conf.Positional, tyro.conf.arg(metavar="FILE", help="An npz with codes.")
]
ScoreLabels = Annotated[
    Path | None,
    tyro.conf.arg(
        help="Labels in the place of those in the file: a csv, tsv, jsonl or parquet with a row "
        "for each image.",
        metavar="FILE",
        help_behavior_hint="(default: those in the file)",
    ),
]
Threshold = Annotated[
    float | None,
    tyro.conf.arg(
        help="Leave out latents whose standard deviation is not above this.",
        metavar="FLOAT",
        help_behavior_hint="(default: 0.1 for files of `unknot encode`; 0 for others)",
    ),
]
MOST_SPREAD = 1e100  # of a latent, whose square is a number
MOST_LATENTS = 1_000
SECONDS_OF_LATENT = 0.2
MOST_ROTATED = 5_000  # images whose axes are tested; more take minutes


class KnownFactors(NamedTuple):
    """What is known of the images.

    Attributes:
        values: shape `(num, num_factors)`, NaN where missing.
        names: of the factors, if they are known.
        kinds: of the factors, likewise.
        notes: on how they were read, one line each.
    """

    values: "NDArray[Any]"
    names: list[str] | None
    kinds: list[str] | None = None
    notes: tuple[str, ...] = ()


class CodesAndFactors(NamedTuple):
    """What is scored.

    Attributes:
        codes: shape `(num, dim)`.
        factors: that they are scored against.
        active_above: the least standard deviation of a latent that counts, by default.
    """

    codes: "NDArray[Any]"
    factors: KnownFactors
    active_above: float


def _few_draws() -> NullOptions:
    return NullOptions(permutations=20, rotations=20, subsamples=20, max_points=1_000)


@dataclass(frozen=True)
class ScoreOptions:
    """Score codes against what is known of the images: a file of `unknot encode`, or any npz.

    An npz from elsewhere holds `codes`, a row for each image, and `factors`, a row for each image.
    Below the scores it says whether the latents are special, or a random mix of them would do as
    well: by 1,000 random rotations of the codes of at most 5,000 images.

    Example: unknot score codes.npz
    """

    file: CodesFile
    labels: ScoreLabels = None
    active_above: Threshold = None
    nulls: NullOptions = field(default_factory=_few_draws)
    output: OutputOptions = field(default_factory=OutputOptions)


def score_command(options: ScoreOptions) -> tuple[str, Any]:
    """Score codes from any model."""
    nulls, hides_progress = options.nulls, options.output.hides_progress
    from unknot.common.progress import announced
    from unknot.experiments.display.bars import named_progress

    settings, workers = nulls.settings(), nulls.num_processes()
    if options.active_above is not None and abs(options.active_above) > MOST_SPREAD:
        raise UserError(f"active_above is {options.active_above}; give at most {MOST_SPREAD:g}")
    if options.labels:
        check_input_file("labels", options.labels)
    with announced(hides_progress, "reading the codes"):
        scored = _read(options.file, options.labels)
        from unknot.evidence.axis_test import axis_test
        from unknot.metrics.scoring import score
        from unknot.report.text import axes_text, scores_table
    codes, factors = scored.codes, scored.factors
    if not options.output.json:
        for note in factors.notes:
            print(on_one_line(note), file=sys.stderr)
    active_above = scored.active_above if options.active_above is None else options.active_above
    try:
        with named_progress(hides_progress, "{} codes".format) as progress:
            scores = score(
                codes,
                factors.values,
                factor_names=factors.names,
                factor_kinds=factors.kinds,
                nulls=settings,
                active_above=active_above,
                seed=nulls.seed,
                workers=workers,
                progress=progress,
            )
        rows = _some_rows(len(codes), nulls.seed)
        with announced(hides_progress, "comparing the latents with random rotations of them"):
            axes = axis_test(
                codes[rows],
                factors.values[rows],
                active_above=active_above**2,  # a variance there
                seed=nulls.seed,
            )
    except UserError as error:
        raise UserError(f"{options.file}: {error}") from None
    document = {key: each.as_dict() for key, each in scores.items()}
    return f"{scores_table(scores)}\n\n{axes_text(axes)}", document | {"axes": axes.as_dict()}


def _some_rows(num: int, seed: int) -> "NDArray[np.int64]":
    """Choose the images whose axes are tested: all, or 5,000 of them at random."""
    import numpy as np

    rng = np.random.default_rng([seed, *b"axes"])
    return np.sort(rng.permutation(num)[:MOST_ROTATED])


def _read(path: Path, labels: Path | None) -> CodesAndFactors:
    """Read the arrays that are scored; nothing else in the file is opened."""
    from unknot.data.sources.array_file import open_arrays
    from unknot.metrics.posterior import ACTIVE_VARIANCE

    if path.suffix.lower() != ".npz":
        raise UserError(
            f"{path} is no npz; score reads npz alone: unknot encode RUN DATA --out codes.npz"
        )
    check_input_file("FILE", path)
    with open_arrays(path) as arrays:
        is_encoded = "codes" not in arrays.keys and "posterior_mean" in arrays.keys
        key = "posterior_mean" if is_encoded else "codes"
        _check_key(path, arrays, key)
        if labels:
            factors = _factors_of_table(labels, path, arrays)
        else:
            factors = (_encoded_factors if is_encoded else _stored_factors)(path, arrays)
        _check_size(path, arrays.header(key).shape)
        return CodesAndFactors(
            codes=arrays.read(key),
            factors=factors,
            active_above=ACTIVE_VARIANCE**0.5 if is_encoded else 0.0,
        )


def _check_size(path: Path, shape: tuple[int, ...]) -> None:
    """Refuse more latents than can be scored.

    The estimate is one pass of all metrics and the comparison with rotated latents, from what is
    measured with 50 to 200 latents of 1,000 images: 0.2 s for each latent and 1,000 images.
    """
    dim, images = shape[-1] if shape else 0, min(shape[0] if shape else 0, MOST_ROTATED)
    if len(shape) == 2 and dim > MOST_LATENTS:
        minutes = SECONDS_OF_LATENT * dim * max(1, images / 1_000) / 60
        raise UserError(
            f"{path} holds {dim:,} latents; each of the draws would take about {minutes:,.0f} "
            f"minutes and there are dozens, so score takes {MOST_LATENTS:,} latents at most: leave "
            "out those that do not vary"
        )


def _check_key(path: Path, arrays: "ArrayFile", key: str) -> None:
    if key not in arrays.keys:
        there = ", ".join(map(repr, arrays.keys)) or "nothing"
        raise UserError(
            f"{path} has no array called {key}, but {there}; store codes (num, dim) and "
            "factors (num, num_factors)"
        )


def _stored_factors(path: Path, arrays: "ArrayFile") -> KnownFactors:
    """Take the factors that somebody stored beside the codes."""
    _check_key(path, arrays, "factors")
    return KnownFactors(
        values=arrays.read("factors"),
        names=_texts(path, arrays, "factor_names"),
        kinds=_texts(path, arrays, "factor_kinds"),
    )


def _encoded_factors(path: Path, arrays: "ArrayFile") -> KnownFactors:
    """Take the labels that `encode` wrote beside the codes."""
    from unknot.runs.codes_file import LABELS, labels_in

    if all(key in arrays.keys for key in LABELS):
        values, names = labels_in({key: arrays.read(key) for key in LABELS})
        if names:
            return KnownFactors(values=values, names=list(names))
    raise UserError(
        f"{path} holds codes but no labels of the images, and codes are scored against labels; "
        f"give a table of them: unknot score {path} --labels table.csv"
    )


def _factors_of_table(table: Path, path: Path, arrays: "ArrayFile") -> KnownFactors:
    """Take the labels of a table, whose rows are matched to the images' names in the file."""
    import numpy as np

    from unknot.data.picture_labels import labels_from_table
    from unknot.runs.codes_file import joined_labels, joined_names

    names = _texts(path, arrays, "name")
    if names is None:
        raise UserError(
            f"{path} has no array called name, which says the image of each row, so --labels "
            "cannot be used; store the names of the images, or the labels as factors"
        )
    known = labels_from_table(table, names)
    factors = np.empty((len(names), 0)) if known.factors is None else known.factors
    label_names = joined_names(known.factor_names, known.attribute_names)
    if not label_names:
        raise UserError(f"the table holds no label: {'; '.join(known.notes)}")
    return KnownFactors(
        values=joined_labels(factors, known.attributes),
        names=list(label_names),
        notes=known.notes,
    )


def _texts(path: Path, arrays: "ArrayFile", key: str) -> list[str] | None:
    """Read an array of texts, None where it is not there."""
    if key not in arrays.keys:
        return None
    texts = arrays.read(key)
    if texts.dtype.kind != "U" or texts.ndim != 1:
        what = "image" if key == "name" else "factor"
        raise UserError(f"{path}: {key} holds {texts.dtype}; store a text per {what}")
    names: list[str] = texts.tolist()
    return names
