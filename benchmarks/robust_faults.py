"""What the system refuses, while a tiny comparison runs: one line, and the same command goes on.

    python benchmarks/robust_faults.py [--only WORD] [--json]

Most faults are made by `faults.c`, which the script compiles and loads below Python: it has the
n-th call of a kind fail that is made to a file below a folder. Others are real: tiny disks, limits
of a process, no shared memory, folders that are gone. After each the command is run again without
the fault; it must end, and with the same bits as an undisturbed comparison: weights, codes,
evidence. Takes some ten minutes and needs Linux; mounted disks need root and are left out without.
"""

import argparse
import contextlib
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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from robust_common import OTHER, Ended, Tally, Verdict, judged, run_command, run_forked

SHIM = Path(__file__).with_name("faults.c")
SECONDS = 60.0  # of a whole comparison
EVER = 10**9
COMPARE = "compare tiny.npz --size 32 --images-key images --factors-key factors --betas 0.5 2"
COMPARE += " --batch-size 16 --latent-dim 3 --network linear --steps 24 --checkpoint-every 10"
COMPARE += " --quiet --out e"
FRESH, HALF, NO_PAGE = "fresh", "half", "no page"
"""A comparison that has not begun; one that was killed in its second run; one without a page."""


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
        library = os.environ.get("LD_PRELOAD")
        self._set = ctypes.CDLL(library).fault_set if library else lambda *_: None

    def prepare(self) -> None:
        """Train the undisturbed comparison, and stop one half way."""
        self._checked(self.compare())
        self.expected = bits(self.folder / "e")
        shutil.copytree("e", "finished")
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
                os.chdir(self.folder)
                words[-1] = str(self.folder / words[-1]) if words[-1] == "e" else words[-1]
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

    def try_world(self, kind: str, name: str, world: "World") -> None:
        """Count what comes of a real fault, in a process of its own with its workers."""
        self.start_from(world.start)
        with world.made(self.folder) as (words, environment, options):
            command = [*words, sys.executable, "-m", "unknot", *world.command.split()]
            environment = {"LD_PRELOAD": "", **environment}
            ended = run_command(command, env=environment, seconds=SECONDS, **options)
        if world.is_new:
            self.tally.add(kind, name, judged(ended))
        else:
            self.count(kind, name, ended, self.compare)

    def _checked(self, ended: Ended) -> None:
        if ended.status:
            raise SystemExit(f"the undisturbed comparison fails: {ended.stderr}")


Made = tuple[list[str], dict[str, str], dict[str, Any]]
"""Words before a command, its environment, and options of `run_command`."""


class World(NamedTuple):
    """What a command is run in.

    Attributes:
        made: makes it for a folder.
        command: without the program.
        start: as of a `Fault`.
        is_new: whether the command does not lead to the experiment `e`.
    """

    made: Callable[[Path], contextlib.AbstractContextManager[Made]]
    command: str = COMPARE
    start: str = FRESH
    is_new: bool = False


def plain(*words: str, **environment: str) -> Callable[[Path], Any]:
    """Words before the command, such as a shell's, and variables."""

    @contextlib.contextmanager
    def made(folder: Path) -> Iterator[Made]:
        yield list(words), environment, {}

    return made


def disk(place: str, options: str, **environment: str) -> Callable[[Path], Any]:
    """A tiny disk, mounted for the command alone, that goes with it."""
    shell = 'mkdir -p "$0" && mount -t tmpfs -o ' + options + ' tmpfs "$0" && exec "$@"'

    @contextlib.contextmanager
    def made(folder: Path) -> Iterator[Made]:
        where = str(folder / place)  # an absolute place stays itself
        variables = dict.fromkeys(environment, where)
        yield ["unshare", "-m", "sh", "-c", shell, where], variables, {}
        if not Path(place).is_absolute():
            shutil.rmtree(where, ignore_errors=True)

    return made


def read_only(folder: Path) -> Any:
    """The experiment, mounted so that nobody can write to it."""
    shell = 'mount --bind e e && mount -o remount,ro,bind e && exec "$@"'
    return plain("unshare", "-m", "sh", "-c", shell, "sh")(folder)


SHELL = ("sh", "-c")
WORLDS = {
    "tiny disks": {
        "40 KB for the experiment": World(disk("e", "size=40k")),
        "400 KB for the experiment": World(disk("e", "size=400k")),
        "8 files for the experiment": World(disk("e", "nr_inodes=8")),
        "4 KB for temporary files": World(disk("temporary", "size=4k", TMPDIR="")),
        "temporary files read only": World(disk("temporary", "ro", TMPDIR="")),
        "4 KB of shared memory": World(disk("/dev/shm", "size=4k")),
        "shared memory read only": World(disk("/dev/shm", "ro")),
        "4 KB for the cache": World(disk("cache2", "size=4k", UNKNOT_CACHE="")),
        "cache read only": World(disk("cache2", "ro", UNKNOT_CACHE="")),
    },
    "places that are none": {
        "no shared memory": World(
            plain("unshare", "-m", *SHELL, 'umount /dev/shm; rmdir /dev/shm 2>&-; exec "$@"', "sh")
        ),
        "temporary folder absent": World(plain(TMPDIR="/no/such/folder")),
        "cache is a file": World(plain(UNKNOT_CACHE="tiny.npz")),
        "cache below a file": World(plain(UNKNOT_CACHE="tiny.npz/cache")),
        "working folder gone": World(
            plain(*SHELL, 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh"), is_new=True
        ),
        "working folder gone, report": World(
            plain(*SHELL, 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh"),
            command="report ../e",
            start="finished",
            is_new=True,
        ),
    },
    "streams": {
        "stdout closed": World(plain(*SHELL, 'exec "$@" >&-', "sh")),
        "stderr closed": World(plain(*SHELL, 'exec "$@" 2>&-', "sh")),
        "stdout full": World(plain(*SHELL, 'exec "$@" >/dev/full', "sh")),
        "stdout nobody reads": World(plain("bash", "-c", 'exec "$@" > >(exec <&-)', "sh")),
    },
    "limits of a process": {
        f"{what} {value}": World(plain("prlimit", f"--{what}={value}"))
        for what, values in {
            "fsize": (1000, 30000),
            "nofile": (8, 20, 40),
            "as": (300 << 20, 900 << 20, 1400 << 20, 1700 << 20),
        }.items()
        for value in values
    },
    "read only experiment": {
        command: World(read_only, command=command, start="finished", is_new=True)
        for command in (
            f"{COMPARE}",
            "report e",
            "evidence e --quiet",
            "evaluate e --quiet --permutations 5 --rotations 5 --subsamples 0",
            "encode e/beta-2_seed-0 tiny.npz --out codes.npz --quiet",
            "traverse e/beta-2_seed-0 --out pictures --format png --quiet",
            "latent e/beta-2_seed-0 0",
        )
    },
}


def write_images(path: Path) -> None:
    """200 pictures of a square each; where it is and how bright are the labels."""
    rng = np.random.default_rng(0)
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
    """A document without how long things took."""
    document = json.loads(path.read_text())
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
    parser.add_argument("--only", default="", help="a word of the kind or name of what is tried")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--folder", type=Path, help="to work in; a new one by default")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="unknot-faults-"))
    if "LD_PRELOAD" not in os.environ and (library := compiled(folder)):
        environment = {**os.environ, "LD_PRELOAD": str(library), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, *sys.argv, "--folder", str(folder)]
        os.execve(sys.executable, command, environment)
    import unknot.experiments.compare  # noqa: F401  # imported once, for every fork

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    bench = Bench(folder)
    bench.prepare()
    for kind, faults in FAULTS.items() if "LD_PRELOAD" in os.environ else ():
        for fault in faults:
            if arguments.only in f"{kind} {fault.name}":
                bench.try_fault(kind, fault)
    for kind, worlds in WORLDS.items():
        for name, world in worlds.items():
            if arguments.only in f"{kind} {name}":
                bench.try_world(kind, name, world)
    status = bench.tally.finish(as_json=arguments.json)
    os.chdir("/")
    shutil.rmtree(folder)
    sys.exit(status)


if __name__ == "__main__":
    main()
