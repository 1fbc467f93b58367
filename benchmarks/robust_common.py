"""What the robustness scripts share: a command within limits, a word for its end, a table of all.

    verdict = judged(run_command(unknot("report", folder), cwd=place))
    tally.add("a link out of it", "unknot report of linked.png", verdict)
    sys.exit(tally.finish(as_json=False))

Linux alone: memory and processes that are left are read from /proc.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

os.environ["OMP_NUM_THREADS"] = "1"  # a fork of a process with threads could wait for them for ever
TIME_LIMIT = 10.0  # seconds; every refusal is within them
MEMORY_LIMIT = 2 << 30  # bytes of all processes of a command together
POLL_EVERY = 0.01
BOX = set("╭╮╰╯│┌┐└┘┃━┏┓┗┛")
ONE_LINE, ACCEPTED, TRACEBACK, HANG = "one line", "accepted", "traceback", "hang"
BOX_OF_PARSER, OTHER = "box", "other"
OUTCOMES = (ONE_LINE, ACCEPTED, TRACEBACK, BOX_OF_PARSER, HANG, OTHER)
BAD = (TRACEBACK, BOX_OF_PARSER, HANG, OTHER)


class Ended(NamedTuple):
    """How a command ended.

    Attributes:
        status: its exit status; minus the signal that ended it.
        stdout: what it printed.
        stderr: its errors and notes.
        seconds: that it took.
        peak_bytes: of memory that was seen, of all its processes together.
        stopped_for: "time" or "memory", if it was killed for that.
        num_left: processes of its session that were still there, and were killed.
    """

    status: int
    stdout: str
    stderr: str
    seconds: float
    peak_bytes: int
    stopped_for: str
    num_left: int


class Verdict(NamedTuple):
    """What is to be counted.

    Attributes:
        outcome: one of `OUTCOMES`.
        reason: what was wrong, or the line of the refusal.
    """

    outcome: str
    reason: str


def unknot(*words: str | os.PathLike[str]) -> list[str]:
    """Write a command line of unknot's."""
    return [sys.executable, "-m", "unknot", *map(os.fspath, words)]


def run_command(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float = TIME_LIMIT,
    most_bytes: int = MEMORY_LIMIT,
    patience: float = 1.0,
    signals: Sequence[tuple[float, int]] = (),
) -> Ended:
    """Run a command in a session of its own, within limits.

    Args:
        command: what is run.
        cwd: where.
        env: variables that are set beside those of this process.
        seconds: after which it is killed.
        most_bytes: of memory, at which it is killed.
        patience: seconds that its processes may outlive it.
        signals: (seconds after the start, signal) that are sent to it, in their order.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        ended = _watched(process.pid, (out, err), seconds, most_bytes, patience, list(signals))
        process.returncode = ended.status
        return ended


def run_forked(
    call: Callable[[], int],
    *,
    seconds: float = TIME_LIMIT,
    most_bytes: int = MEMORY_LIMIT,
    patience: float = 1.0,
) -> Ended:
    """Make a call in a fork of this process, which has imported everything: some 50 ms each.

    Args:
        call: gives the exit status; what it raises is a traceback, as Python would print it.
        seconds: after which it is killed.
        most_bytes: of memory, at which it is killed.
        patience: seconds that its processes may outlive it.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            _child(call, out, err)
        return _watched(pid, (out, err), seconds, most_bytes, patience, [])


def _child(call: Callable[[], int], out: BinaryIO, err: BinaryIO) -> None:
    status = 1
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        status = call()
    except SystemExit as exit:
        status = exit.code if isinstance(exit.code, int) else int(exit.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(status)


def _watched(
    pid: int,
    streams: tuple[BinaryIO, BinaryIO],
    seconds: float,
    most_bytes: int,
    patience: float,
    signals: list[tuple[float, int]],
) -> Ended:
    """Wait for a process, which leads a session, and end it where it passes a limit."""
    begun, peak, stopped_for, polls = time.monotonic(), 0, "", 0
    while (status := _status(pid)) is None:
        time.sleep(POLL_EVERY)
        polls += 1
        passed = time.monotonic() - begun
        while signals and passed >= signals[0][0]:
            os.kill(pid, signals.pop(0)[1])
        if polls % 4 == 0:
            peak = max(peak, _memory_of_all(_session(pid), most_bytes))
        reason = "time" if passed > seconds else "memory" if peak > most_bytes else ""
        if reason and not stopped_for:
            stopped_for = reason
            _kill(_session(pid))
    took = time.monotonic() - begun
    while (left := _session(pid)) and time.monotonic() - begun - took < patience:
        time.sleep(POLL_EVERY)
    _kill(left)
    texts = [_text(stream) for stream in streams]
    return Ended(status, texts[0], texts[1], took, peak, stopped_for, len(left))


def _status(pid: int) -> int | None:
    """The exit status of a child; None while it runs."""
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _session(leader: int) -> list[int]:
    """The processes of a session that have not ended."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and _is_of(name, leader)]


def _is_of(name: str, leader: int) -> bool:
    try:
        with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
            state, _, _, session = file.read().rpartition(")")[2].split()[:4]
    except OSError:
        return False
    return int(session) == leader and state not in "ZX"


def _memory_of_all(pids: Sequence[int], most_bytes: int) -> int:
    """Bytes of memory of several processes; near the limit, what they share counts once."""
    counted_each = sum(map(_memory, pids))
    return counted_each if counted_each <= most_bytes else sum(map(_share_of_memory, pids))


def _share_of_memory(pid: int) -> int:
    """Bytes of memory that are a process's, and its share of those that it has with others."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8", errors="replace") as file:
            lines = [line.split() for line in file if line.startswith(("Pss_Anon:", "Pss_Shmem:"))]
    except OSError:
        return 0
    return sum(int(words[1]) * 1024 for words in lines)


def _memory(pid: int) -> int:
    """Bytes of memory that are a process's, without files that it maps."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            lines = [line.split() for line in file if line.startswith(("RssAnon:", "RssShmem:"))]
    except OSError:
        return 0
    return sum(int(words[1]) * 1024 for words in lines)


def _kill(processes: Sequence[int]) -> None:
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _text(stream: BinaryIO) -> str:
    stream.seek(0)
    return stream.read().decode("utf-8", "replace")


def judged(
    ended: Ended, *, accepted: Collection[int] = (0,), may_have_notes: bool = False
) -> Verdict:
    """Say how a command ended.

    Args:
        ended: the command.
        accepted: exit statuses of a command that did what it was asked for.
        may_have_notes: whether lines may stand on the standard error before that of a refusal; with
            `--quiet` there are none.
    """
    lines = ended.stderr.splitlines()
    last = lines[-1] if lines else ""
    if "Traceback (most recent call last)" in ended.stderr + ended.stdout:
        return Verdict(TRACEBACK, last)
    if BOX & set(ended.stderr):
        return Verdict(BOX_OF_PARSER, " ".join(ended.stderr.split())[:200])
    if ended.stopped_for == "time":
        return Verdict(HANG, f"killed after {ended.seconds:.1f} s")
    problem = _problem(ended, lines, accepted, may_have_notes)
    if problem:
        return Verdict(OTHER, f"{problem}: {last[:200]}")
    return Verdict(ACCEPTED, "") if ended.status in accepted else Verdict(ONE_LINE, last)


def _problem(
    ended: Ended, lines: list[str], accepted: Collection[int], may_have_notes: bool
) -> str:
    """Say what is wrong with the end of a command that neither hung nor gave a traceback."""
    if ended.stopped_for:
        return f"killed at {ended.peak_bytes / 2**30:.1f} GB of memory"
    if ended.num_left:
        return f"{ended.num_left} processes left"
    if not all(line.isprintable() for line in lines):
        return "control characters on the standard error"
    if ended.status in accepted:
        return ""
    if ended.status != 2:
        return f"exit status {ended.status}"
    if not lines or not lines[-1].startswith("error: "):
        return "no line that begins with error:"
    if len(lines) > 1 and not may_have_notes:
        return f"{len(lines)} lines"
    return ""


class Tally:
    """Counts of what was tried, by kind."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}
        self._failures: list[dict[str, str]] = []

    def add(self, kind: str, name: str, verdict: Verdict) -> None:
        """Count one.

        Args:
            kind: the row of the table.
            name: says what was tried, to find it again.
            verdict: how it ended.
        """
        self._counts.setdefault(kind, Counter())[verdict.outcome] += 1
        if verdict.outcome in BAD:
            failure = {"kind": kind, "name": name, **verdict._asdict()}
            self._failures.append(failure)
            print(f"{verdict.outcome}: {kind}: {name!r}: {verdict.reason}", file=sys.stderr)

    def finish(self, *, as_json: bool) -> int:
        """Print the table; returns the exit status, 1 if anything was bad."""
        print(json.dumps(self.as_dict(), indent=2) if as_json else self.text())
        return 1 if self._failures else 0

    def as_dict(self) -> dict[str, Any]:
        """The counts and everything that was bad, for JSON."""
        rows = {kind: self._row(counts) for kind, counts in self._rows().items()}
        return {"counts": rows, "failures": self._failures}

    def text(self) -> str:
        """The counts as a table of Markdown."""
        heads = ("kind", "tried", *OUTCOMES)
        lines = [" | ".join(heads), "|".join(["---", *("---:" for _ in heads[1:])])]
        for kind, counts in self._rows().items():
            lines.append(" | ".join([kind, *map(str, self._row(counts).values())]))
        return "\n".join(f"| {line} |" if line[:3] != "---" else f"|{line}|" for line in lines)

    def _rows(self) -> dict[str, Counter[str]]:
        return {**self._counts, "all": sum(self._counts.values(), Counter())}

    def _row(self, counts: Counter[str]) -> dict[str, int]:
        return {"tried": counts.total(), **{outcome: counts[outcome] for outcome in OUTCOMES}}
