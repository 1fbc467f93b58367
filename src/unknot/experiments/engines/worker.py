"""A worker process: `python -m unknot.experiments.engines.worker`.

`compare` hands runs to processes of this module, so a user's own script is never imported a second
time. Each line of their input is a JSON list of run folders: one, or several to be trained as one.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial

import torch

from unknot.common.errors import Interrupted
from unknot.common.progress import Progress
from unknot.experiments.execute import error_text, execute_run, execute_stacked
from unknot.runs.folder import ERROR, RunFolder
from unknot.training.memory import return_freed_memory

ANSWER = "status "
EXIT_USER, EXIT_FAULT, EXIT_INTERRUPTED = 2, 1, 130


def execute(folders: Sequence[RunFolder], device: str, progress: Progress | None = None) -> int:
    """Execute a run, or several as one; the end of its log says what went wrong.

    Args:
        folders: with the runs' descriptions.
        device: where to compute.
        progress: called as `progress(name of the run, steps done, steps in all)`.

    Returns:
        The exit status: 0, 2 if a user can mend what stopped a run, 130 after a signal, or 1.
    """
    try:
        if len(folders) > 1:
            return exit_status(execute_stacked(folders, device, progress).values())
        text = error_text(partial(execute_run, folders[0], device=device, progress=progress))
    except (Interrupted, KeyboardInterrupt) as stopped:
        folders[0].append_log(str(stopped) or "interrupted")
        return EXIT_INTERRUPTED
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
    parser.add_argument(
        "--parent",
        type=int,
        default=os.getppid(),
        help="process id; the worker stops when that process is gone",
    )
    arguments = parser.parse_args()

    def follow_parent(name: str, step: int, steps: int) -> None:
        if os.getppid() != arguments.parent:  # the comparison was killed: save and make way
            os.kill(os.getpid(), 15)

    answers, status = os.dup(1), 0
    while status != EXIT_INTERRUPTED and (line := sys.stdin.readline()):
        folders = [RunFolder(path) for path in json.loads(line)]
        with folders[0].log.open("ab") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        torch.set_num_threads(arguments.threads)  # a resumed run may have set its own
        status = execute(folders, arguments.device, follow_parent)
        return_freed_memory()
        with suppress(BrokenPipeError):
            os.write(answers, f"{ANSWER}{status}\n".encode())


if __name__ == "__main__":
    main()
