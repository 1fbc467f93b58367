"""A worker process: `python -m unknot.experiments.engines.worker`.

`compare` hands runs to processes of this module, so a user's own script is never imported a second
time. Each line of their input is a JSON list of run folders: one, or several to be trained as one.
"""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from threading import Thread

import torch

from unknot.common.errors import Interrupted
from unknot.common.interruption import SECONDS_TO_STOP, STATUSES, interrupted_status
from unknot.common.locks import HeldError
from unknot.common.progress import Progress
from unknot.config.execution import ALL_PRODUCTS, Products
from unknot.data.stage import stage_in
from unknot.experiments.execute import error_text, execute_run, execute_stacked
from unknot.runs.folder import ERROR, RunFolder
from unknot.training.memory import return_freed_memory

ANSWER = "status "
EXIT_USER, EXIT_FAULT = 2, 1
EXIT_HELD = 75  # as EX_TEMPFAIL of sysexits.h
PATIENCE = 0.5  # seconds; whoever waits for another process has something better to do
LOOK_SECONDS = 0.5


def execute(
    folders: Sequence[RunFolder],
    device: str,
    progress: Progress | None = None,
    products: Products = ALL_PRODUCTS,
) -> int:
    """Execute a run, or several as one; the end of its log says what went wrong.

    Args:
        folders: with the runs' descriptions.
        device: where to compute.
        progress: called as `progress(name of the run, steps done, steps in all)`.
        products: what is made of each run beside its weights, losses and codes.

    Returns:
        The exit status: 0, 2 if a user can mend what stopped a run, one of `STATUSES` after a
        signal, `EXIT_HELD` where another process is at a run, or 1.
    """
    try:
        if len(folders) > 1:
            outcomes = execute_stacked(folders, device, progress, PATIENCE, products)
            return exit_status(outcomes.values())
        job = partial(
            execute_run,
            folders[0],
            device=device,
            progress=progress,
            patience=PATIENCE,
            products=products,
        )
        text = error_text(job, folders[0].path)
    except HeldError:
        return EXIT_HELD
    except (Interrupted, KeyboardInterrupt) as stopped:
        folders[0].append_log(str(stopped) or "interrupted")
        return interrupted_status(stopped)
    if text:
        folders[0].append_log(text)
    return exit_status([text] if text else [])


def exit_status(errors: Iterable[str]) -> int:
    """Give 0 where nothing went wrong, 2 where a user can mend all that did, or 1."""
    texts = list(errors)
    if not texts:
        return 0
    return EXIT_USER if all(text.startswith(ERROR) for text in texts) else EXIT_FAULT


def main() -> None:
    """Execute what each line of the input names, and answer each with an exit status.

    What is printed meanwhile goes into the log of the first run that the line names.
    """
    parser = argparse.ArgumentParser(
        prog="python -m unknot.experiments.engines.worker", description=__doc__
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--scores", default=ALL_PRODUCTS.scores)
    parser.add_argument("--pictures", default=ALL_PRODUCTS.pictures)
    parser.add_argument("--stage", default="")
    parser.add_argument(
        "--parent",
        type=int,
        default=0,
        help="process id; the worker stops when that process is gone (0: it does not)",
    )
    arguments = parser.parse_args()

    if arguments.parent:
        Thread(target=_end_with, args=[arguments.parent], daemon=True).start()
    stage_in(arguments.stage)
    products = Products(arguments.scores, arguments.pictures)
    answers, status = os.dup(1), 0
    while status not in STATUSES and (line := sys.stdin.readline()):
        folders = [RunFolder(path) for path in json.loads(line)]
        with folders[0].log.open("ab") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        torch.set_num_threads(arguments.threads)  # a resumed run may have set its own
        status = execute(folders, arguments.device, products=products)
        return_freed_memory()
        with suppress(BrokenPipeError):
            os.write(answers, f"{ANSWER}{status}\n".encode())


def _end_with(parent: int) -> None:
    """Wait until the comparison is gone, however it went; then save, and make way."""
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SECONDS_TO_STOP)
    os._exit(EXIT_FAULT)


if __name__ == "__main__":
    main()
