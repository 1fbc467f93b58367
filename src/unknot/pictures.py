"""A run's pictures, drawn into its folder."""

from pathlib import Path

import numpy as np

from unknot.figures import animations, plots
from unknot.training.randomness import standard_normal
from unknot.training.run import Run

TRAVERSAL_COLUMNS = 8
SPAN = (-1.0, 1.0)
FIGURE_SEED = 0  # not the run's: the same samples stand in every run


def draw_pictures(run: Run) -> None:
    """Draw a run's reconstructions, traversals and curves into its folder."""
    draw_reconstructions(run, run.folder)
    draw_traversals(run, run.folder)
    codes = prior_codes(run)
    values = np.linspace(*SPAN, TRAVERSAL_COLUMNS)
    still = animations.traversal_sheet(run.decode, codes[0], run.kl, values)
    animations.save_picture(still, run.folder / "traversals.png")
    curves = plots.training_curves(run.history("train"), run.history("validation"))
    plots.save_figure(curves, run.folder / "curves.svg")


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
    codes: np.ndarray | None = None,
    span: tuple[float, float] = SPAN,
    format: str = "avif",
) -> tuple[Path, str]:
    """Write each latent moved over `span`, from `codes` or from samples of the prior.

    Anything but the run's own traversals, which the report shows, gets a name of its own.

    Returns:
        The file, and a note for the user or an empty string.
    """
    start = prior_codes(run) if codes is None else codes
    stem = "traversals" + ("" if codes is None else "_images")
    stem += "" if span == SPAN else f"_{span[0]:g}_{span[1]:g}"
    if format == "png":
        values = np.linspace(*span, TRAVERSAL_COLUMNS)
        still = animations.traversal_sheet(run.decode, start[0], run.kl, values)
        return _write([still], folder, stem, format)
    frames = animations.traversal_frames(
        run.decode, start, run.kl, animations.traversal_values(span)
    )
    return _write(animations.there_and_back(frames), folder, stem, format)


def prior_codes(run: Run) -> np.ndarray:
    """The samples of the prior that every run's traversals start from, `(8, latent_dim)`."""
    shape = (TRAVERSAL_COLUMNS, run.config.model.latent_dim)
    return standard_normal(shape, FIGURE_SEED, "traversals").numpy()


def _write(
    frames: list,
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
