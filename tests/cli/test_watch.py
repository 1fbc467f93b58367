"""`unknot watch`, and `compare --open`."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Coroutine
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.command_line import HERE, fails
from unknot.cli import main, watch
from unknot.experiments import watch as experiments_watch

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/\S+/")


def _get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return str(answer.read().decode())


def _interrupt(serving: Coroutine[None, None, None]) -> None:
    serving.close()
    raise KeyboardInterrupt


def test_watch_tells_the_address_and_ends_with_ctrl_c(
    experiment: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(experiments_watch, "open_in_browser", opened.append)
    monkeypatch.setattr("unknot.report.server.asyncio.run", _interrupt)
    assert main(["watch", str(experiment), "--open"]) == 0
    out, err = capsys.readouterr()
    assert ADDRESS.findall(err) == opened
    assert "No browser was found here" in err
    assert "no longer served" in out


def test_watch_needs_an_experiment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is not the folder of an experiment" in fails(["watch", str(tmp_path)], capsys)


def test_compare_serves_the_page_until_ctrl_c(
    images: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    addresses: list[str] = []
    pages: list[str] = []

    def opens(address: str) -> bool:
        addresses.append(address)
        pages.append(_get(address))
        return True

    def sleep(seconds: float) -> None:
        pages.append(_get(addresses[0]))
        raise KeyboardInterrupt

    monkeypatch.setattr(experiments_watch, "open_in_browser", opens)
    monkeypatch.setattr(watch, "time", SimpleNamespace(sleep=sleep))
    arguments = ["compare", str(images), "--betas", "1", "--out", str(tmp_path / "e"), "--open"]
    assert main([*arguments, *HERE]) == 0
    before, after = pages
    assert "The run is waiting." in before
    assert after == (tmp_path / "e" / "report.html").read_text()
    out = capsys.readouterr().out
    assert f"The page stays at {addresses[0]} until Ctrl-C." in out
    assert f"report: {tmp_path}/e/report.html" in out
    assert out.strip().endswith("The page is no longer served.")
    with pytest.raises(OSError, match="refused"):
        _get(addresses[0])


def test_what_stands_in_the_way_is_said_before_anything_is_trained(
    images: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = ["compare", str(images), "--out", str(tmp_path / "e"), "--open", *HERE]
    assert "leave one out" in fails([*arguments, "--json"], capsys)
    for name in ("unknot.report.server", "unknot.experiments.watch"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)  # as if it were not installed
    assert "pip install 'unknot[watch]'" in fails(arguments, capsys)
    assert "pip install 'unknot[watch]'" in fails(["watch", str(tmp_path)], capsys)
    assert not (tmp_path / "e").exists()


@pytest.mark.slow
def test_a_real_ctrl_c_ends_it_at_once_without_a_traceback(experiment: Path) -> None:
    command = [sys.executable, "-m", "unknot", "watch", str(experiment)]
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # where the tests themselves run in the background, SIGINT is ignored and would stay so
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stderr
        told = ""
        while not (addresses := ADDRESS.findall(told)):
            told = process.stderr.readline()
            assert told, "it ended without an address"
        assert process.stderr.readline() == "Ctrl-C ends it; the runs do not need it.\n"
        with urllib.request.urlopen(f"{addresses[0]}events", timeout=60) as stream:
            assert stream.readline() == b"retry: 1000\n"
            os.kill(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.strip() == "The page is no longer served."
    assert err == ""
