"""Described runs -> finished runs: fit, save codes, score, draw, mark done."""

import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from unknot.common.errors import Interrupted, UserError, explain_failure
from unknot.common.files import remove_leftovers
from unknot.common.locks import HeldError
from unknot.common.progress import Progress
from unknot.data.image_set import ImageSet
from unknot.models.networks import NetworkBuilder
from unknot.report.run_figures import draw_figures
from unknot.runs.folder import ERROR, LOCK_SECONDS, RunFolder
from unknot.runs.run import Run
from unknot.runs.scores import score_run_quickly
from unknot.training.fit import TrainedModel, fit, fit_stacked
from unknot.training.outcome import save_outcome


def execute_run(
    folder: RunFolder,
    *,
    images: ImageSet | None = None,
    networks: NetworkBuilder | None = None,
    device: str = "auto",
    progress: Progress | None = None,
    patience: float = LOCK_SECONDS,
) -> Run:
    """Train a described run, or finish it, score it and draw it; nothing if it is done.

    Args:
        folder: with the run's description.
        images: its images, if they are open already.
        networks: a user's own builder.
        device: where to compute.
        progress: called as `progress(name of the run, steps done, steps in all)`, and once more
            before and after its scores and pictures.
        patience: seconds to wait for another process that is at it.

    Raises:
        HeldError: if another process is at it, and goes on to.
        UserError: if it cannot be trained.
        Interrupted: after a signal, once everything is saved.
    """
    with folder.locked(patience):
        remove_leftovers(folder.path)
        if not folder.is_done:
            images = images or folder.open_images()
            trained = fit(
                folder.read_config(),
                images,
                folder,
                device=device,
                networks=networks,
                progress=progress,
            )
            if progress:
                progress(f"scores and pictures of {folder.name}", 0, 1)
            finish_run(folder, trained, images, networks=networks, device=device)
            if progress:
                progress(f"scores and pictures of {folder.name}", 1, 1)
    return Run(folder.path, networks=networks, device=device)


def finish_run(
    folder: RunFolder,
    trained: TrainedModel,
    images: ImageSet,
    *,
    networks: NetworkBuilder | None = None,
    device: str = "auto",
) -> None:
    """Save a trained run's codes, score and draw it, and mark it done.

    Args:
        folder: the run's.
        trained: as `fit` gave it.
        images: it was trained on.
        networks: a user's own builder.
        device: where to compute.

    Raises:
        UserError: if its codes cannot be scored.
    """
    folder.check_held()
    save_outcome(folder, trained, images)
    run = Run(folder.path, networks=networks, device=device)
    score_run_quickly(run)
    draw_figures(run)
    folder.check_held()
    folder.mark_done()


def execute_stacked(
    folders: Sequence[RunFolder],
    device: str,
    progress: Progress | None = None,
    patience: float = LOCK_SECONDS,
) -> dict[RunFolder, str]:
    """Execute several runs, trained as one batched program.

    What stops one of them goes into its own log, and the others go on.

    Args:
        folders: with the runs' descriptions; done ones are left alone.
        device: where to compute.
        progress: called as `progress(name of the first run, steps done, steps in all)`.
        patience: seconds to wait for another process that is at one of them.

    Returns:
        What stopped each run that did not come to its end, as its log has it.

    Raises:
        HeldError: if another process is at one of them, once the others have come to their end.
        Interrupted: after a signal, once everything is saved.
    """
    with ExitStack() as locks:
        free, errors, held = _enter_locks(locks, folders, patience)
        pending = [folder for folder in free if not folder.is_done]
        if pending:
            text = error_text(
                lambda: errors.update(_train_stacked(pending, device, progress)), pending[0].path
            )
            if text:
                errors |= {folder: text for folder in pending if not folder.is_done}
    for folder, text in errors.items():
        folder.append_log(text)
    if held:
        raise held[0]
    return errors


def _enter_locks(
    locks: ExitStack, folders: Sequence[RunFolder], patience: float
) -> tuple[list[RunFolder], dict[RunFolder, str], list[HeldError]]:
    """Take the locks of runs; gives those that were free, what failed, and what others hold."""
    free: list[RunFolder] = []
    errors: dict[RunFolder, str] = {}
    held: list[HeldError] = []
    for folder in folders:
        enter = partial(locks.enter_context, folder.locked(patience))
        try:
            text = error_text(enter, folder.path)
        except HeldError as error:
            held.append(error)
            continue
        if text:
            errors[folder] = text
        else:
            remove_leftovers(folder.path)
            free.append(folder)
    return free, errors, held


def _train_stacked(
    pending: Sequence[RunFolder], device: str, progress: Progress | None
) -> dict[RunFolder, str]:
    """Train and finish the runs that are not done; returns what stopped some of them."""
    images = pending[0].open_images()
    runs = [(folder.read_config(), folder) for folder in pending]
    outcomes = fit_stacked(runs, images, device=device, progress=progress)
    errors: dict[RunFolder, str] = {}
    for folder in pending:
        outcome = outcomes[folder.path]
        if isinstance(outcome, UserError):
            errors[folder] = f"{ERROR}{outcome}"
        else:
            finish = partial(finish_run, folder, outcome, images, device=device)
            text = error_text(finish, folder.path)
            if text:
                errors[folder] = text
    return errors


def error_text(job: Callable[[], object], place: Path) -> str:
    """Do a job; give what its log says if it fails, or an empty string.

    That is one line that begins with `error: ` where a user can mend it, or else a traceback.

    Args:
        job: with a run.
        place: its folder.

    Raises:
        HeldError: if another process is at the run.
        Interrupted: if the job was.
    """
    try:
        job()
    except (HeldError, Interrupted):
        raise
    except UserError as error:
        return f"{ERROR}{error}"
    except Exception as error:
        explained = explain_failure(error, place)
        return f"{ERROR}{explained}" if explained else traceback.format_exc().rstrip()
    return ""
