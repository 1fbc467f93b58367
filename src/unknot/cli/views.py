"""The commands that look: at runs, at data, at the machine."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from unknot.cli.common import Common, load, same_preparation
from unknot.config import DataConfig
from unknot.errors import UserError

RunFolder = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
DataPath = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="DATA")]
PICTURES = (".png", ".jpg", ".webp", ".avif")
Format = Literal["avif", "gif", "webp", "png"]


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
    from unknot.pictures import TRAVERSAL_COLUMNS, draw_traversals
    from unknot.training.run import Run

    run = Run(options.run)
    codes = None
    if options.data:
        images = load(same_preparation(run, options.data), options.common)
        codes = run.encode(images.images[:TRAVERSAL_COLUMNS])
    path, note = draw_traversals(
        run, options.out or run.folder, codes=codes, span=options.range, format=options.format
    )
    return _picture(path, note)


def reconstruct_command(options: PictureOptions) -> tuple[str, Any]:
    """Draw a run's reconstructions over training."""
    from unknot.pictures import draw_reconstructions
    from unknot.training.run import Run

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
    images = load(same_preparation(run, options.data), options.common)
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
    if options.sample and options.sample.suffix.lower() not in PICTURES:
        raise UserError(f"sample is {options.sample}; its ending must be {', '.join(PICTURES)}")
    images = load(options.data, options.common)
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
    from unknot.comparison import Experiment

    path = Experiment(options.experiment).report()
    return f"report: {path}", {"report": str(path)}


@dataclass(frozen=True)
class ExportOptions:
    """Write a run's encoder and decoder for other programs, with a model card."""

    run: RunFolder
    format: Literal["onnx"] = "onnx"
    """onnx (extra `onnx`)."""
    out: Path | None = None
    """The folder to write into; `export` in the run's own by default."""
    common: Common = field(default_factory=Common)


def export_command(options: ExportOptions) -> tuple[str, Any]:
    """Write a run's networks for other programs."""
    from unknot.export import export_onnx
    from unknot.training.run import Run

    files = export_onnx(Run(options.run), options.out or options.run / "export")
    return "\n".join(map(str, files)), {"files": [str(path) for path in files]}


@dataclass(frozen=True)
class DoctorOptions:
    """What this machine has, and what each extra would add."""

    common: Common = field(default_factory=Common)


def doctor_command(options: DoctorOptions) -> tuple[str, Any]:
    """What this machine has."""
    from unknot.doctor import examine

    findings = examine()
    return "\n".join(f"{name:14} {value}" for name, value in findings.items()), findings
