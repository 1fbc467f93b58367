"""The command line as a process: signals from its first moment on, streams that are closed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import unknot
from unknot.common.interruption import SIGNALS, WORDS

COMMAND = [sys.executable, "-m", "unknot"]


def hears_signals(pid: int) -> bool:
    """Whether a process has a handler of SIGTERM."""
    status = Path(f"/proc/{pid}/status").read_text()
    (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) & 1 << (signal.SIGTERM - 1))


def default_signals() -> None:
    """Where the tests themselves run in the background, SIGINT is ignored and would stay so."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at a process as Linux shows it")
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.4])
def test_a_signal_while_it_starts_is_one_line(
    number: signal.Signals, seconds: float, tmp_path: Path
) -> None:
    command = [*COMMAND, "suggest-betas", "faces", "--quiet"]
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=default_signals,
        env={**os.environ, "UNKNOT_CACHE": str(tmp_path)},
    ) as process:
        while not hears_signals(process.pid):
            time.sleep(0.002)
        time.sleep(seconds)
        process.send_signal(number)
        _, said = process.communicate(timeout=10)
    assert process.returncode == 128 + number
    assert said == f"{WORDS}\n"


def test_a_working_folder_that_is_gone_is_one_line(tmp_path: Path) -> None:
    command = ["sh", "-c", 'mkdir gone; cd gone; rmdir ../gone; exec "$@"', "sh", *COMMAND]
    environment = {**os.environ, "PYTHONPATH": str(Path(unknot.__file__).parents[1])}
    ended = subprocess.run(
        [*command, "report", str(tmp_path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: the folder that you are in is gone; change to")
    assert ended.stderr.count("\n") == 1


def test_nobody_reads_what_is_printed() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run([*COMMAND, "--help"], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert ended.stderr == b""


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_streams_may_be_closed(closed: str) -> None:
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", *COMMAND, "--version"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0
    assert ended.stderr == ""
    assert (ended.stdout == "") == (">&-" in closed.split())


def test_a_disk_that_is_full_is_one_line() -> None:
    with open("/dev/full", "w") as full:
        command = [*COMMAND, "cache"]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: the disk is full;")
    assert ended.stderr.count("\n") == 1
