"""What the system refuses, while a tiny comparison runs: one line, and the same command goes on.

    python benchmarks/robust_faults.py [--only WORD ...] [--json]

Most faults are made by `faults.c`, which the script compiles and loads below Python: it has the
n-th call of a kind fail that is made to a file below a folder. Others are real: tiny disks, limits
of a process, no shared memory, folders that are gone. After each the command is run again without
the fault; it must end, and with the same bits as an undisturbed comparison: weights, codes,
evidence. Takes some ten minutes and needs Linux; mounted disks need root and are left out without.
"""

import argparse
import ctypes
import errno
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from fault_worlds import COMPARE, FINISHED, FRESH, HALF, NEIGHBOURS, NO_PAGE, WORLDS, World
from robust_common import OTHER, Ended, Tally, Verdict, judged, run_command, run_forked

from unknot.runs.own_digest import OWN_DIGEST

SHIM = Path(__file__).with_name("faults.c")
SECONDS = 60.0  # of a whole comparison
EVER = 10**9


class Fault(NamedTuple):
    """A call of the system that fails.

    Attributes:
        call: of `faults.c`.
        number: of the error.
        first: of the calls of its kind that fails.
        last: likewise; `EVER` for all that follow.
        below: `e`, the experiment, or `cache`.
        start: one of `FRESH`, `HALF`, `NO_PAGE`.
    """

    call: str
    number: int
    first: int = 1
    last: int = EVER
    below: str = "e"
    start: str = FRESH

    @property
    def name(self) -> str:
        """For the table."""
        once = "once" if self.last == self.first else "from then on"
        error = errno.errorcode[self.number]
        return f"{error} at {self.call} {self.first} {once} below {self.below}, {self.start}"


def once(call: str, number: int, first: int, below: str = "e", start: str = FRESH) -> Fault:
    """A single call that fails."""
    return Fault(call, number, first, first, below, start)


FAULTS = {
    "disk full, quota": [
        *(Fault("write", errno.ENOSPC, first) for first in (1, 4, 12, 30, 60, 90)),
        *(Fault("write", errno.EDQUOT, first) for first in (3, 40)),
        Fault("mkdir", errno.ENOSPC),
        once("rename", errno.ENOSPC, 9),
        Fault("write", errno.ENOSPC, below="cache"),
        Fault("write", errno.ENOSPC, start=NO_PAGE),
    ],
    "errors of the disk": [
        *(once("write", errno.EIO, first) for first in (2, 20, 50)),
        once("rename", errno.EIO, 5),
        once("fsync", errno.EIO, 1),
        Fault("unlink", errno.EIO),
        Fault("read", errno.EIO, start=HALF),
        Fault("read", errno.EIO, start=NO_PAGE),
        Fault("read", errno.EIO, below="cache"),
        Fault("mmap", errno.EIO, below="cache"),
    ],
    "a server of files that is lost": [
        once("rename", errno.ESTALE, 7),
        Fault("read_open", errno.ESTALE, start=HALF),
        Fault("write", errno.ESTALE, 25),
        Fault("open", errno.ETIMEDOUT, 10),
    ],
    "too large": [Fault("write", errno.EFBIG, first) for first in (1, 35)],
    "no permission, read only": [
        Fault("open", errno.EROFS),
        Fault("mkdir", errno.EROFS),
        Fault("open", errno.EACCES, 8),
        Fault("read_open", errno.EACCES, start=HALF),
        Fault("read_open", errno.EACCES, start=NO_PAGE),
        Fault("open", errno.EROFS, below="cache"),
        Fault("read_open", errno.EACCES, below="cache"),
    ],
    "no files, no memory, no processes": [
        *(Fault("open", errno.EMFILE, first) for first in (1, 15, 45)),
        Fault("read_open", errno.ENFILE, 6),
        Fault("mmap", errno.ENOMEM, below="cache"),
        Fault("fork", errno.EAGAIN),
        Fault("thread", errno.EAGAIN),
    ],
    "locks": [
        Fault("flock", errno.ENOLCK),
        once("flock", errno.ENOLCK, 2),
        Fault("flock", errno.ENOLCK, below="cache"),
        once("open", errno.ETXTBSY, 6),
    ],
}


class Bench:
    """A folder with images, an undisturbed comparison, and those to start from.

    Args:
        folder: to work in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tally = Tally()
        os.chdir(folder)
        os.environ["UNKNOT_CACHE"] = str(folder / "cache")
        write_images(folder / "tiny.npz")
        write_images(folder / "other.npz", seed=1)
        library = os.environ.get("LD_PRELOAD")
        self._set = ctypes.CDLL(library).fault_set if library else lambda *_: None

    def prepare(self) -> None:
        """Train the undisturbed comparison, and stop one half way."""
        self._checked(self.compare())
        self.expected = bits(self.folder / "e")
        shutil.copytree("e", FINISHED)
        shutil.copytree("e", NO_PAGE)
        for name in ("report.html", ".report.sha256", "evidence.json"):
            (self.folder / NO_PAGE / name).unlink()
        shutil.copytree("e", HALF)
        second = self.folder / HALF / "beta-2_seed-0"
        for name in ("done", "codes.npz", "evaluation.json", "weights.safetensors"):
            (second / name).unlink()
        shutil.rmtree(second / "checkpoint")
        for name in ("report.html", ".report.sha256", "evidence.json"):
            (self.folder / HALF / name).unlink()

    def compare(self, fault: Fault | None = None) -> Ended:
        """Run the comparison in a fork of this process."""
        return self.run(f"{COMPARE} --engine inline".split(), fault)

    def run(self, words: list[str], fault: Fault | None = None) -> Ended:
        """Run a command in a fork of this process."""

        def call() -> int:
            from unknot.cli import main

            if fault:
                below = str(self.folder / fault.below)
                self._set(
                    fault.call.encode(), fault.number, fault.first, fault.last, below.encode()
                )
            return main(words)

        return run_forked(call, seconds=SECONDS)

    def start_from(self, start: str) -> None:
        """Put the experiment as it is to be found."""
        shutil.rmtree("e", ignore_errors=True)
        if start != FRESH:
            shutil.copytree(start, "e", symlinks=True)

    def try_fault(self, kind: str, fault: Fault) -> None:
        """Count what comes of a fault, and of the same command after it."""
        if fault.below == "cache":
            shutil.rmtree("cache", ignore_errors=fault.call in ("write", "open", "flock"))
        self.start_from(fault.start)
        ended = self.compare(fault)
        self.count(kind, fault.name, ended, lambda: self.compare())

    def count(self, kind: str, name: str, ended: Ended, again: Callable[[], Ended]) -> None:
        """Count how a command ended, and whether the same one goes on to the same bits."""
        verdict = judged(ended, may_have_notes=False)
        if verdict.outcome not in ("accepted", "one line"):
            self.tally.add(kind, name, verdict)
            return
        after = again()
        if after.status:
            verdict = Verdict(OTHER, f"does not go on: {after.stderr[-300:]}")
        elif bits(self.folder / "e") != self.expected:
            verdict = Verdict(OTHER, "goes on to other bits")
        elif left_over(self.folder / "e"):
            verdict = Verdict(OTHER, f"leaves {left_over(self.folder / 'e')}")
        line = f"{kind}: {name}: {verdict.outcome}: {ended.stderr.strip()[-200:]}"
        print(line, file=sys.stderr, flush=True)
        self.tally.add(kind, name, verdict)

    def try_world(self, kind: str, name: str, world: World) -> None:
        """Count what comes of a real fault, in a process of its own with its workers."""
        self.start_from(world.start)
        with world.made(self.folder) as (words, environment, options):
            command = [*words, sys.executable, "-m", "unknot", *world.command.split()]
            environment = {"LD_PRELOAD": "", **environment}
            ended = run_command(command, env=environment, seconds=SECONDS, **options)
        if ended.status in world.silent and not ended.stderr:
            ended = ended._replace(status=0)
        if world.is_new:
            verdict = judged(ended)
            line = f"{kind}: {name}: {verdict.outcome}: {ended.stderr.strip()[-200:]}"
            print(line, file=sys.stderr, flush=True)
            self.tally.add(kind, name, verdict)
        else:
            self.count(kind, name, ended, self.compare)

    def try_neighbours(self, name: str, commands: list[str]) -> None:
        """Count what comes of commands that are begun at once; nothing of any may be lost."""
        self.start_from(FINISHED if "evaluate" in name else FRESH)
        with ThreadPoolExecutor(len(commands)) as pool:
            for ended in list(pool.map(self._run_process, commands)):
                self.tally.add("neighbours", name, judged(ended))
        if "evaluate" in name:
            document = json.loads(Path("e/beta-2_seed-0/evaluation.json").read_text())
            if len(document["scores_on_other_data"]) != len(commands):
                self.tally.add("neighbours", name, Verdict(OTHER, "scores were lost"))
        else:
            self._checked(self.compare())
            if bits(self.folder / "e") != self.expected:
                self.tally.add("neighbours", name, Verdict(OTHER, "other bits"))

    def _run_process(self, command: str) -> Ended:
        words = [sys.executable, "-m", "unknot", *command.split()]
        return run_command(words, env={"LD_PRELOAD": ""}, seconds=SECONDS)

    def _checked(self, ended: Ended) -> None:
        if ended.status:
            raise SystemExit(f"the undisturbed comparison fails: {ended.stderr}")


def write_images(path: Path, seed: int = 0) -> None:
    """Write 200 pictures of a square each; where it is and how bright are the labels."""
    rng = np.random.default_rng(seed)
    factors = rng.integers(0, 4, (200, 3))
    images = np.zeros((200, 32, 32), np.uint8)
    for image, (row, column, brightness) in zip(images, factors):
        image[4 + 6 * row : 10 + 6 * row, 4 + 6 * column : 10 + 6 * column] = 80 + 50 * brightness
    images += rng.integers(0, 20, images.shape, dtype=np.uint8)
    np.savez(path, images=images, factors=factors)


def bits(experiment: Path) -> dict[str, str]:
    """What an experiment must come to: weights, codes, scores and evidence, but for times."""
    digests = {}
    for run in sorted(experiment.glob("beta-*")):
        weights = (run / "weights.safetensors").read_bytes()
        digests[f"{run.name} weights"] = hashlib.sha256(weights).hexdigest()
        with np.load(run / "codes.npz") as codes:
            arrays = b"".join(name.encode() + codes[name].tobytes() for name in codes.files)
        digests[f"{run.name} codes"] = hashlib.sha256(arrays).hexdigest()
        digests[f"{run.name} scores"] = without_times(run / "evaluation.json")
    digests["evidence"] = without_times(experiment / "evidence.json")
    return digests


def without_times(path: Path) -> str:
    """A document without how long things took, and without its digest, which covers that too."""
    document = json.loads(path.read_text())
    document.pop(OWN_DIGEST, None)
    scores = document.get("scores")
    if isinstance(scores, dict):
        scores.pop("seconds", None)
    return json.dumps(document, sort_keys=True)


def left_over(experiment: Path) -> list[str]:
    """What a process was writing when it ended; what is quite new may stay."""
    names = (*experiment.rglob("*.old"), *experiment.rglob(".checkpoint.*"))
    return [str(path.relative_to(experiment)) for path in names]


def compiled(folder: Path) -> Path | None:
    """Compile `faults.c`; None where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    library = folder / "faults.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, SHIM, "-ldl"], check=True)
    return library


def main() -> None:
    """Try everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names of what is tried")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--folder", type=Path, help="to work in; a new one by default")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="unknot-faults-"))
    if "LD_PRELOAD" not in os.environ and (library := compiled(folder)):
        environment = {**os.environ, "LD_PRELOAD": str(library), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, *sys.argv, "--folder", str(folder)]
        os.execve(sys.executable, command, environment)
    import unknot.experiments.compare  # noqa: F401  # imported once, for every fork

    def is_wanted(name: str) -> bool:
        return any(word in name for word in arguments.only)

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    bench = Bench(folder)
    bench.prepare()
    for kind, faults in FAULTS.items() if "LD_PRELOAD" in os.environ else ():
        for fault in faults:
            if is_wanted(f"{kind} {fault.name}"):
                bench.try_fault(kind, fault)
    for kind, worlds in WORLDS.items():
        for name, world in worlds.items():
            if is_wanted(f"{kind} {name}"):
                bench.try_world(kind, name, world)
    for name, commands in NEIGHBOURS.items():
        if is_wanted(f"neighbours {name}"):
            bench.try_neighbours(name, commands)
    status = bench.tally.finish(as_json=arguments.json)
    os.chdir("/")
    shutil.rmtree(folder)
    sys.exit(status)


if __name__ == "__main__":
    main()
