"""Asks the server of `unknot watch` for what it must not give, and for a thousand pages at once.

    python benchmarks/robust_server.py [--json]

A small experiment is trained and served as a user would; every answer is compared with what is to
come. Takes a minute; exits with 1 if anything else came, and counts the memory of the server.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from robust_common import unknot
from robust_page import trained_experiment

AT_ONCE, SLOW = 1_000, 300
MOST_BYTES = 2 << 30
LINES = ("getting ready", "The live page", "Ctrl-C ends it")
"""What `watch` prints of itself."""
START_SECONDS, CLOSING_SECONDS = 60, 10
PATHS = (
    *(
        "../../../../etc/passwd",
        "%2e%2e/%2e%2e/etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
    ),
    *("%252e%252e/etc/passwd", "..%5c..%5cetc%5cpasswd", "..;/etc/passwd", "%c0%ae%c0%ae/passwd"),
    *("file:///etc/passwd", "%00", "%ff", ".served.json", "experiment.toml", "report.html"),
    *(
        "sample.png",
        "evidence.json",
        "beta-2_seed-0/weights.safetensors",
        "notes.txt",
        "link/passwd",
    ),
    *("events/../../../etc/passwd", "events/x", "a" * 5_000),
)
HOSTS = ("example.org", "127.0.0.1.example.org", "localhost.example.org", "[::1]", "0.0.0.0", "")
QUERIES = ("", "?file=/etc/passwd", "?token=../..")
METHODS = ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "CONNECT")


class Row(NamedTuple):
    """What came of one kind of request.

    Attributes:
        kind: of request.
        tried: how many.
        expected: that got what is to come.
        others: what the others got.
    """

    kind: str
    tried: int
    expected: int
    others: list[str]


async def ask(port: int, path: str, *, host: str = "127.0.0.1", method: str = "GET") -> bytes:
    """Ask once, and give all that comes back; what went wrong stands in its place."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(-1), 120)
        writer.close()
    except (OSError, TimeoutError) as error:
        return repr(error).encode()
    return answer


def asked(port: int, requests: Sequence[dict[str, Any]]) -> list[bytes]:
    """Ask for many things at once."""

    async def all_of_them() -> list[bytes]:
        return await asyncio.gather(*(ask(port, **request) for request in requests))

    return asyncio.run(all_of_them())


def row(kind: str, answers: Sequence[bytes], statuses: Collection[int]) -> Row:
    """Count the answers with one of these statuses and nothing of outside the page."""
    others = []
    for answer in answers:
        status = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
        leaks = b"root:" in answer or b"a secret" in answer
        if not status or int(status[1]) not in statuses or leaks:
            others.append(answer[:80].decode(errors="replace"))
    return Row(kind, len(answers), len(answers) - len(others), others[:5])


def slow_readers(port: int, path: str) -> Row:
    """Let many read a few bytes and no more, and ask for a page meanwhile."""
    readers = [socket.create_connection(("127.0.0.1", port)) for _ in range(SLOW)]
    for reader in readers:
        reader.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    starts = [reader.recv(10) for reader in readers]
    result = row(
        f"a page while {SLOW} others read slowly", asked(port, [{"path": path}] * 20), {200}
    )
    for reader in readers:
        reader.close()
    is_served = all(start.startswith(b"HTTP") for start in starts)
    return result if is_served else result._replace(expected=0, others=["no start"])


def memory(pid: int) -> int:
    """Most bytes that a process had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def tried(address: str, pid: int) -> list[Row]:
    """Ask for everything."""
    parts = urlsplit(address)
    port, page = parts.port or 0, parts.path
    rows = [
        row(
            "the page, and with a query", asked(port, [{"path": page + q} for q in QUERIES]), {200}
        ),
        row("paths below it", asked(port, [{"path": page + path} for path in PATHS]), {404, 307}),
        row("paths without the token", asked(port, [{"path": f"/{p}"} for p in PATHS]), {403, 400}),
        row(
            "other names of the machine",
            asked(port, [{"path": page, "host": h} for h in HOSTS]),
            {403},
        ),
        row(
            "other methods", asked(port, [{"path": page, "method": m} for m in METHODS]), {405, 400}
        ),
        row(f"the page, {AT_ONCE:,} times at once", asked(port, [{"path": page}] * AT_ONCE), {200}),
        slow_readers(port, page),
    ]
    peak = memory(pid)
    fits = int(peak < MOST_BYTES)
    rows.append(Row(f"memory below 2 GB (it was {peak / 1e6:,.0f} MB)", 1, fits, []))
    return rows


def served(experiment: Path) -> list[Row]:
    """Serve an experiment, ask for everything, and end the server as Ctrl-C does."""
    (experiment / "link").symlink_to("/etc")
    (experiment / "notes.txt").write_text("a secret")
    with tempfile.TemporaryFile("w+") as stderr:
        command = unknot("watch", experiment)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr)
        rows = tried(_address(stderr, process), process.pid)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        status = process.wait(60)
        seconds = time.monotonic() - began
        stderr.seek(0)
        has_ended = status in (0, 130) and seconds < CLOSING_SECONDS
        rows.append(Row(f"Ctrl-C (it took {seconds:.1f} s)", 1, int(has_ended), [str(status)]))
        lines = stderr.read().splitlines()
        others = [line for line in lines if not line.startswith(LINES)]
        rows.append(Row("no other line on the terminal", 1, int(not others), others[:5]))
    return rows


def _address(stderr: Any, process: subprocess.Popen[bytes]) -> str:
    """Wait until the server has said where it is."""
    began = time.monotonic()
    while process.poll() is None and time.monotonic() - began < START_SECONDS:
        stderr.seek(0)
        found = re.search(r"http://\S+/", stderr.read())
        if found:
            return found[0]
        time.sleep(0.1)
    raise RuntimeError("the server did not start")


def main() -> int:
    """Print a table; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        os.environ["UNKNOT_CACHE"] = str(Path(place) / "cache")
        rows = served(trained_experiment(Path(place) / "experiment"))
    if options.json:
        print(json.dumps([row._asdict() for row in rows], indent=2))
    else:
        print("| what is asked for | tried | as it should | other |\n|---|---:|---:|---:|")
        for kind, num, expected, others in rows:
            print(f"| {kind} | {num:,} | {expected:,} | {num - expected:,} |")
            if num > expected:
                print(f"other: {kind}: {others}", file=sys.stderr)
    return int(any(num > expected for _, num, expected, _ in rows))


if __name__ == "__main__":
    sys.exit(main())
