"""Runs from their descriptions to scores and pictures: `python -m unknot.worker RUN_FOLDER ...`.

`compare` hands each run's folder to a process of this module, so a user's own script is never
imported a second time.
"""

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock, Timeout

from unknot.config import RunConfig, first_difference, from_toml, to_toml
from unknot.data.image_set import ImageSet, open_image_set
from unknot.data.sources import load_images
from unknot.errors import Interrupted, UserError, explain_os_error
from unknot.evaluation import BRIEF, evaluate_run
from unknot.figures import animations, plots
from unknot.files import holds_other_things, read_json, write_json, write_text
from unknot.model.networks import NetworkBuilder
from unknot.training.loop import fit, fit_together
from unknot.training.randomness import standard_normal
from unknot.training.run import CONFIG, DONE, IMAGES, Run

LOCK, LOG = ".lock", "log.txt"
LOCK_SECONDS = 60
EXIT_USER, EXIT_FAULT, EXIT_INTERRUPTED = 2, 1, 130
TRAVERSAL_COLUMNS = 8
SPAN = (-1.0, 1.0)
FIGURE_SEED = 0  # not the run's: the same samples stand in every run


def describe_run(config: RunConfig, images: ImageSet, folder: Path) -> None:
    """Write a run's description into its folder, or check the one that is there.

    Raises:
        UserError: if the folder holds another run, or this one on other images.
    """
    described = folder / CONFIG
    if described.exists():
        difference = first_difference(from_toml(RunConfig, described), config)
        if difference:
            raise UserError(f"{folder} holds another run: {difference}; choose another --out")
        if read_json(folder / IMAGES)["fingerprint"] != images.fingerprint:
            raise UserError(
                f"the images have changed since {folder} was begun; choose another --out"
            )
    elif holds_other_things(folder, (IMAGES,)):
        raise UserError(f"{folder} is there but holds no run; choose another --out")
    write_json(
        folder / IMAGES,
        {
            "fingerprint": images.fingerprint,
            "shape": images.images.shape,
            "prepared": str(images.folder),
        },
    )
    write_text(described, to_toml(config))


def is_done(folder: Path) -> bool:
    """Whether a run is finished, pictures and all."""
    return (folder / DONE).exists()


def execute_run(
    folder: Path,
    *,
    images: ImageSet | None = None,
    networks: NetworkBuilder | None = None,
    device: str = "auto",
    on_step: Callable[[int, int], None] | None = None,
) -> Run:
    """Train a described run, or finish it, measure it and draw it; nothing if it is done.

    Args:
        folder: with its description.
        images: its images, if they are open already.
        networks: a user's own builder.
        device: where to compute.
        on_step: called with steps done and steps in all.

    Raises:
        UserError: if it cannot be trained, or another process is at it.
        Interrupted: after a signal, once everything is saved.
    """
    config = from_toml(RunConfig, folder / CONFIG)
    with _locked(folder):
        if not is_done(folder):
            images = images or open_images(config, folder)
            fit(config, images, folder, device=device, networks=networks, on_step=on_step)
            complete(Run(folder, networks=networks, device=device))
    return Run(folder, networks=networks, device=device)


def complete(run: Run) -> None:
    """Measure a trained run, draw it, and note that it is done.

    Raises:
        UserError: if its codes cannot be measured.
    """
    evaluate_run(run, effort=BRIEF)
    draw_pictures(run)
    write_text(run.folder / DONE, datetime.now(UTC).isoformat(timespec="seconds") + "\n")


def execute_together(
    folders: Sequence[Path], device: str, on_step: Callable[[int, int], None] | None = None
) -> int:
    """As `execute_run` for several runs, trained as one batched program.

    What stops one of them goes into its own log, and the others go on.

    Args:
        folders: with their descriptions; done ones are left alone.
        device: where to compute.
        on_step: called with steps done and steps in all.

    Returns:
        The process's exit status: 0, 2 if a user can mend what stopped a run, or 1.

    Raises:
        Interrupted: after a signal, once everything is saved.
    """
    told: dict[Path, str] = {}
    with ExitStack() as locks:
        for folder in folders:
            words = _last_words(partial(locks.enter_context, _locked(folder)))
            if words:
                told[folder] = words
        pending = [folder for folder in folders if folder not in told and not is_done(folder)]
        words = _last_words(lambda: told.update(_fit_together(pending, device, on_step)))
        if words:
            told |= dict.fromkeys(pending, words)
        for folder in pending:
            if folder not in told:
                words = _last_words(partial(_complete, folder, device))
                if words:
                    told[folder] = words
    for folder, words in told.items():
        with (folder / LOG).open("a", encoding="utf-8") as log:
            log.write(f"{words}\n")
    if not told:
        return 0
    mendable = all(words.startswith("error: ") for words in told.values())
    return EXIT_USER if mendable else EXIT_FAULT


def _fit_together(
    pending: Sequence[Path], device: str, on_step: Callable[[int, int], None] | None
) -> dict[Path, str]:
    """Train the runs that are not done; the last words of those that were stopped."""
    if not pending:
        return {}
    runs = [(from_toml(RunConfig, folder / CONFIG), folder) for folder in pending]
    stopped = fit_together(runs, open_images(*runs[0]), device=device, on_step=on_step)
    return {folder: f"error: {error}" for folder, error in stopped.items()}


def _complete(folder: Path, device: str) -> None:
    complete(Run(folder, device=device))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a run's lock.

    Raises:
        UserError: if another process does for a minute.
    """
    try:
        with FileLock(folder / LOCK, timeout=LOCK_SECONDS):
            yield
    except Timeout:
        raise UserError(f"another process is training {folder}; wait for it, or end it") from None


def _last_words(job: Callable[[], object]) -> str:
    """What a job says if it fails: one line for the user, or a fault of ours in full."""
    try:
        job()
    except Interrupted:
        raise
    except UserError as error:
        return f"error: {error}"
    except OSError as error:
        explained = explain_os_error(error)
        return f"error: {explained}" if explained else traceback.format_exc().rstrip()
    except Exception:
        return traceback.format_exc().rstrip()
    return ""


def open_images(config: RunConfig, folder: Path) -> ImageSet:
    """The run's images: from the cache, or prepared again from their source.

    Raises:
        UserError: if they are gone or have changed.
    """
    noted = read_json(folder / IMAGES)
    prepared = Path(noted["prepared"])
    if prepared.is_dir():
        images = open_image_set(prepared)
    elif config.data.source == "array":
        raise UserError(f"the images given from Python are gone from the cache ({prepared})")
    else:
        data = config.data
        images = load_images(
            data.source, size=data.size, crop=data.crop, color=data.color, group=data.group
        )
    if images.fingerprint != noted["fingerprint"]:
        raise UserError(f"the images have changed since {folder} was begun; choose another --out")
    return images


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


def main() -> int:
    """Execute the runs that the command line names; the last line printed says what went wrong."""
    parser = argparse.ArgumentParser(prog="python -m unknot.worker", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    parent = os.getppid()

    def follow_parent(step: int, steps: int) -> None:
        if os.getppid() != parent:  # the comparison was killed: save and make way
            os.kill(os.getpid(), 15)

    first, *others = arguments.folders
    execute = partial(execute_run, first, device=arguments.device, on_step=follow_parent)
    try:
        if others:
            return execute_together(arguments.folders, arguments.device, follow_parent)
        words = _last_words(execute)
    except (Interrupted, KeyboardInterrupt) as stopped:
        print(str(stopped) or "interrupted", flush=True)
        return EXIT_INTERRUPTED
    if words:
        print(words, file=sys.stderr, flush=True)
        return EXIT_USER if words.startswith("error: ") else EXIT_FAULT
    return 0


if __name__ == "__main__":
    sys.exit(main())
