"""Tries every option of every command with bad values, bad files of settings, bad surroundings.

    python benchmarks/robust_cli.py [--json] [--only KIND ...]

Each command line runs in a fork of this process, which has imported everything; those whose
surroundings are bad (variables) are processes of their own. What is accepted is done: two steps of
a training, a page. Prints how they ended; exits with 1 if one gave a traceback, a box, a hang,
several lines, 2 GB of memory, or left a process.
"""

import argparse
import atexit
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

import numpy as np
from PIL import Image
from robust_cli_values import (
    DEVICE_FILES,
    DEVICES,
    HUGE,
    PATHS,
    REAL,
    TEXT,
    TOML,
    VARIABLES,
    WHOLE,
)
from robust_common import (
    HANG,
    ONE_LINE,
    TIME_LIMIT,
    Tally,
    Verdict,
    judged,
    run_command,
    run_forked,
    unknot,
)

from unknot.cli import COMMANDS, main
from unknot.cli.parse import option_types

NOT_TRIED = {("watch", "--open"), ("compare", "--open"), ("latent", "--no-open")}
QUIET = "--quiet"
TINY = ["--steps", "2", "--batch-size", "4", "--latent-dim", "2", "--size", "32"]
TINY += ["--network", "linear", QUIET]
SECONDS_TO_TRAIN = 60.0


class Case(NamedTuple):
    """One command line.

    Attributes:
        kind: the row of the table.
        words: after `unknot`.
        env: variables; it is then a process of its own.
    """

    kind: str
    words: list[str]
    env: dict[str, str]

    @property
    def name(self) -> str:
        """What is tried, as it would be typed."""
        variables = [f"{name}={value}" for name, value in self.env.items()]
        return " ".join([*variables, "unknot", *self.words])[:300]


def bad_values(option: str, kind: Any) -> list[str]:
    """List what is tried for an option, by its name and type."""
    if option == "--device":
        return [*DEVICES, *TEXT]
    if option == "--steps":  # a billion would be trained
        return [value for value in WHOLE if value != "1000000000"]
    if option in ("--source", "--data"):  # the whole disk would be looked through for images
        return [*(path for path in PATHS if path != "/"), *DEVICE_FILES, *TEXT]
    parts = (kind, *get_args(kind))
    if option in ("--out", "--labels", "--config", "--sample") or Path in parts:
        return [*PATHS, *DEVICE_FILES, *TEXT]
    values = [
        value
        for part, given in ((int, WHOLE), (float, REAL), (str, TEXT))
        for value in given
        if part in parts
    ]
    if any(get_origin(part) is Literal for part in parts):
        values += [*TEXT[:8], "auto", "AUTO", "none"]
    return list(dict.fromkeys(values))


def places(folder: Path) -> None:
    """Make what a path may wrongly be, in a folder."""
    (folder / "file").write_text("text\n")
    for name in ("folder", "folder.npz", "folder.csv", "folder.toml"):
        (folder / name).mkdir()
    for name in ("pipe", "pipe.npz", "pipe.csv", "pipe.png", "pipe.toml"):
        os.mkfifo(folder / name)
    with socket.socket(socket.AF_UNIX) as listener:
        before = os.getcwd()
        os.chdir(folder)
        listener.bind("socket")
        os.chdir(before)
    for name in ("loop", "loop.csv", "loop.toml"):
        (folder / name).symlink_to(name)
    (folder / "dangling").symlink_to("nowhere")
    for name in ("zero.npz", "zero.toml"):
        (folder / name).symlink_to("/dev/zero")
    for name in ("empty.npz", "empty.toml"):
        (folder / name).touch()
    for name in ("noise.npz", "noise.csv", "noise.png"):
        (folder / name).write_bytes(np.random.default_rng(0).bytes(1_000))


class Workplace:
    """A folder with images, an experiment and a file of codes that commands are tried on.

    Args:
        root: the folder; it is there and empty.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.images, self.experiment, self.codes = (
            root / "images",
            root / "runs",
            root / "codes.npz",
        )
        self.here = root / "here"
        self.run = self.experiment / "beta-1_seed-0"
        self.images.mkdir()
        rng = np.random.default_rng(0)
        rows = ["name,left,size"]
        for i in range(30):
            pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(self.images / f"{i}.png")
            rows.append(f"{i}.png,{i % 2},{i}")
        (root / "tables").mkdir()
        (root / "tables" / "labels.csv").write_text("\n".join(rows))
        np.savez(self.codes, codes=rng.normal(size=(200, 3)), factors=rng.integers(0, 3, (200, 2)))
        np.savez(root / "wide.npz", codes=np.zeros((200, 3_000)), factors=np.zeros((200, 1)))
        words = ["compare", str(self.images), "--betas", "1", "--out", str(self.experiment), *TINY]
        assert main([*words, "--engine", "inline"]) == 0

    def base(self, command: str) -> list[str]:
        """The command with all that it needs to be accepted."""
        run, images, experiment = map(str, (self.run, self.images, self.experiment))
        draws = ["--permutations", "2", "--rotations", "2", "--subsamples", "2", "--workers", "1"]
        train = [images, *TINY, "--out", "out"]
        return {
            "compare": ["compare", *train, "--betas", "1", "--engine", "inline"],
            "train": ["train", *train],
            "suggest-betas": ["suggest-betas", images, "--size", "32", QUIET],
            "evaluate": ["evaluate", run, *draws, QUIET],
            "evidence": ["evidence", experiment, QUIET],
            "blind": ["blind", experiment, "CODE", QUIET],
            "score": ["score", str(self.codes), *draws, QUIET],
            "encode": ["encode", run, images, "--out", "out.npz", QUIET],
            "latent": ["latent", run, "0", "--no-open", QUIET],
            "traverse": ["traverse", run, "--out", "out", "--format", "png", QUIET],
            "reconstruct": ["reconstruct", run, "--out", "out", "--format", "png", QUIET],
            "report": ["report", experiment, QUIET],
            "watch": ["watch", experiment, QUIET],
            "export": ["export", run, "--out", "out", QUIET],
            "data": ["data", images, "--size", "32", QUIET],
            "cache": ["cache", QUIET],
            "reproduce": ["reproduce", "higgins-2017", QUIET],
            "doctor": ["doctor", QUIET],
            "status": ["status", experiment, QUIET],
            "table": ["table", experiment, "--out", "runs.csv", QUIET],
            "cancel": ["cancel", experiment, QUIET],
        }[command]

    def attempt(self, case: Case) -> Verdict:
        """Run a command in a folder of its own, with everything bad in it."""
        shutil.rmtree(self.here, ignore_errors=True)
        self.here.mkdir()
        places(self.here)
        seconds = SECONDS_TO_TRAIN if case.words[0] in ("compare", "train") else 30.0
        if case.env:
            env = {name: value.replace("HERE", str(self.here)) for name, value in case.env.items()}
            ended = run_command(unknot(*case.words), cwd=self.here, env=env, seconds=seconds)
        else:
            ended = run_forked(lambda: self._in_child(case.words), seconds=seconds)
        verdict = judged(ended)
        if verdict.outcome == ONE_LINE and ended.seconds > TIME_LIMIT:
            return Verdict(HANG, f"refused after {ended.seconds:.0f} s: {verdict.reason}")
        return verdict

    def _in_child(self, words: list[str]) -> int:
        os.chdir(self.here)
        if words[0] == "watch":  # it would serve until Ctrl-C
            signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
            signal.alarm(2)
        if words[0] == "reproduce":  # it would train for hours
            import_module("unknot.cli.reproduce").load = lambda *_: sys.exit(0)
        try:
            return main(words)
        finally:
            atexit._run_exitfuncs()  # a fork runs none: helper processes would stay


def options(work: Workplace) -> Iterator[Case]:
    """Every option of every command, with each of its bad values."""
    for command, entry in COMMANDS.items():
        base = work.base(command)
        for option, kind in option_types(getattr(import_module(entry.module), entry.options)):
            if (command, option) in NOT_TRIED or (command == "compare" and _is_shared(option)):
                continue
            for value in bad_values(option, kind):
                if option not in base and _is_positional(command, option):
                    place = POSITIONALS[command].index(option)
                    words = [*base[: place + 1], value, *base[place + 2 :]]
                else:
                    words = [*base, f"{option}={value}"]
                yield Case(f"options of {command}", words, {})


POSITIONALS = {
    "compare": ["--source"],
    "train": ["--source"],
    "suggest-betas": ["--source"],
    "data": ["--source"],
    "evaluate": ["--runs"],
    "evidence": ["--experiment"],
    "blind": ["--experiment", "--codes"],
    "score": ["--file"],
    "encode": ["--run", "--data"],
    "latent": ["--run", "--latent"],
    "traverse": ["--run"],
    "reconstruct": ["--run"],
    "report": ["--experiment"],
    "watch": ["--experiment"],
    "status": ["--experiment"],
    "table": ["--experiment"],
    "cancel": ["--experiment"],
    "export": ["--run"],
    "reproduce": ["--name"],
}


def _is_positional(command: str, option: str) -> bool:
    return option in POSITIONALS.get(command, [])


def _is_shared(option: str) -> bool:
    """Whether `train` has the option too, where it is tried."""
    train = import_module("unknot.cli.train").TrainOptions
    return option in dict(option_types(train)) and option not in ("--out", "--source", "--config")


def written(work: Workplace) -> Iterator[Case]:
    """Command lines that nobody would generate."""
    images, run = str(work.images), str(work.run)
    train, compare = work.base("train"), work.base("compare")
    for words in (
        ["nix"],
        ["compar"],
        ["\ud800"],
        ["a\0"],
        ["--help=3"],
        [""],
        ["-"],
        ["--"],
        ["report"],
        ["train", "--nix"],
        ["report", "--", "-x"],
        ["train", images, images],
        ["traverse", run, "--range", "nan", "1"],
        ["traverse", run, "--range", "-inf", "inf"],
        ["traverse", run, "--range", "1e300", "1e308"],
        ["traverse", run, "--range", "-1e39", "1e39"],
        ["traverse", run, "--range", "1"],
        ["suggest-betas", images, "--betas", "inf"],
        ["suggest-betas", images, "--betas", "nan", "1"],
        ["suggest-betas", images, "--betas", "1", "1"],
        ["suggest-betas", images, "--betas"],
        [*compare, "--betas", "inf"],
        [*compare, "--betas", "nan"],
        [*compare, "--betas", "1", "1.0"],
        [*compare, "--betas", *map(str, range(1_000_000))],
        [*compare, "--seeds", *map(str, range(200_000))],
        [*compare, "--betas", "1e308", "--max-seeds", "1000000000", "--until-clear"],
        [*compare, "--objectives", "beta_vae", "factor_vae", "--strengths", "factor_vae=nan"],
        [*compare, "--strengths", "=", "--objectives", "x"],
        [*compare, "--strengths", f"factor_vae={HUGE}"],
        [*compare, "--budget", "9" * 400 + "h"],
        [*compare, "--budget", "0s"],
        [*compare, "--budget", "-1h"],
        [
            *compare,
            "--until-clear",
            "--betas",
            "1",
            "2",
            "--max-seeds",
            "2",
            "--seeds",
            "0",
            "1",
            "2",
        ],
        [*train, "--latent-dim", "1000000000"],
        [*train, "--batch-size", str(10**12)],
        [*train, "--steps", str(10**18)],
        [*train, "--size", "1000000"],
        [*train, "--seed", str(10**30)],
        [*compare, "--workers", str(10**9)],
        [*compare, "--stack-runs", str(10**9)],
        ["evaluate", run, "--workers", str(10**9), QUIET],
        ["score", str(work.root / "wide.npz"), QUIET],
        ["evaluate", run, "--seed", str(10**30), QUIET],
        [*train, "--labels", str(work.root / "tables" / "labels.csv")],
        ["evaluate", run, run, run, "missing", QUIET],
        ["evaluate", QUIET],
        ["blind", run],
        [*train, "--steps", "1", "--log-every", str(10**18), "--validate-every", str(10**30)],
        *(
            ["train", QUIET, "--steps", "2", "--device", device, "--out", "o", images]
            for device in DEVICES
        ),
    ):
        yield Case("written by hand", words, {})
    several = [*compare, "--engine", "local", "--workers", str(10**9), "--betas", "1", "2"]
    yield Case("written by hand", several, {"OMP_NUM_THREADS": "1"})  # its workers start from it


def files_of_settings(work: Workplace) -> Iterator[Case]:
    """Files that `--config` names."""
    for command in ("compare", "train"):
        words = [word for word in work.base(command) if word != str(work.images)]
        for name, content in TOML.items():
            path = work.root / f"{len(name)}-{'-'.join(name.replace(',', '').split())}.toml"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            kept = (
                [word for word in words if word not in ("--betas", "1")]
                if "betas" in str(content)[:99]
                else words
            )
            yield Case("files of settings", [*kept, "--config", str(path)], {})
        for name in (
            "pipe.toml",
            "zero.toml",
            "loop.toml",
            "folder.toml",
            "empty.toml",
            "missing.toml",
            "file/x",
        ):
            yield Case("files of settings", [*words, "--config", name], {})


def variables(work: Workplace) -> Iterator[Case]:
    """Bad surroundings of a command that uses most of what there is."""
    for name, values in VARIABLES.items():
        for value in values:
            is_place = name in ("UNKNOT_CACHE", "XDG_CACHE_HOME", "HOME", "TMPDIR")
            env = {"UNKNOT_CACHE": ""} if name in ("XDG_CACHE_HOME", "HOME") else {}
            words = work.base("train" if is_place else "data" if name != "COLUMNS" else "doctor")
            yield Case(f"variable {name}", words, {**env, name: value})


KINDS: dict[str, Callable[[Workplace], Iterator[Case]]] = {
    "options": options,
    "written": written,
    "toml": files_of_settings,
    "variables": variables,
}


def run_all() -> int:
    """Try everything; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--with", dest="having", default="", help="only those with this in them")
    parser.add_argument("--every", type=int, default=1, help="one of so many")
    asked = parser.parse_args()
    tally, begun = Tally(), time.monotonic()
    root = tempfile.mkdtemp()  # a TemporaryDirectory would end with the first fork
    os.environ["PYTHONPATH"] = str(Path(import_module("unknot").__file__ or "").parents[1])
    os.environ["UNKNOT_CACHE"] = str(Path(root) / "cache")
    try:
        work = Workplace(Path(root))
        for case in _chosen(work, asked):
            tally.add(case.kind, case.name.replace(root, ""), work.attempt(case))
    except KeyboardInterrupt:
        print("stopped; this is what was tried until then", file=sys.stderr)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    print(f"{time.monotonic() - begun:.0f} s", file=sys.stderr)
    return tally.finish(as_json=asked.json)


def _chosen(work: Workplace, asked: argparse.Namespace) -> Iterator[Case]:
    for kind in asked.only:
        cases = (case for case in KINDS[kind](work) if asked.having in case.name)
        yield from islice(cases, 0, None, asked.every)


if __name__ == "__main__":
    sys.exit(run_all())
