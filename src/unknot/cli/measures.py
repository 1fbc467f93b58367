"""The commands that measure: `guide`, `evaluate` and `score`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from unknot.cli.common import Common, load, same_preparation
from unknot.config import DataConfig, ModelConfig
from unknot.errors import UserError

if TYPE_CHECKING:
    from unknot.experiment import Experiment
    from unknot.training.run import Run

Runs = Annotated[list[Path], tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
CodesFile = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")]


@dataclass(frozen=True)
class GuideOptions:
    """Which betas can matter on these images, before any training."""

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    betas: tuple[float, ...] = (0.1, 1.0, 2.0, 10.0)
    """Betas that you think of."""
    common: Common = field(default_factory=Common)


def guide_command(options: GuideOptions) -> tuple[str, Any]:
    """Tell which betas can matter."""
    if not all(beta > 0 for beta in options.betas):
        raise UserError(f"betas is {options.betas}; the guide takes numbers above 0")
    images = load(options.data, options.common)
    from unknot.describe import guide_text
    from unknot.evidence.guide import guide

    model = options.model
    found = guide(
        *(images, model.latent_dim),
        likelihood=model.likelihood,
        sigma=model.sigma,
        standardize=model.standardize,
    )
    return guide_text(found, options.betas), found.as_dict(options.betas)


@dataclass(frozen=True)
class Thoroughness:
    """How thoroughly to measure."""

    permutations: int = 100
    """Draws of the null of permuted labels."""
    rotations: int = 100
    """Draws of the null of rotated codes."""
    resamples: int = 100
    """Subsamples behind each interval."""
    points: int = 2000
    """At most so many points in each draw."""
    workers: int | None = None
    """Processes; one per core by default. They change the time only."""
    seed: int = 0
    """Of all random choices."""

    def processes(self) -> int:
        """How many there will be."""
        from unknot.describe import num_cores

        return num_cores() if self.workers is None else self.workers


@dataclass(frozen=True)
class EvaluateOptions:
    """Measure runs in full, and ask of an experiment what latents do and whether beta helped."""

    runs: Runs
    evidence_only: tyro.conf.FlagCreatePairsOff[bool] = False
    """Of an experiment, leave the scores of its runs as they are."""
    data: str | None = None
    """Measure on these images, not on the run's own test images."""
    thoroughness: Thoroughness = field(default_factory=Thoroughness)
    common: Common = field(default_factory=Common)


def evaluate_command(options: EvaluateOptions) -> tuple[str, Any]:
    """Measure runs in full."""
    from unknot.experiment import EXPERIMENT, Experiment
    from unknot.training.run import Run

    experiments, runs = [], []
    for path in options.runs:
        if (path / EXPERIMENT).is_file():
            experiments.append(Experiment(path))
            runs += experiments[-1].runs()
        else:
            runs.append(Run(path))
    if not runs:
        raise UserError(f"{options.runs[0]} holds no finished run; run its command again first")
    if options.evidence_only and (options.data or not experiments):
        what = "--data" if options.data else f"{options.runs[0]}, a run"
        raise UserError(f"evidence is asked of an experiment's own images; it does not fit {what}")
    parts, document = [], {}
    if not options.evidence_only:
        for run in runs:
            found = _measure(run, options)
            parts += [_run_text(run, found), ""]
            document[str(run.folder)] = found
        parts.append("evaluation.json in each folder holds all of it")
    if not options.data:
        for experiment in experiments:
            text, found = _evidence(experiment, options)
            parts += ["", text]
            document[str(experiment.folder)] = found
    return "\n".join(parts).strip(), document


def _measure(run: "Run", options: EvaluateOptions) -> dict[str, Any]:
    """Every score of one run."""
    from unknot.evaluation import Effort, evaluate_run
    from unknot.progress import named_progress

    wanted, common, images = options.thoroughness, options.common, None
    if options.data:
        images = load(same_preparation(run, options.data), common)
    with named_progress(common.quiet or common.json, lambda what: f"{what} codes") as progress:
        return evaluate_run(
            *(run, images),
            effort=Effort(wanted.permutations, wanted.rotations, wanted.resamples, wanted.points),
            seed=wanted.seed,
            workers=wanted.processes(),
            progress=progress,
        )


def _evidence(experiment: "Experiment", options: EvaluateOptions) -> tuple[str, dict[str, Any]]:
    """What an experiment says, in words and as a document."""
    from unknot.answers import answers
    from unknot.experiment import EVIDENCE
    from unknot.progress import named_progress

    common = options.common
    if experiment.config.model.network == "custom":
        raise UserError(
            f"{experiment.folder} has a network of your own; from Python: "
            "Experiment(folder, networks=...).evidence()"
        )
    with named_progress(common.quiet or common.json, lambda what: f"{what} runs") as progress:
        found = experiment.evidence(progress=progress)
    experiment.report()
    document = found.as_dict()
    where = f"{experiment.folder / EVIDENCE} holds all of it"
    return f"{answers(document)}\n\n{where}", document


def _run_text(run: "Run", found: Mapping[str, Any]) -> str:
    from unknot.describe import run_line, scores_table

    active = found["active_latents"]
    lines = [str(run.folder), run_line(run)]
    lines += [f"{len(active)} latents active: {', '.join(map(str, active)) or 'none'}"]
    if "aggregate_mismatch" in found:
        lines.append(
            f"{found['aggregate_mismatch']['total']:.2f} nats between all codes together and the "
            "prior"
        )
    if found["scores"]:
        lines += ["", scores_table(found["scores"])]
    else:
        lines.append(f"no scores: {found['problem']}")
    return "\n".join(lines)


@dataclass(frozen=True)
class ScoreOptions:
    """Measure codes from any model: an npz of codes and factors."""

    file: CodesFile
    active_above: float = 0.0
    """Leave out codes whose standard deviation is not above this (0.1 for a VAE's means)."""
    thoroughness: Thoroughness = field(default_factory=lambda: Thoroughness(20, 20, 20, 1_000))
    common: Common = field(default_factory=Common)


def score_command(options: ScoreOptions) -> tuple[str, Any]:
    """Measure codes from any model."""
    wanted = options.thoroughness
    arrays = _read(options.file)
    from unknot.describe import scores_table
    from unknot.measure.scoring import score
    from unknot.progress import named_progress

    hidden = options.common.quiet or options.common.json
    try:
        with named_progress(hidden, lambda what: f"{what} codes") as progress:
            scores = score(
                arrays["codes"],
                arrays["factors"],
                factor_names=arrays.get("factor_names"),
                factor_kinds=arrays.get("factor_kinds"),
                permutations=wanted.permutations,
                rotations=wanted.rotations,
                resamples=wanted.resamples,
                points=wanted.points,
                active_above=options.active_above,
                seed=wanted.seed,
                workers=wanted.processes(),
                progress=progress,
            )
    except UserError as error:
        raise UserError(f"{options.file}: {error}") from None
    document = {key: one.as_dict() for key, one in scores.items()}
    return scores_table(document), document


def _read(path: Path) -> dict[str, Any]:
    """The arrays that are measured; nothing else in the file is opened."""
    from unknot.data.containers import open_arrays

    if path.suffix.lower() != ".npz":
        raise UserError(f"{path} is no npz; write codes and factors with numpy.savez")
    if not path.is_file():
        raise UserError(f"{path} does not exist; give an npz that holds codes and factors")
    with open_arrays(path) as arrays:
        for key in ("codes", "factors"):
            if key not in arrays.keys:
                there = ", ".join(map(repr, arrays.keys)) or "nothing"
                hint = " (for the codes of a run: unknot evaluate RUN)"
                raise UserError(
                    f"{path} has no array called {key}, but {there}; store codes (num, dim) and "
                    f"factors (num, num_factors)" + (hint if "posterior_mean" in there else "")
                )
        wanted = ("codes", "factors", "factor_names", "factor_kinds")
        found = {key: arrays.read(key) for key in wanted if key in arrays.keys}
    for key in ("factor_names", "factor_kinds"):
        if key in found:
            if found[key].dtype.kind != "U" or found[key].ndim != 1:
                raise UserError(f"{path}: {key} holds {found[key].dtype}; store a text per factor")
            found[key] = found[key].tolist()
    return found
