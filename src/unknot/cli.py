"""The command line: a thin skin over the public names.

Each command is a dataclass of what can be typed and a function of it. torch and matplotlib are
imported inside the functions, so that help and errors answer at once.
"""

import contextlib
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from unknot import __version__
from unknot.config import (
    DataConfig,
    ExperimentConfig,
    ModelConfig,
    TrainingConfig,
    beta_text,
    from_toml,
)
from unknot.errors import Interrupted, UserError, explain_os_error

EXIT_USER, EXIT_FAULT, EXIT_INTERRUPTED = 2, 1, 130

RunFolder = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
DataPath = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="DATA")]
Format = Literal["avif", "gif", "webp", "png"]
Flat = tyro.conf.OmitArgPrefixes


@dataclass(frozen=True)
class Common:
    """Options of every command."""

    json: tyro.conf.FlagCreatePairsOff[bool] = False
    """Print one JSON document and nothing else."""
    quiet: tyro.conf.FlagCreatePairsOff[bool] = False
    """Show no progress."""


@dataclass(frozen=True)
class Execution:
    """Where and how it runs."""

    out: Path | None = None
    """The folder for the results; by default a new one below `runs`."""
    config: Path | None = None
    """A TOML file with any of these options; the command line wins."""
    device: str = "auto"
    """cpu, cuda, mps, or auto."""


@dataclass(frozen=True)
class CompareOptions:
    """Train every beta and seed, and write the report: the main job."""

    experiment: ExperimentConfig = field(default_factory=ExperimentConfig)
    execution: Execution = field(default_factory=Execution)
    workers: int | None = None
    """Processes at a time; one per core by default."""
    engine: Literal["local"] = "local"
    """Where the runs are executed."""
    common: Common = field(default_factory=Common)


def compare_command(options: CompareOptions) -> tuple[str, Any]:
    """Train every beta and seed."""
    from unknot import describe
    from unknot.compare import REPORT, default_folder, is_done, run_experiment
    from unknot.progress import Steps

    config, common = options.experiment, options.common
    images = _load(config.data, common)
    folder = options.execution.out or default_folder(config)
    finished = all(is_done(folder / run.name) for run in config.runs())
    if not (finished or common.json):
        print(f"{images}; {len(config.runs())} runs in {folder}")
        _print_scales(config, images.image_shape)
    with Steps(common.quiet or common.json).shown() as steps:
        experiment = run_experiment(
            config,
            images,
            folder,
            workers=options.workers,
            device=options.execution.device,
            engine=options.engine,
            on_progress=lambda runs: steps.show([(r.name, r.step, r.steps) for r in runs]),
        )
    failures = experiment.failures()
    lines = [describe.run_line(run) for run in experiment.runs()]
    lines += [f"{name} failed: {why} (log: {folder / name})" for name, why in failures.items()]
    if finished:
        lines.append(f"every run in {folder} was finished already; nothing was trained")
    lines.append(f"report: {folder / REPORT}")
    document = {
        "folder": str(folder),
        "report": str(folder / REPORT),
        "runs": {run.folder.name: run.evaluation for run in experiment.runs()},
        "failures": failures,
    }
    if failures:
        _show("\n".join(lines), document, common.json)
        raise UserError(
            f"{len(failures)} of {len(config.runs())} runs failed; the same command "
            "tries them again"
        )
    return "\n".join(lines), document


@dataclass(frozen=True)
class TrainOptions:
    """Train one run."""

    data: DataConfig = field(default_factory=DataConfig)
    beta: float = 1.0
    """Weight of the rate."""
    seed: int = 0
    """From which every random number is derived."""
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    execution: Execution = field(default_factory=Execution)
    common: Common = field(default_factory=Common)


def train_command(options: TrainOptions) -> tuple[str, Any]:
    """Train one run."""
    config = ExperimentConfig(
        (options.beta,), (options.seed,), options.data, options.model, options.training
    )
    images = _load(options.data, options.common)
    from unknot import describe
    from unknot.compare import train_run
    from unknot.progress import Steps

    if not options.common.json:
        _print_scales(config, images.image_shape)
    name = config.runs()[0].name
    with Steps(options.common.quiet or options.common.json).shown() as steps:
        run = train_run(
            config,
            images,
            options.execution.out,
            device=options.execution.device,
            on_step=lambda step, of: steps.show([(name, step, of)]),
        )
    text = f"{describe.run_line(run)}\nrun: {run.folder}"
    return text, {"folder": str(run.folder), "evaluation": run.evaluation}


@dataclass(frozen=True)
class PictureOptions:
    """Draw one of a run's animations again."""

    run: RunFolder
    format: Format = "avif"
    """avif, gif, webp, or png (a still sheet)."""
    out: Path | None = None
    """The folder to write into; the run's own by default."""
    common: Common = field(default_factory=Common)


@dataclass(frozen=True)
class TraverseOptions(PictureOptions):
    """Move each latent of a run and hold the others."""

    range: tuple[float, float] = (-1.0, 1.0)
    """From where to where, in units of the prior's standard deviation."""
    data: str | None = None
    """Start from the codes of the first images here, not from samples of the prior."""


def traverse_command(options: TraverseOptions) -> tuple[str, Any]:
    """Draw a run's traversals."""
    low, high = options.range
    if not low < high:
        raise UserError(f"range is {low} {high}; give a lower and a higher end")
    from unknot.training.run import Run
    from unknot.worker import TRAVERSAL_COLUMNS, draw_traversals

    run = Run(options.run)
    codes = None
    if options.data:
        images = _load(_same_preparation(run, options.data), options.common)
        codes = run.encode(images.images[:TRAVERSAL_COLUMNS])
    path, note = draw_traversals(
        run, options.out or run.folder, codes=codes, span=options.range, format=options.format
    )
    return _picture(path, note)


def reconstruct_command(options: PictureOptions) -> tuple[str, Any]:
    """Draw a run's reconstructions over training."""
    from unknot.training.run import Run
    from unknot.worker import draw_reconstructions

    run = Run(options.run)
    return _picture(*draw_reconstructions(run, options.out or run.folder, format=options.format))


def _picture(path: Path, note: str) -> tuple[str, Any]:
    return f"{note}\n{path}" if note else str(path), {"picture": str(path), "note": note}


@dataclass(frozen=True)
class EncodeOptions:
    """Write the codes of images: posterior means and log variances."""

    run: RunFolder
    data: DataPath
    out: Path = Path("codes.npz")
    """The file to write: .npz or .csv."""
    common: Common = field(default_factory=Common)


def encode_command(options: EncodeOptions) -> tuple[str, Any]:
    """Write the codes of images."""
    if options.out.suffix not in (".npz", ".csv"):
        raise UserError(f"out is {options.out}; its ending must be .npz or .csv")
    from unknot.training.run import Run

    run = Run(options.run)
    images = _load(_same_preparation(run, options.data), options.common)
    run.write_codes(images, options.out)
    text = f"{len(images):,} codes of {run.config.model.latent_dim} latents: {options.out}"
    return text, {"codes": str(options.out), "num": len(images)}


@dataclass(frozen=True)
class DataOptions:
    """Look at a data set: counts, sizes, problems, labels; fills the cache."""

    data: DataConfig = field(default_factory=DataConfig)
    sample: Path | None = None
    """Write a random sample of the prepared images to this file."""
    clear: tyro.conf.FlagCreatePairsOff[bool] = False
    """Delete every prepared image from the cache."""
    common: Common = field(default_factory=Common)


def data_command(options: DataOptions) -> tuple[str, Any]:
    """Look at a data set."""
    from unknot.data.cache import cache_folder, clear_cache
    from unknot.data.splits import SPLITS

    if options.clear:
        num, size = clear_cache()
        text = f"deleted {num} prepared data set(s), {size / 2**20:,.0f} MiB, from {cache_folder()}"
        return text, {"cache": str(cache_folder()), "deleted": num, "bytes": size}
    images = _load(options.data, options.common)
    splits = {split: len(images.indices(split)) for split in SPLITS}
    from unknot.data.facts import data_facts, label_shares

    facts = data_facts(images.info, splits)
    shares = label_shares(images.labels)
    lines = [f"{name:12} {value}" for name, value in facts]
    lines += [f"  {share:6.1%}  {name}" for name, share in shares.items()]
    lines.append(f"{'prepared in':12} {images.folder}")
    if options.sample:
        import numpy as np

        from unknot.figures.animations import save_picture
        from unknot.figures.sheets import random_sample

        save_picture(random_sample(images.images, rng=np.random.default_rng(0)), options.sample)
        lines.append(f"{'sample':12} {options.sample}")
    info = {key: value for key, value in images.info.items() if key != "names"}
    return "\n".join(lines), {**info, "splits": splits, "label_shares": shares}


@dataclass(frozen=True)
class ReportOptions:
    """Write an experiment's page again."""

    experiment: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="EXPERIMENT")]
    common: Common = field(default_factory=Common)


def report_command(options: ReportOptions) -> tuple[str, Any]:
    """Write an experiment's page again."""
    from unknot.compare import Experiment

    path = Experiment(options.experiment).report()
    return f"report: {path}", {"report": str(path)}


@dataclass(frozen=True)
class DoctorOptions:
    """What this machine has, and what each extra would add."""

    common: Common = field(default_factory=Common)


def doctor_command(options: DoctorOptions) -> tuple[str, Any]:
    """What this machine has."""
    from unknot.doctor import examine

    findings = examine()
    return "\n".join(f"{name:14} {value}" for name, value in findings.items()), findings


COMMANDS: dict[str, tuple[type, Callable[[Any], tuple[str, Any]]]] = {
    "compare": (CompareOptions, compare_command),
    "train": (TrainOptions, train_command),
    "encode": (EncodeOptions, encode_command),
    "traverse": (TraverseOptions, traverse_command),
    "reconstruct": (PictureOptions, reconstruct_command),
    "report": (ReportOptions, report_command),
    "data": (DataOptions, data_command),
    "doctor": (DoctorOptions, doctor_command),
}
"""Name -> what can be typed, and the function that does it."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status: 0 done, 2 the user can mend it, 130 interrupted."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_overview())
        return 0
    if arguments[0] == "--version":
        print(f"unknot {__version__}")
        return 0
    try:
        return _dispatch(arguments[0], arguments[1:])
    except Interrupted as stopped:
        print(f"{stopped}; the same command goes on from there", file=sys.stderr)
        return EXIT_INTERRUPTED
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from there", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return EXIT_FAULT
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_USER
    except OSError as error:
        explained = explain_os_error(error)
        if explained is None:
            raise
        print(f"error: {explained}", file=sys.stderr)
        return EXIT_USER


def _dispatch(name: str, rest: list[str]) -> int:
    if name not in COMMANDS:
        close = get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"one of: {', '.join(COMMANDS)}"
        raise UserError(f"unknown command {name!r}; {hint}")
    kind, function = COMMANDS[name]
    options = _parse(name, kind, rest)
    text, document = function(options)
    _show(text, document, options.common.json)
    return 0


def _parse(name: str, kind: type, rest: list[str]) -> Any:
    """What was typed, as the command's options.

    tyro draws a box round whatever a dataclass refuses; such a refusal is ours, and one line.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(
                kind,
                prog=f"unknot {name}",
                args=rest,
                default=_defaults(kind, rest),
                config=(Flat, tyro.conf.HelptextFromCommentsOff),
            )
    except SystemExit as ended:
        cause: BaseException | None = ended
        while cause is not None:
            if isinstance(cause, UserError):
                raise cause from None
            cause = cause.__context__
        print(said.getvalue(), end="", file=sys.stderr)
        raise


def _show(text: str, document: Any, as_json: bool) -> None:
    print(json.dumps(document, indent=2) if as_json else text, flush=True)


def _overview() -> str:
    lines = ["usage: unknot COMMAND ...", "", "commands:"]
    lines += [f"  {name:12} {kind.__doc__}" for name, (kind, _) in COMMANDS.items()]
    return "\n".join([*lines, "", "unknot COMMAND --help tells the options of a command"])


def _defaults(kind: type, rest: list[str]) -> Any:
    """The command's defaults, from the file that `--config` names where it is given."""
    path = next((rest[i + 1] for i, word in enumerate(rest[:-1]) if word == "--config"), None)
    path = next((w.split("=", 1)[1] for w in rest if w.startswith("--config=")), path)
    if path is None or kind not in (CompareOptions, TrainOptions):
        return tyro.MISSING_NONPROP
    described: ExperimentConfig = from_toml(ExperimentConfig, Path(path))
    if kind is CompareOptions:
        return CompareOptions(experiment=described)
    return TrainOptions(
        described.data, described.betas[0], described.seeds[0], described.model, described.training
    )


def _load(data: DataConfig, common: Common) -> Any:
    from unknot.data.sources import load_images
    from unknot.progress import data_progress

    with data_progress(common.quiet or common.json) as progress:
        return load_images(
            data.source,
            size=data.size,
            crop=data.crop,
            color=data.color,
            group=data.group,
            progress=progress,
        )


def _same_preparation(run: Any, source: str) -> DataConfig:
    """Other data, prepared as the run's was."""
    color = "grey" if run.image_shape[0] == 1 else "rgb"
    if source == "faces":
        color = "auto"
    return replace(run.config.data, source=source, color=color, group="none")


def _print_scales(config: ExperimentConfig, image_shape: tuple[int, int, int]) -> None:
    from math import prod

    from unknot.describe import scales_text
    from unknot.objectives import beta_scales

    sigma = config.model.sigma if config.model.likelihood == "gaussian" else None
    for beta in config.betas:
        scales = beta_scales(
            beta, sigma=sigma, latent_dim=config.model.latent_dim, num_pixels=prod(image_shape)
        )
        print(f"  beta {beta_text(beta):>5}: {scales_text(scales._asdict())}")
