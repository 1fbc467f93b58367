"""Damages every file of a small trained experiment in every way, and lets commands read it.

    python benchmarks/robust_runs.py [--json] [--only WORD ...] [--part K/N]

Two betas are trained for 150 steps on 32-pixel faces, and a third run is stopped at step 100. Each
time one file of a fresh copy is damaged, a command that reads it runs in a fork of this process,
and what it wrote is compared with what it writes from whole files. A refusal must be one line; a
result must be the same, or a note must name the file. Exits with 1 if one gave a traceback, hung,
or gave another result without a word. As root, files that may not be read are tried as `nobody`.
"""

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

os.environ["OMP_NUM_THREADS"] = "1"  # a fork of a process with threads could wait for them for ever

import numpy as np
import torch
from PIL import Image
from robust_common import ACCEPTED, HANG, OTHER, Ended, Tally, Verdict, judged, run_forked

from unknot.cli import main

NOBODY = 65_534
REFUSAL_SECONDS, MOST_SECONDS = 10.0, 60.0
LATENTS, STEPS, STOPPED_AT, NETWORK = 3, 150, 100, "linear"
RUN, OTHER_RUN = "experiment/beta-2_seed-0", "experiment/beta-0.5_seed-0"
TRAINING = f"--steps {STEPS} --batch-size 8 --latent-dim {LATENTS} --network {NETWORK}".split()
TRAINING += ["--device", "cpu", "--quiet"]
LEFT_OUT = ("seconds", "sha256", "written")
"""Keys that differ from time to time."""


class Reading(NamedTuple):
    """A command, and how what it wrote is compared.

    Attributes:
        words: of the command line.
        result: what it wrote, from the folder where everything lies.
    """

    words: list[str]
    result: Callable[[Path], Any]


def arrays(name: str, place: Path) -> Any:
    """The arrays of an npz, as they can be compared."""
    with np.load(place / name) as stored:
        return {key: (value.shape, value.tobytes()) for key, value in stored.items()}


def document(name: str, place: Path) -> Any:
    """A JSON document without what differs from time to time."""
    return _timeless(json.loads((place / name).read_text()))


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if key not in LEFT_OUT}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def content(name: str, place: Path) -> Any:
    """The bytes of a file."""
    return (place / name).read_bytes()


def pixels(name: str, place: Path) -> Any:
    """The pixels of a picture."""
    with Image.open(place / name) as picture:
        return picture.convert("RGB").tobytes()


def several(names: list[str], place: Path) -> Any:
    """The bytes of several files."""
    return [content(name, place) for name in names]


COMMANDS = {
    "report": Reading(["report", "experiment"], partial(content, "experiment/report.html")),
    "encode": Reading(["encode", RUN, "images"], partial(arrays, "codes.npz")),
    "traverse": Reading(
        ["traverse", RUN, "--format", "png", "--out", "."], partial(pixels, "traversals.png")
    ),
    "reconstruct": Reading(
        ["reconstruct", RUN, "--format", "png", "--out", "."],
        partial(pixels, "reconstructions.png"),
    ),
    "evaluate": Reading(
        [
            "evaluate",
            RUN,
            *["--permutations", "2", "--rotations", "2", "--subsamples", "0", "--workers", "1"],
        ],
        partial(document, f"{RUN}/evaluation.json"),
    ),
    "evidence": Reading(["evidence", "experiment"], partial(document, "experiment/evidence.json")),
    "train": Reading(
        ["train", "images", "--beta", "2", "--out", "stopped", *TRAINING],
        partial(several, ["stopped/weights.safetensors", "stopped/codes.npz"]),
    ),
    "train a finished run": Reading(
        ["train", "images", "--beta", "2", "--out", RUN, *TRAINING],
        partial(several, [f"{RUN}/weights.safetensors", f"{RUN}/codes.npz"]),
    ),
}
FILES = {
    f"{RUN}/config.toml": ("report", "encode", "traverse"),
    f"{RUN}/images.json": ("encode", "report"),
    f"{RUN}/scales.json": ("report",),
    f"{RUN}/history.jsonl": ("report",),
    f"{RUN}/frames.npz": ("report", "reconstruct"),
    f"{RUN}/weights.safetensors": ("encode", "report", "traverse", "train a finished run"),
    f"{RUN}/codes.npz": ("report", "evaluate", "evidence", "train a finished run"),
    f"{RUN}/evaluation.json": ("report", "evaluate", "traverse", "train a finished run"),
    f"{RUN}/done": ("report", "encode"),
    f"{RUN}/traversals.png": ("report",),
    f"{RUN}/curves.svg": ("report",),
    "stopped/history.jsonl": ("train",),
    "stopped/frames.npz": ("train",),
    "stopped/images.json": ("train",),
    "stopped/config.toml": ("train",),
    "stopped/checkpoint/state.json": ("train",),
    "stopped/checkpoint/weights.safetensors": ("train",),
    "stopped/checkpoint/optimizer.safetensors": ("train",),
    "experiment/experiment.toml": ("report",),
    "experiment/environment.json": ("report",),
    "experiment/plan.json": ("report", "evidence"),
    "experiment/evidence.json": ("report",),
    "experiment/labels.npz": ("evidence",),
    "experiment/sample.png": ("report",),
}
"""File -> the commands that read it."""


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _half(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def _garbage(path: Path) -> None:
    path.write_bytes(random.Random(path.name).randbytes(1_000))


def _flipped(path: Path, share: float = 0.5) -> None:
    whole = bytearray(path.read_bytes())
    whole[int(share * len(whole))] ^= 1
    path.write_bytes(bytes(whole))


def _other(path: Path) -> None:
    """Put the same file of the other beta in its place, or of the other run that is stopped."""
    place = path.parents[1] if "checkpoint" in path.parts else path.parent
    root = place.parents[place.parts[::-1].index("place") - 1]
    twin = root / "other" / ("run" if place != root / "experiment" else "experiment")
    shutil.copy(twin / path.relative_to(place), path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _link_out(path: Path) -> None:
    outside = path.parents[path.parts[::-1].index("place") - 1] / "outside"
    shutil.copy(path, outside)
    path.unlink()
    path.symlink_to(outside)


def _loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def _nested(path: Path) -> None:
    path.write_text("[" * 100_000)


def _unreadable(path: Path) -> None:
    path.chmod(0)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "empty": _empty,
    "half": _half,
    "garbage": _garbage,
    "one flipped bit": _flipped,
    "a flipped bit near the end": partial(_flipped, share=0.98),
    "another run's": _other,
    "missing": Path.unlink,
    "a folder": _folder,
    "a link out": _link_out,
    "a circle of links": _loop,
    "a pipe": _pipe,
    "a terabyte": _sparse,
    "nested deeply": _nested,
    "unreadable": _unreadable,
}
VALUES: tuple[Any, ...] = (None, "text", [], {}, -1, float("nan"), 10**30, True, 1e308, [[]])
"""That take the place of each key's value in turn."""
MOST_KEYS = 25
"""Of one document."""


def _set(keys: tuple[Any, ...], value: Any, path: Path) -> None:
    whole = _read(path)
    inner = whole
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    text = "".join(f"{json.dumps(line)}\n" for line in whole)
    path.write_text(text if path.suffix == ".jsonl" else json.dumps(whole))


def _read(path: Path) -> Any:
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    return json.loads(path.read_text())


def _places(value: Any, keys: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a document; of each list the first alone."""
    inner = value.items() if isinstance(value, dict) else []
    if isinstance(value, list):
        inner = enumerate(value[:1])
    for key, item in inner:
        yield (*keys, key)
        yield from _places(item, (*keys, key))


def _wrong_values(path: Path) -> Iterator[tuple[str, Callable[[Path], None]]]:
    """Another value in the place of each key's, up to 25 of a document."""
    places = list(_places(_read(path)))
    random.Random(0).shuffle(places)
    for number, keys in enumerate(places[:MOST_KEYS]):
        value = VALUES[number % len(VALUES)]
        name = ".".join(map(str, keys))
        yield f"{value!r:.20} at {name}", partial(_set, keys, value)


class Case(NamedTuple):
    """One file, damaged in one way, and a command that reads it."""

    file: str
    kind: str
    damage: str
    apply: Callable[[Path], None]
    command: str

    @property
    def name(self) -> str:
        """What is tried, in words."""
        return f"{self.command}: {self.file}: {self.damage}"


def cases(whole: Path) -> Iterator[Case]:
    """Everything that is tried."""
    for file, commands in FILES.items():
        for command in commands:
            for damage, apply in DAMAGES.items():
                yield Case(file, damage, damage, apply, command)
        if file.endswith((".json", ".jsonl")):
            for damage, apply in _wrong_values(whole / file):
                yield Case(file, "a wrong value", damage, apply, commands[0])


def make_whole(place: Path) -> None:
    """Train what is to be damaged: an experiment, a run that is stopped, and others of each."""
    import unknot

    images = place / "images"
    images.mkdir(parents=True)
    faces = unknot.load_images("faces", num=200, size=32)
    for number, face in enumerate(faces.images):
        Image.fromarray(face.transpose(1, 2, 0)).save(images / f"{number:03}.png")
    labels = "".join(f"{i:03}.png,{i % 2},{i % 7}\n" for i in range(len(faces)))
    (place / "labels.csv").write_text(f"name,odd,week\n{labels}")
    loaded = unknot.load_images(images)
    options: dict[str, Any] = {"batch_size": 8, "steps": STEPS, "device": "cpu", "progress": False}
    options["network"] = NETWORK
    compare = partial(unknot.compare, loaded, engine="inline", **options)
    os.chdir(place)
    experiment = compare([0.5, 2], latent_dim=LATENTS, out="experiment")
    experiment.evidence(labels=str(place / "labels.csv"), progress=False)
    other = compare([1], latent_dim=LATENTS + 1, out="other/experiment")
    shutil.copy(experiment.files.labels, other.files.labels)
    shutil.move(other.run(1).folder, place / "other" / "run")
    for page in place.glob("*/report.html"):
        page.unlink()
    for stamp in place.glob("*/.report*"):
        stamp.unlink()
    _stop_training(place)


def _stop_training(place: Path) -> None:
    """Begin a run, and stop it in the middle as Ctrl-C does."""
    import unknot

    def stop(name: str, step: int, steps: int) -> None:
        if step == STOPPED_AT:
            os.kill(os.getpid(), signal.SIGINT)

    try:
        unknot.train(
            unknot.load_images(place / "images"),
            2,
            out="stopped",
            steps=STEPS,
            batch_size=8,
            latent_dim=LATENTS,
            network=NETWORK,
            device="cpu",
            progress=stop,
        )
    except BaseException as error:
        print(f"stopped for the next part: {error}", file=sys.stderr)


def fresh_copy(whole: Path, place: Path) -> None:
    """Put a copy of everything in its place, which is the same each time."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(whole, place, symlinks=True)


def run_case(place: Path, command: str, *, as_nobody: bool) -> Ended:
    """Run a command in a fork of this process."""

    def call() -> int:
        os.chdir(place)
        if as_nobody:
            os.setegid(NOBODY)
            os.seteuid(NOBODY)
        return main(COMMANDS[command].words)

    return run_forked(call, seconds=MOST_SECONDS)


def warm_up(place: Path, command: Reading) -> None:
    """Run a command in this process, so that its forks have imported what it needs."""
    here = os.getcwd()
    os.chdir(place)
    with contextlib.redirect_stdout(sys.stderr):
        main(command.words)
    os.chdir(here)


def verdict(case: Case, ended: Ended, place: Path, expected: Any) -> Verdict:
    """Judge a command's end and what it wrote."""
    found = judged(ended, may_have_notes=True)
    if found.outcome != ACCEPTED:
        is_slow = ended.seconds > REFUSAL_SECONDS and found.outcome != HANG
        return Verdict(HANG, f"refused after {ended.seconds:.0f} s") if is_slow else found
    try:
        result = COMMANDS[case.command].result(place)
    except (OSError, ValueError) as error:
        return Verdict(OTHER, f"nothing was written: {error}")
    if result == expected:
        return found
    named = re.escape(Path(case.file).name)
    parent = re.escape(Path(case.file).parent.name)
    is_said = re.search(rf"^note: .*({named}|{parent})", ended.stderr, re.MULTILINE)
    in_page = case.command == "report" and is_listed(case, result)
    in_answers = case.command == "evidence" and "As planned" not in ended.stdout
    if is_said or in_page or in_answers:
        return found
    return Verdict(OTHER, "another result without a word")


def is_listed(case: Case, page: bytes) -> bool:
    """Whether a page lists the file's run, or the file, with what is wrong with it."""
    text = page.decode()
    name = re.escape(Path(case.file).name)
    return bool(
        re.search(rf"{name} (is|has|may|cannot|holds)|holds another run|not finished", text)
    )


def run(whole: Path, place: Path, only: list[str], part: tuple[int, int]) -> Tally:
    """Try everything."""
    tally, expected = Tally(), {}
    is_root = os.geteuid() == 0
    for name, command in COMMANDS.items():
        fresh_copy(whole, place)
        warm_up(place, command)
        fresh_copy(whole, place)
        ended = run_case(place, name, as_nobody=False)
        assert ended.status == 0, (name, ended.stderr)
        expected[name] = command.result(place)
    chosen = [case for case in cases(whole) if all(word in case.name for word in only)]
    for number, case in enumerate(chosen):
        if number % part[1] != part[0]:
            continue
        fresh_copy(whole, place)
        try:
            case.apply(place / case.file)
        except (KeyError, FileNotFoundError, TypeError):
            continue  # the other run has no such file
        as_nobody = is_root and case.kind == "unreadable"
        if as_nobody:
            _give_to_nobody(place)
        ended = run_case(place, case.command, as_nobody=as_nobody)
        tally.add(case.kind, case.name, verdict(case, ended, place, expected[case.command]))
    return tally


def _give_to_nobody(place: Path) -> None:
    for path in (place, *place.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--only", nargs="*", default=[], help="words that a case's name has")
    parser.add_argument("--part", default="0/1", help="every Nth case from the Kth, as K/N")
    return parser.parse_args()


if __name__ == "__main__":
    arguments = parse()
    torch.set_num_threads(1)
    first, number = map(int, arguments.part.split("/"))
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        os.environ["UNKNOT_CACHE"] = f"{folder}/cache"
        place = Path(folder) / "place"
        make_whole(place)
        os.chdir(folder)
        shutil.move(place, f"{folder}/whole")
        for path in (Path(folder) / "cache").rglob("*"):
            path.chmod(0o777 if path.is_dir() else 0o666)
        tally = run(Path(folder) / "whole", place, arguments.only, (first, number))
        sys.exit(tally.finish(as_json=arguments.json))
