"""Runs from their descriptions to scores and pictures: `python -m unknot.worker`.

`compare` hands runs to processes of this module, so a user's own script is never imported a second
time. Each line of their input is a JSON list of run folders: one, or several to be trained as one.
"""

import argparse
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from unknot.config import RunConfig, first_difference, from_toml, to_toml
from unknot.data.image_set import ImageSet, open_image_set
from unknot.data.sources import load_images
from unknot.errors import Interrupted, UserError, explain_os_error
from unknot.evaluation import BRIEF, evaluate_run
from unknot.files import holds_other_things, read_json, write_json, write_text
from unknot.model.networks import NetworkBuilder
from unknot.pictures import draw_pictures
from unknot.training.loop import fit, fit_together
from unknot.training.memory import return_freed_memory
from unknot.training.run import CONFIG, DONE, IMAGES, Run

LOCK, LOG = ".lock", "log.txt"
ANSWER = "status "
LOCK_SECONDS = 60
EXIT_USER, EXIT_FAULT, EXIT_INTERRUPTED = 2, 1, 130


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


def execute(folders: Sequence[Path], device: str, on_step: Callable[[int, int], None]) -> int:
    """Execute a run, or several as one; the last line printed says what went wrong.

    Args:
        folders: with their descriptions.
        device: where to compute.
        on_step: called with steps done and steps in all.

    Returns:
        The exit status: 0, 2 if a user can mend what stopped a run, 130 after a signal, or 1.
    """
    first, *others = folders
    try:
        if others:
            return execute_together(folders, device, on_step)
        words = _last_words(partial(execute_run, first, device=device, on_step=on_step))
    except (Interrupted, KeyboardInterrupt) as stopped:
        print(str(stopped) or "interrupted", flush=True)
        return EXIT_INTERRUPTED
    if words:
        print(words, file=sys.stderr, flush=True)
        return EXIT_USER if words.startswith("error: ") else EXIT_FAULT
    return 0


def main() -> None:
    """Execute what each line of the input names, and answer each with an exit status.

    What is printed meanwhile goes into the log of the first run that the line names.
    """
    parser = argparse.ArgumentParser(prog="python -m unknot.worker", description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--parent", type=int, default=os.getppid(), help="to stop with")
    arguments = parser.parse_args()

    def follow_parent(step: int, steps: int) -> None:
        if os.getppid() != arguments.parent:  # the comparison was killed: save and make way
            os.kill(os.getpid(), 15)

    answers, status = os.dup(1), 0
    while status != EXIT_INTERRUPTED and (line := sys.stdin.readline()):
        folders = [Path(folder) for folder in json.loads(line)]
        with (folders[0] / LOG).open("ab") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        torch.set_num_threads(arguments.threads)  # a resumed run may have set its own
        status = execute(folders, arguments.device, follow_parent)
        return_freed_memory()
        with suppress(BrokenPipeError):
            os.write(answers, f"{ANSWER}{status}\n".encode())


if __name__ == "__main__":
    main()
