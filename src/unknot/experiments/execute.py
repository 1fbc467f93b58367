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
from unknot.config.execution import ALL_PRODUCTS, Products
from unknot.data.image_set import ImageSet
from unknot.models.networks import NetworkBuilder
from unknot.report.run_figures import draw_figures
from unknot.runs.evaluation import Evaluation
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
    products: Products = ALL_PRODUCTS,
) -> Run:
    """Train a described run, or finish it, score it and draw it; nothing if it is done.

    A finished run that lacks its scores or its pictures gets them.

    Args:
        folder: with the run's description.
        images: its images, if they are open already.
        networks: a user's own builder.
        device: where to compute.
        progress: called as `progress(name of the run, steps done, steps in all)`, and once more
            before and after its scores and pictures.
        patience: seconds to wait for another process that is at it.
        products: what is made of the run beside its weights, losses and codes.

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
                with_frames=products.has_pictures,
            )
            if progress:
                progress(f"scores and pictures of {folder.name}", 0, 1)
            finish_run(folder, trained, images, networks=networks, device=device, products=products)
            if progress:
                progress(f"scores and pictures of {folder.name}", 1, 1)
        elif lacks_products(folder, products):
            make_products(Run(folder.path, networks=networks, device=device), products)
    return Run(folder.path, networks=networks, device=device)


def finish_run(
    folder: RunFolder,
    trained: TrainedModel,
    images: ImageSet,
    *,
    networks: NetworkBuilder | None = None,
    device: str = "auto",
    products: Products = ALL_PRODUCTS,
) -> None:
    """Save a trained run's codes, score and draw it, and mark it done.

    Args:
        folder: the run's.
        trained: as `fit` gave it.
        images: it was trained on.
        networks: a user's own builder.
        device: where to compute.
        products: what is made of the run beside its weights, losses and codes.

    Raises:
        UserError: if its codes cannot be scored.
    """
    folder.check_held()
    save_outcome(folder, trained, images)
    if products.has_scores or products.has_pictures:
        make_products(Run(folder.path, networks=networks, device=device), products)
    folder.check_held()
    folder.mark_done()


def lacks_products(folder: RunFolder, products: Products) -> bool:
    """Whether a finished run has yet to be scored or drawn.

    Args:
        folder: the run's.
        products: what is to be made of it.

    Raises:
        UserError: if its evaluation is damaged.
    """
    return (products.has_scores and Evaluation.load(folder.evaluation).scores is None) or (
        products.has_pictures and not (folder.traversals.exists() and folder.curves.exists())
    )


def make_products(run: Run, products: Products) -> None:
    """Score and draw a run, as far as that has not been done.

    Args:
        run: trained, with its codes.
        products: what is to be made of it.

    Raises:
        UserError: if its codes cannot be scored.
    """
    if products.has_scores and run.evaluation.scores is None:
        score_run_quickly(run)
    if products.has_pictures:
        draw_figures(run)


def execute_stacked(
    folders: Sequence[RunFolder],
    device: str,
    progress: Progress | None = None,
    patience: float = LOCK_SECONDS,
    products: Products = ALL_PRODUCTS,
) -> dict[RunFolder, str]:
    """Execute several runs, trained as one batched program.

    What stops one of them goes into its own log, and the others go on.

    Args:
        folders: with the runs' descriptions; done ones are left alone.
        device: where to compute.
        progress: called as `progress(name of the first run, steps done, steps in all)`.
        patience: seconds to wait for another process that is at one of them.
        products: what is made of each run beside its weights, losses and codes.

    Returns:
        What stopped each run that did not come to its end, as its log has it.

    Raises:
        HeldError: if another process is at one of them, once the others have come to their end.
        Interrupted: after a signal, once everything is saved.
    """
    with ExitStack() as locks:
        free, errors, refusals = _enter_locks(locks, folders, patience)
        pending = [folder for folder in free if not folder.is_done]
        for folder in (folder for folder in free if folder not in pending):
            text = error_text(partial(_complete, folder, device, products), folder.path)
            if text:
                errors[folder] = text
        if pending:
            text = error_text(
                lambda: errors.update(_train_stacked(pending, device, progress, products)),
                pending[0].path,
            )
            if text:
                errors |= {folder: text for folder in pending if not folder.is_done}
    for folder, text in errors.items():
        folder.append_log(text)
    if refusals:
        raise refusals[0]
    return errors


def _complete(folder: RunFolder, device: str, products: Products) -> None:
    """Score and draw a finished run, as far as that has not been done."""
    if lacks_products(folder, products):
        make_products(Run(folder.path, device=device), products)


def _enter_locks(
    locks: ExitStack, folders: Sequence[RunFolder], patience: float
) -> tuple[list[RunFolder], dict[RunFolder, str], list[HeldError]]:
    """Take the locks of runs; gives those that were free, what failed, and what others hold."""
    free: list[RunFolder] = []
    errors: dict[RunFolder, str] = {}
    refusals: list[HeldError] = []
    for folder in folders:
        enter = partial(locks.enter_context, folder.locked(patience))
        try:
            text = error_text(enter, folder.path)
        except HeldError as error:
            refusals.append(error)
            continue
        if text:
            errors[folder] = text
        else:
            remove_leftovers(folder.path)
            free.append(folder)
    return free, errors, refusals


def _train_stacked(
    pending: Sequence[RunFolder], device: str, progress: Progress | None, products: Products
) -> dict[RunFolder, str]:
    """Train and finish the runs that are not done; returns what stopped some of them."""
    images = pending[0].open_images()
    runs = [(folder.read_config(), folder) for folder in pending]
    outcomes = fit_stacked(
        runs, images, device=device, progress=progress, with_frames=products.has_pictures
    )
    errors: dict[RunFolder, str] = {}
    for folder in pending:
        outcome = outcomes[folder.path]
        if isinstance(outcome, UserError):
            errors[folder] = f"{ERROR}{outcome}"
        else:
            finish = partial(finish_run, folder, outcome, images, device=device, products=products)
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
