"""Whether unknot is right on a GPU, and how fast: one script for a few minutes of one.

    python benchmarks/gpu.py [--minutes 6] [--device cuda] [--out runs/gpu.json] [--json]

Equality is that with the processor in single precision: gradients of one step (largest relative
difference of a parameter's, at most 1e-5), losses over 12 steps (1e-3), codes of the same weights
(1e-4), and scores after 60 steps (.15: on a processor, rounding alone moves them by up to .09).
Then images per second of the training step of the reference network at batch 64, by what takes it:
the trainer; the package's parts on inputs that lie still; these as a CUDA graph; these compiled.
Stacked runs and processes count together. Then batches, decoding, and `compare` on the faces with
three betas of 300 steps each, from cached images to the page. Parts have shares of the time; what
did not fit in is named as left out, and what failed with its error.

`--device cpu` has no graphs, and `--quick` tiny sizes: to see that the script runs.
"""

import argparse
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import torch
from gpu_parts import (
    codes,
    compared,
    data_path,
    decoding,
    describe_device,
    gradients,
    graph_beside_eager,
    images_drawn,
    losses,
    resumed,
    standardization,
    way_text,
)
from gpu_steps import (
    PRECISIONS,
    TRAINER,
    Setting,
    capture_of_the_trainers_step,
    make_current,
    measure_side,
    sides,
    waits,
)

from common import machine, show
from unknot.common.files import write_json
from unknot.common.machine import num_cores

SHARES = {"device": 10, "equality": 13, "steps": 41, "data": 6, "decoding": 5, "comparison": 25}
"""Parts in their order, and percent of the time; what one leaves is divided among the next."""
LEAST_SECONDS, LONGEST_SECONDS = 3.0, 75.0
"""With less time left a task is not begun; more none may take, except in the last part."""
WAYS: list[dict[str, Any]] = [{}, {"stack_runs": 3}, {"workers": 3}]
"""What `compare` is called with."""
MOST_THREADS = 8  # of the runs on the processor; more wait for one another
DECISIVE = 2.0  # times; a stack that wins less on a GPU is not worth its code


class Task(NamedTuple):
    """What a process does and answers: `job(setting, *arguments)` gives rows of its part."""

    part: str
    name: str
    job: Callable[..., dict[str, Any]]
    arguments: tuple[Any, ...] = ()


class Failed(Exception):
    """Why a task has no result."""


class Worker:
    """A process that does tasks; what goes wrong in one, on the GPU too, ends with the process."""

    def __init__(self, setting: Setting) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._connection, theirs = spawn.Pipe()
        self._process = spawn.Process(target=serve, args=(theirs, setting))
        self._process.start()
        theirs.close()

    def do(self, task: Task, seconds: float) -> dict[str, Any]:
        """Have a task done.

        Raises:
            Failed: if it goes wrong or takes longer; the process can then only be closed.
        """
        try:
            self._connection.send((task.job, task.arguments))
            if not self._connection.poll(seconds):
                raise Failed(f"not done within {seconds:.0f} s")
            rows, error = self._connection.recv()
        except (EOFError, OSError):
            raise Failed("its process died") from None
        if error:
            raise Failed(error)
        answer: dict[str, Any] = rows
        return answer

    def close(self) -> None:
        """Let the process end."""
        self._connection.close()
        self._process.join(LEAST_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the process at once, and those that it has started."""
        assert self._process.pid
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.join()


def serve(connection: Connection, setting: Setting) -> None:
    """Do what comes in, and answer with rows or an error; prints nothing to standard output."""
    os.setsid()
    os.dup2(2, 1)
    make_current(setting.device)
    torch.set_num_threads(1 if setting.quick else min(MOST_THREADS, num_cores()))
    while True:
        try:
            job, arguments = connection.recv()
        except EOFError:
            return
        try:
            connection.send((job(setting, *arguments), ""))
        except Exception as error:  # whatever it is, it is the answer
            traceback.print_exc()
            connection.send(({}, reason(error)))


def reason(error: BaseException) -> str:
    """What went wrong first, in one line of a table: the end of a broken capture fails as well."""
    while error.__context__ and not error.__suppress_context__:
        error = error.__context__
    return " ".join(f"{type(error).__name__}: {error}".split()).replace("|", "/")[:400]


def tasks(setting: Setting) -> list[Task]:
    """Everything that is measured, part by part, the most important first."""
    own_step = "the trainer's own step"
    on_gpu = [
        Task("device", f"where {own_step} waits", waits),
        Task("device", f"{own_step} as a CUDA graph", capture_of_the_trainers_step),
        Task("equality", "graph beside eager", graph_beside_eager),
    ]
    ways = WAYS[:1] if setting.quick else WAYS
    return [
        Task("device", "device", describe_device),
        Task("device", "images", images_drawn),
        Task("equality", "gradients", gradients),
        Task("equality", "losses", losses),
        Task("equality", "codes", codes),
        Task("equality", "resume", resumed),
        *(on_gpu if setting.device.startswith("cuda") else []),
        *(Task("steps", side.name, measure_side, (side,)) for side in sides(setting)),
        *(Task("data", f"batch {size}", data_path, (size,)) for size in (64, 1024)),
        Task("data", "standardization", standardization),
        Task("decoding", "decoding", decoding),
        *(Task("comparison", way_text(way), compared, (way,)) for way in ways),
    ]


def measure(
    setting: Setting, everything: list[Task], seconds: float, save: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Do every task for which there is time.

    Args:
        setting: where.
        everything: the tasks.
        seconds: for all of them.
        save: called with the results so far after each task.

    Returns:
        The results: a table for each part, `seconds` of each, `failed` and `left_out`.
    """
    results: dict[str, Any] = {part: {} for part in SHARES}
    results |= {"seconds": {}, "failed": {}, "left_out": ""}
    left_out: list[str] = []
    end = time.monotonic() + seconds
    worker: Worker | None = None
    try:
        for i, (part, share) in enumerate(SHARES.items()):
            begun = time.monotonic()
            part_end = begun + (end - begun) * share / sum(list(SHARES.values())[i:])
            longest = LONGEST_SECONDS if i + 1 < len(SHARES) else seconds
            for task in (task for task in everything if task.part == part):
                allowed = min(part_end - time.monotonic(), longest)
                if allowed < LEAST_SECONDS:
                    left_out.append(task.name)
                    continue
                worker = worker or Worker(setting)
                try:
                    results[part] |= worker.do(task, allowed)
                except Failed as failure:
                    results["failed"][f"{part}, {task.name}"] = str(failure)
                    worker.kill()
                    worker = None
                print(f"{part}, {task.name}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
                results["seconds"][part] = time.monotonic() - begun
                results["left_out"] = "; ".join(left_out)
                save(results)
    finally:
        if worker:
            worker.close()
    results["left_out"] = "; ".join(left_out)
    return results


def verdict(rows: dict[str, dict[str, float]], device: str) -> str:
    """What the trainer's images per second mean for stacking."""
    for precision in PRECISIONS:
        rates = {
            name: row["images_per_second"]
            for name, row in rows.items()
            if name.endswith(f", {TRAINER}, {precision}")
        }
        stacked = {name: rate for name, rate in rates.items() if "stacked" in name}
        apart = {name: rate for name, rate in rates.items() if name not in stacked}
        if stacked and apart:
            best, other = max(stacked, key=rates.__getitem__), max(apart, key=rates.__getitem__)
            times = rates[best] / rates[other]
            meaning = f"it {'stays' if times >= DECISIVE else 'goes'}: {DECISIVE:g} times decide"
            if not device.startswith("cuda"):
                meaning = "which decides nothing: this is no GPU"
            figures = f"{best}: {rates[best]:,.0f} images/s; {other}: {rates[other]:,.0f}"
            return f"stacking wins {times:.2f} times ({figures}), {meaning}"
    return "stacking: not measured"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("runs/gpu.json"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        print(
            "no CUDA device here; --device cpu tries the script out, and says nothing of a GPU",
            file=sys.stderr,
        )
        sys.exit(2)
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker")  # killed processes' locks
    options.out.parent.mkdir(parents=True, exist_ok=True)
    head = machine()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        setting = Setting(options.device, place, options.quick)
        results = measure(
            setting,
            tasks(setting),
            60 * options.minutes,
            lambda results: write_json(options.out, head | results),
        )
    results["stacking"] = verdict(results["steps"], options.device)
    write_json(options.out, head | results)
    show(head | results, options.json)
    print(results["stacking"], file=sys.stderr)


if __name__ == "__main__":
    main()
