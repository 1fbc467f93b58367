"""Worlds in which a tiny comparison must give one line or come to its end: real, not injected.

Tiny disks, limits of a process, folders that are gone, other commands on the same experiment.
`robust_faults.py` runs them.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

COMPARE = "compare tiny.npz --size 32 --images-key images --factors-key factors --betas 0.5 2"
COMPARE += " --batch-size 16 --latent-dim 3 --network linear --steps 24 --checkpoint-every 10"
COMPARE += " --quiet --out e"
FRESH, HALF, NO_PAGE, FINISHED = "fresh", "half", "no page", "finished"
"""A comparison that has not begun; killed in its second run; without a page; at its end."""

Made = tuple[list[str], dict[str, str], dict[str, Any]]
"""Words before a command, its environment, and options of `run_command`."""


class World(NamedTuple):
    """What a command is run in.

    Attributes:
        made: makes it for a folder.
        command: without the program.
        start: as of a `Fault`.
        is_new: whether the command does not lead to the experiment `e`.
        silent: exit statuses that need no line, since nobody could read it.
    """

    made: Callable[[Path], contextlib.AbstractContextManager[Made]]
    command: str = COMPARE
    start: str = FRESH
    is_new: bool = False
    silent: tuple[int, ...] = ()


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
GONE = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
NO_SHM = "mkdir -p dev && mount -t tmpfs tmpfs dev && mkdir dev/pts &&"
NO_SHM += " cp -a /dev/null /dev/zero /dev/random /dev/urandom dev && mount --bind dev /dev &&"
MOVED = "mv e moved && mv cache elsewhere && mv tiny.npz gone.npz &&"
BACK = "mv elsewhere cache; mv gone.npz tiny.npz; rm -rf moved"
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
        "no shared memory": World(plain("unshare", "-m", *SHELL, f'{NO_SHM} exec "$@"', "sh")),
        "temporary folder absent": World(plain(TMPDIR="/no/such/folder")),
        "cache is a file": World(plain(UNKNOT_CACHE="tiny.npz")),
        "cache below a file": World(plain(UNKNOT_CACHE="tiny.npz/cache")),
        "working folder gone": World(plain(*SHELL, GONE, "sh"), is_new=True),
        "working folder gone, report": World(
            plain(*SHELL, GONE, "sh"),
            command="report ../e --quiet",
            start=FINISHED,
            is_new=True,
        ),
    },
    "streams": {
        "stdout closed": World(plain(*SHELL, 'exec "$@" >&-', "sh")),
        "stderr closed": World(plain(*SHELL, 'exec "$@" 2>&-', "sh")),
        "stdout full": World(plain(*SHELL, 'exec "$@" >/dev/full', "sh")),
        "stdout nobody reads": World(
            plain("bash", "-c", 'exec "$@" > >(exec <&-)', "sh"), silent=(1,)
        ),
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
    "moved experiment, its images gone": {
        command: World(
            plain(*SHELL, f'{MOVED} "$@"; status=$?; {BACK}; exit $status', "sh"),
            command=command,
            start=FINISHED,
            is_new=True,
        )
        for command in (
            "report moved --quiet",
            "evidence moved --quiet",
            "evaluate moved --quiet --permutations 5 --rotations 5 --subsamples 0",
            "traverse moved/beta-2_seed-0 --format png --quiet",
        )
    },
    "read only experiment": {
        command: World(read_only, command=command, start=FINISHED, is_new=True)
        for command in (
            f"{COMPARE}",
            "report e --quiet",
            "evidence e --quiet",
            "evaluate e --quiet --permutations 5 --rotations 5 --subsamples 0",
            "encode e/beta-2_seed-0 tiny.npz --out codes.npz --quiet",
            "traverse e/beta-2_seed-0 --out pictures --format png --quiet",
            "latent e/beta-2_seed-0 0 --no-open --quiet",
        )
    },
}

NEIGHBOURS = {
    "two compare": [COMPARE] * 2,
    "compare and report": [COMPARE, "report e --quiet", "report e --quiet"],
    "compare and evidence": [COMPARE, "evidence e --quiet"],
    "four on one cache": ["data tiny.npz --size 40 --quiet"] * 4,
    "two evaluate": [
        f"evaluate e/beta-2_seed-0 --data {name}.npz --permutations 0 --rotations 0 --quiet"
        for name in ("tiny", "other")
    ],
}
"""Commands that are begun at once; the last two on a finished comparison, if it is one of `e`."""
