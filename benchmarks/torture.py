"""Kills and signals at random moments of a whole comparison, which then ends in the same bits.

    python benchmarks/torture.py [--kills 100] [--signals 30] [--seed 0] [--json]

Two tiny comparisons, of ten seconds each, are killed (SIGKILL) at random moments of training,
measuring, evidence and page, again and again, and begun again by the same command until they end:
two betas, a process each, and one beta whose steps two processes share. A kill ends the command's
own process, one of its helpers, or all at once. Weights, codes, scores, evidence and page are
compared with those of an undisturbed comparison. Then SIGINT, SIGTERM and SIGHUP come at random
moments, to the command or to one of its helpers: it must exit with 130, 143 or 129 and one line.
After each, no process may be left when ten seconds have passed. Needs Linux.
"""

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from robust_faults import bits, left_over, write_images

SECONDS_LEFT = 10.0  # in which every process is gone
SECONDS = 120.0  # of a comparison that nobody disturbs
FIRST = 0.1  # seconds in which Python itself starts
OPTIONS = "--size 32 --images-key images --factors-key factors --batch-size 16 --latent-dim 3"
OPTIONS += " --network linear --steps 600 --checkpoint-every 50 --quiet --out e"
ONE_CORE = ["taskset", "--cpu-list", "0"]


class Comparison(NamedTuple):
    """What is disturbed.

    Attributes:
        name: for the table.
        command: what is run.
    """

    name: str
    command: list[str]


class Ended(NamedTuple):
    """How a disturbed command ended.

    Attributes:
        status: exit status.
        lines: of its errors.
        was_hit: whether the signal came before its end.
        seconds_left: until no process of its was there.
        victim: which process was hit: `command`, `helper` or `all`.
    """

    status: int
    lines: list[str]
    was_hit: bool
    seconds_left: float
    victim: str


def comparisons() -> list[Comparison]:
    """Two betas in a process each, with one core; a run whose steps two processes share."""
    unknot = [sys.executable, "-m", "unknot", "compare", "tiny.npz", *OPTIONS.split()]
    return [
        Comparison("two betas", [*ONE_CORE, *unknot, "--workers", "2", "--betas", "0.5", "2"]),
        Comparison("data-parallel", [*unknot, "--betas", "2"]),
    ]


class Torture:
    """A folder in which comparisons are disturbed.

    Args:
        folder: to work in.
        seed: of the random moments.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []
        self.environment = {**os.environ, "UNKNOT_CACHE": str(folder / "cache")}
        write_images(folder / "tiny.npz")

    def processes(self) -> list[int]:
        """The processes that this command has started, and theirs: all have its cache."""
        mark = f"UNKNOT_CACHE={self.folder / 'cache'}".encode()
        pids = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                state = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[0]
                if state not in "ZX" and mark in Path(f"/proc/{name}/environ").read_bytes():
                    pids.append(int(name))
        return pids

    def disturb(self, command: list[str], number: int, after: float) -> Ended:
        """Run a command and send a signal to it, to a helper of its, or to all."""
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
            try:
                process.wait(after)
                was_hit, victim = False, "command"
            except subprocess.TimeoutExpired:
                was_hit, victim = True, self._hit(process.pid, number)
            try:
                status = process.wait(SECONDS if victim == "helper" else SECONDS_LEFT + 1)
            except subprocess.TimeoutExpired:
                self.failures.append(f"{command[-1]}: hangs after signal {number} to {victim}")
                process.kill()
                status = process.wait()
            seconds = self._wait_for_all()
            errors.seek(0)
            lines = errors.read().decode(errors="replace").splitlines()
        return Ended(status, lines, was_hit, seconds, victim)

    def _hit(self, leader: int, number: int) -> str:
        helpers = [pid for pid in self.processes() if pid != leader]
        victims = {"command": [leader], "helper": helpers and [self.random.choice(helpers)]}
        victims["all"] = [leader, *helpers] if number == signal.SIGKILL else []
        victim = self.random.choice([name for name, pids in victims.items() if pids])
        for pid in victims[victim]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return victim

    def _wait_for_all(self) -> float:
        """Wait until no process is left; returns how long that took."""
        began = time.monotonic()
        while (pids := self.processes()) and time.monotonic() - began < SECONDS_LEFT:
            time.sleep(0.05)
        if pids:
            self.failures.append(f"{len(pids)} processes left after {SECONDS_LEFT} s")
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return time.monotonic() - began

    def undisturbed(self, comparison: Comparison) -> tuple[float, dict[str, str]]:
        """Run a comparison; returns how long it takes, and what it comes to."""
        shutil.rmtree(self.folder / "e", ignore_errors=True)
        began = time.monotonic()
        ended = self.disturb(comparison.command, 0, SECONDS)
        if ended.status:
            raise SystemExit(f"{comparison.name} fails undisturbed: {ended.lines}")
        return time.monotonic() - began, outcome(self.folder / "e")

    def kill(self, comparison: Comparison, kills: int) -> None:
        """Kill a comparison so many times; each time it ends, hold it against the undisturbed."""
        seconds, expected = self.undisturbed(comparison)
        shutil.rmtree(self.folder / "e")
        left = kills
        while True:
            after = self.random.uniform(0, 1.2 * seconds) if left else SECONDS
            ended = self.disturb(comparison.command, signal.SIGKILL, after)
            if ended.was_hit:
                left -= 1
                self.counts[f"{comparison.name}: SIGKILL to {ended.victim}"] += 1
            if any("Traceback" in line for line in ended.lines):
                self.failures.append(f"{comparison.name}: traceback: {ended.lines[-1]}")
            if ended.status == 0:
                self._compare(comparison, expected)
                shutil.rmtree(self.folder / "e")
                if not left:
                    return
            elif not ended.was_hit:
                self.failures.append(f"{comparison.name}: does not go on: {ended.lines}")
                return

    def _compare(self, comparison: Comparison, expected: dict[str, str]) -> None:
        self.counts[f"{comparison.name}: ended in the same bits"] += 1
        found = outcome(self.folder / "e")
        for name, digest in expected.items():
            if found.get(name) != digest:
                self.failures.append(f"{comparison.name}: another {name}")
        if left_over(self.folder / "e"):
            self.failures.append(f"{comparison.name}: left {left_over(self.folder / 'e')}")

    def interrupt(self, comparison: Comparison, signals: int) -> None:
        """Send signals at random moments; a comparison that was interrupted goes on."""
        seconds, expected = self.undisturbed(comparison)
        shutil.rmtree(self.folder / "e")
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for i in range(signals):
            after = self.random.uniform(FIRST, seconds)
            if i % 3 == 0:
                after = self.random.uniform(FIRST, 1.0)  # imports
            number = numbers[i % len(numbers)]
            ended = self.disturb(comparison.command, number, after)
            self.counts[f"{comparison.name}: {number.name} to {ended.victim}"] += ended.was_hit
            problem = problem_of(ended, number)
            if problem:
                self.failures.append(
                    f"{comparison.name}: {number.name} to {ended.victim} after {after:.2f} s: "
                    f"{problem}: {ended.lines[-3:]}"
                )
            if ended.status == 0:
                self._compare(comparison, expected)
                shutil.rmtree(self.folder / "e")
        shutil.rmtree(self.folder / "e", ignore_errors=True)


def problem_of(ended: Ended, number: int) -> str:
    """Say what is wrong with how a signal was answered; empty where nothing is."""
    if not ended.was_hit or ended.status == 0:
        return "" if ended.status == 0 else f"exit status {ended.status}"
    if ended.status not in (128 + number, -number):
        return f"exit status {ended.status}"
    if len(ended.lines) != 1:
        return f"{len(ended.lines)} lines"
    return ""


def outcome(experiment: Path) -> dict[str, str]:
    """What an experiment has come to, with its page but for how long things took."""
    page = (experiment / "report.html").read_text(encoding="utf-8")
    page = re.sub(r"\d+(\.\d+)? (s|ms|seconds|minutes|min)\b", "TIME", page)
    return {**bits(experiment), "page": page}


def main() -> None:
    """Disturb comparisons, print what was done and what went wrong; exit with 1 if anything did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--signals", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="unknot-torture-"))
    torture = Torture(folder, arguments.seed)
    tried = comparisons()
    for i, comparison in enumerate(tried):
        share = slice(i, None, len(tried))
        if kills := len(range(arguments.kills)[share]):
            torture.kill(comparison, kills)
        if signals := len(range(arguments.signals)[share]):
            torture.interrupt(comparison, signals)
        print(f"{comparison.name}: {dict(torture.counts)}", file=sys.stderr, flush=True)
    shutil.rmtree(folder)
    document = {"counts": dict(torture.counts), "failures": torture.failures}
    rows = [f"| {name} | {num} |" for name, num in torture.counts.items()]
    text = "\n".join(["| what | times |", "|---|---:|", *rows, *torture.failures])
    print(json.dumps(document, indent=2) if arguments.json else text)
    sys.exit(1 if torture.failures else 0)


if __name__ == "__main__":
    main()
