"""The commands that look: at runs, at data, at the machine."""

from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from unknot.cli.common import check_cache, load, open_run, same_preparation
from unknot.cli.options import DATA, Flag, ImageOptions, OutputOptions, data_config
from unknot.cli.paths import check_output_file, check_output_folder
from unknot.common.errors import UserError

if TYPE_CHECKING:
    from unknot.data.image_set import ImageSet

RunPath = Annotated[
    Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN", help="Folder of a trained run.")
]
DataPath = Annotated[
    str, tyro.conf.Positional, tyro.conf.arg(metavar="DATA", help="Images to encode.")
]
PICTURES = (".png", ".jpg", ".webp", ".avif")
FARTHEST = 1_000  # standard deviations of the prior that a latent may be moved
Format = Literal["avif", "gif", "webp", "png"]
Folder = Annotated[
    Path | None,
    tyro.conf.arg(
        help="Folder to write into.",
        metavar="FOLDER",
        help_behavior_hint="(default: the run's own)",
    ),
]
ExportFolder = Annotated[
    Path | None,
    tyro.conf.arg(
        help="Folder to write into.",
        metavar="FOLDER",
        help_behavior_hint="(default: `export` in the run's own)",
    ),
]
StartImages = Annotated[
    str | None,
    tyro.conf.arg(
        help="Start from the codes of the first of these images.",
        metavar="DATA",
        help_behavior_hint="(default: samples of the prior)",
    ),
]


@dataclass(frozen=True)
class ReconstructOptions:
    """Draw a run's reconstructions over training again.

    Example: unknot reconstruct runs/demo/beta-1_seed-0 --format webp
    """

    run: RunPath
    format: Format = "avif"
    """avif, gif, webp, or png (a still sheet)."""
    out: Folder = None
    output: OutputOptions = field(default_factory=OutputOptions)


@dataclass(frozen=True)
class TraverseOptions:
    """Draw what changes when one latent of a run is moved and the others are held.

    Example: unknot traverse runs/demo/beta-1_seed-0 --range -3 3 --format gif
    """

    run: RunPath
    range: tuple[float, float] = (-1.0, 1.0)
    """From where to where each latent is moved, in standard deviations of the prior."""
    data: StartImages = None
    format: Format = "avif"
    """avif, gif, webp, or png (a still sheet)."""
    out: Folder = None
    output: OutputOptions = field(default_factory=OutputOptions)


def traverse_command(options: TraverseOptions) -> tuple[str, Any]:
    """Draw a run's traversals."""
    low, high = options.range
    if not -FARTHEST <= low < high <= FARTHEST:
        raise UserError(
            f"range is {low} {high}; give a lower and a higher end, from -{FARTHEST} to {FARTHEST}"
        )
    _check_folder(options)
    run = open_run(options.run, "traverse RUN", options.output)
    images = None
    if options.data:
        images = load(same_preparation(run, options.data), options.output)
    from unknot.common.progress import announced

    with announced(options.output.hides_progress, "drawing"):
        from unknot.report.run_figures import TRAVERSAL_COLUMNS, draw_traversals

        codes = run.encode(images.images[:TRAVERSAL_COLUMNS]) if images else None
        path, note = draw_traversals(
            run, options.out or run.folder, codes=codes, span=options.range, format=options.format
        )
    return _picture(path, note)


def reconstruct_command(options: ReconstructOptions) -> tuple[str, Any]:
    """Draw a run's reconstructions over training."""
    _check_folder(options)
    run = open_run(options.run, "reconstruct RUN", options.output)
    from unknot.common.progress import announced

    with announced(options.output.hides_progress, "drawing"):
        from unknot.report.run_figures import draw_reconstructions

        folder = options.out or run.folder
        path, note = draw_reconstructions(run, folder, format=options.format)
    return _picture(path, note)


def _check_folder(options: Any) -> None:
    """Refuse a folder to write into that can be none."""
    if options.out:
        check_output_folder("out", options.out)


def _picture(path: Path, note: str) -> tuple[str, Any]:
    return f"{note}\n{path}" if note else str(path), {"picture": str(path), "note": note}


@dataclass(frozen=True)
class EncodeOptions:
    """Write the codes of images: posterior means and log variances.

    Example: unknot encode runs/demo/beta-1_seed-0 path/to/images --out codes.npz
    """

    run: RunPath
    data: DataPath
    out: Path = Path("codes.npz")
    """The file to write: .npz, which `unknot score` reads, or .csv."""
    output: OutputOptions = field(default_factory=OutputOptions)


def encode_command(options: EncodeOptions) -> tuple[str, Any]:
    """Write the codes of images."""
    if options.out.suffix not in (".npz", ".csv"):
        raise UserError(f"out is {options.out}; its ending must be .npz or .csv")
    check_output_file("out", options.out)
    run = open_run(options.run, f"encode RUN {quote(options.data)}", options.output)
    images = load(same_preparation(run, options.data), options.output)
    from unknot.common.progress import announced

    with announced(options.output.hides_progress, f"encoding {len(images):,} images"):
        run.write_codes(images, options.out)
    text = f"{len(images):,} codes of {run.config.model.latent_dim} latents: {options.out}"
    return text, {"codes": str(options.out), "num": len(images)}


SampleFile = Annotated[
    Path | None,
    tyro.conf.arg(
        help="Write a random sample of the prepared images to this file.",
        metavar="FILE",
        help_behavior_hint="(optional)",
    ),
]
DataOptions = make_dataclass(
    "DataOptions",
    [
        DATA,
        ("sample", SampleFile, field(default=None)),
        ("images", ImageOptions, field(default_factory=ImageOptions)),
        ("output", OutputOptions, field(default_factory=OutputOptions)),
    ],
    frozen=True,
)
DataOptions.__doc__ = """Look at a data set: counts, sizes, problems, labels; fills the cache.

Example: unknot data path/to/images --sample sample.png
"""


def data_command(options: Any) -> tuple[str, Any]:
    """Look at a data set."""
    from unknot.data.splits import SPLITS

    if options.sample and options.sample.suffix.lower() not in PICTURES:
        raise UserError(f"sample is {options.sample}; its ending must be {', '.join(PICTURES)}")
    if options.sample:
        _check_place(options.sample, options.source)
        check_output_file("sample", options.sample)
    images = load(data_config(options), options.output, tells=False)
    splits = {split: len(images.indices(split)) for split in SPLITS}
    from unknot.data.summary import data_facts, label_shares

    facts = data_facts(images.info, splits)
    shares = label_shares(images.labels)
    lines = [f"{name:12} {value}" for name, value in facts]
    lines += [f"  {share:6.1%}  {name}" for name, share in shares.items()]
    lines.append(f"{'prepared in':12} {images.folder}")
    if options.sample:
        _save_sample(images, options.sample)
        lines.append(f"{'sample':12} {options.sample}")
    info = {key: value for key, value in images.info.items() if key != "names"}
    return "\n".join(lines), {**info, "splits": splits, "label_shares": shares}


def _check_place(sample: Path, source: str) -> None:
    """Refuse a sample among the images, which would be one of them the next time."""
    folder = Path(source)
    if folder.is_dir() and folder.resolve() in sample.resolve().parents:
        raise UserError(
            f"sample is {sample}, which lies among the images and would be taken for one; give "
            "another place"
        )


def _save_sample(images: "ImageSet", path: Path) -> None:
    import numpy as np

    from unknot.report.figures.animations import save_picture
    from unknot.report.figures.sheets import random_sample

    save_picture(random_sample(images.images, rng=np.random.default_rng(0)), path)


@dataclass(frozen=True)
class CacheOptions:
    """Show where prepared images are kept and what they take, or delete them.

    Example: unknot cache --clear
    """

    clear: Flag = False
    """Delete every prepared image that no other program is preparing."""
    output: OutputOptions = field(default_factory=OutputOptions)


def cache_command(options: CacheOptions) -> tuple[str, Any]:
    """Show or clear the cache."""
    from unknot.data.cache import cache_folder, cache_size, clear_cache

    folder = cache_folder()
    check_cache()
    if options.clear:
        num, size = clear_cache()
        text = f"deleted {num} prepared data set(s), {size / 2**20:,.0f} MiB, from {folder}"
        return text, {"cache": str(folder), "deleted": num, "bytes": size}
    size = cache_size()
    text = f"{folder}: {size / 2**20:,.0f} MiB; unknot cache --clear deletes it"
    return text, {"cache": str(folder), "bytes": size}


@dataclass(frozen=True)
class ReportOptions:
    """Write an experiment's page again, unless nothing has changed since it was written.

    Example: unknot report runs/demo
    """

    experiment: Annotated[
        Path,
        tyro.conf.Positional,
        tyro.conf.arg(metavar="EXPERIMENT", help="Folder of the experiment."),
    ]
    output: OutputOptions = field(default_factory=OutputOptions)


def report_command(options: ReportOptions) -> tuple[str, Any]:
    """Write an experiment's page again, unless it is up to date."""
    from unknot.common.progress import announced
    from unknot.report.up_to_date import is_up_to_date

    page = options.experiment / "report.html"
    if is_up_to_date(page):
        text = f"report: {page} is up to date; nothing has changed since it was written"
        return text, {"report": str(page), "up_to_date": True}
    with announced(options.output.hides_progress, "writing the page"):
        from unknot.experiments.experiment import Experiment

        path = Experiment(options.experiment).report()
    return f"report: {path}", {"report": str(path), "up_to_date": False}


@dataclass(frozen=True)
class ExportOptions:
    """Write a run's encoder and decoder for other programs, with a model card.

    Example: unknot export runs/demo/beta-1_seed-0
    """

    run: RunPath
    format: Literal["onnx"] = "onnx"
    """onnx, which needs the extra: pip install 'unknot[onnx]'."""
    out: ExportFolder = None
    output: OutputOptions = field(default_factory=OutputOptions)


def export_command(options: ExportOptions) -> tuple[str, Any]:
    """Write a run's networks for other programs."""
    _check_folder(options)
    run = open_run(options.run, "export RUN", options.output)
    from unknot.common.progress import announced
    from unknot.runs.export import export_onnx

    with announced(options.output.hides_progress, "exporting the encoder and the decoder"):
        files = export_onnx(run, options.out or options.run / "export")
    return "\n".join(map(str, files)), {"files": [str(path) for path in files]}
