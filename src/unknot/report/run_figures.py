"""A run's pictures, drawn into its folder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unknot.common.randomness import standard_normal
from unknot.report.figures import animations
from unknot.runs.codecs import Codec
from unknot.runs.run import Run

TRAVERSAL_COLUMNS = 8
SPAN = (-1.0, 1.0)
FIGURE_SEED = 0  # not the run's: the same samples stand in every run


def draw_figures(run: Run) -> None:
    """Draw a run's traversals and curves into its folder, and reconstructions where it has any."""
    from unknot.report.figures import plots  # matplotlib takes half a second, and no page needs it

    if run.files.frames.exists():
        draw_reconstructions(run, run.folder)
    draw_traversals(run, run.folder)
    still = traversal_still(run, run.kl, prior_codes(run)[0], SPAN)
    animations.save_picture(still, run.files.traversals)
    curves = plots.training_curves(run.history("train"), run.history("validation"))
    plots.save_figure(curves, run.files.curves)


def draw_reconstructions(run: Run, folder: Path, *, format: str = "avif") -> tuple[Path, str]:
    """Write the reconstructions over training.

    Returns:
        The file, and a note for the user or an empty string.
    """
    frames = run.frames()
    pictures = animations.reconstruction_frames(
        frames["images"], frames["reconstructions"], frames["steps"]
    )
    return _write(pictures, folder, "reconstructions", format, milliseconds=150, last=2000)


def draw_traversals(
    run: Run,
    folder: Path,
    *,
    codes: NDArray[np.floating] | None = None,
    span: tuple[float, float] = SPAN,
    format: str = "avif",
) -> tuple[Path, str]:
    """Write each latent moved over `span`, from `codes` or from samples of the prior.

    Anything but the run's own traversals, which stand in its folder, gets a name of its own.

    Returns:
        The file, and a note for the user or an empty string.
    """
    start = prior_codes(run) if codes is None else codes
    stem = "traversals" + ("" if codes is None else "_images")
    stem += "" if span == SPAN else f"_{span[0]:g}_{span[1]:g}"
    if format == "png":
        return _write([traversal_still(run, run.kl, start[0], span)], folder, stem, format)
    frames = traversal_animation(run, run.kl, start, span)
    return _write(frames, folder, stem, format)


def traversal_animation(
    codec: Codec,
    kl: NDArray[np.floating],
    codes: NDArray[np.floating],
    span: tuple[float, float],
) -> list[Image.Image]:
    """Draw each latent moved over `span` and back, a row per latent.

    Args:
        codec: decodes them.
        kl: of each latent in nats, by which rows are ordered, shape `(latent_dim,)`.
        codes: where to start, a column each, shape `(columns, latent_dim)`.
        span: lowest and highest value.
    """
    values = animations.traversal_values(span)
    frames = animations.traversal_frames(codec.decode, codes, kl, values)
    return animations.there_and_back(frames)


def traversal_still(
    codec: Codec,
    kl: NDArray[np.floating],
    code: NDArray[np.floating],
    span: tuple[float, float],
) -> Image.Image:
    """Draw one code moved along each latent: a row per latent, a column per value.

    Args:
        codec: decodes it.
        kl: of each latent in nats, by which rows are ordered, shape `(latent_dim,)`.
        code: where to start, shape `(latent_dim,)`.
        span: lowest and highest value.
    """
    values = np.linspace(*span, TRAVERSAL_COLUMNS)
    return animations.traversal_sheet(codec.decode, code, kl, values)


def prior_codes(codec: Codec) -> NDArray[np.floating]:
    """Draw the samples of the prior that all traversals start from, `(8, latent_dim)`."""
    shape = (TRAVERSAL_COLUMNS, codec.latent_dim)
    samples: NDArray[np.floating] = standard_normal(shape, FIGURE_SEED, "traversals").numpy()
    return samples


def _write(
    frames: Sequence[Image.Image],
    folder: Path,
    stem: str,
    wanted: str,
    *,
    milliseconds: int = 80,
    last: int | None = None,
) -> tuple[Path, str]:
    suffix, note = animations.available_format(wanted)
    path = folder / f"{stem}.{suffix}"
    if suffix == "png":
        animations.save_picture(frames[-1], path)
    else:
        animations.save_animation(frames, path, milliseconds=milliseconds, last=last)
    return path, note or ""
