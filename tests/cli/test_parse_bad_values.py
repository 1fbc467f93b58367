"""Some of the command lines of `benchmarks/robust_cli.py`, which tries all of them."""

import shutil
from itertools import islice
from pathlib import Path

import pytest

from unknot.cli import main

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
EVERY = 97
ELSEWHERE = ("compare", "watch", "reproduce")  # train for long, or serve until Ctrl-C


def test_a_bad_value_is_one_line_or_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import robust_cli

    work = robust_cli.Workplace(tmp_path)
    cases = [case for case in robust_cli.options(work) if case.words[0] not in ELSEWHERE]
    assert len(cases) > 700
    for case in islice(cases, 0, None, EVERY):
        monkeypatch.chdir(tmp_path)
        shutil.rmtree(work.here, ignore_errors=True)
        work.here.mkdir()
        robust_cli.places(work.here)
        monkeypatch.chdir(work.here)
        capsys.readouterr()
        status = main(case.words)
        lines = capsys.readouterr().err.splitlines()
        assert status in (0, 2), case
        assert len(lines) == (status == 2), (case, lines)
        assert all(line.startswith("error: ") and line.isprintable() for line in lines), lines


def test_every_file_of_settings_is_read_or_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No image is read: what a file may be refused for is found before."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    from robust_cli_values import TOML

    def nothing(*arguments: object) -> None:
        raise SystemExit(0)

    monkeypatch.setattr("unknot.cli.train.load", nothing)
    for name, content in TOML.items():
        path = tmp_path / "settings.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            status = main(["compare", "--config", str(path), "--quiet"])
        except SystemExit:
            status = 0
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == (status == 2), (name, lines)
        assert all(line.startswith("error: ") and line.isprintable() for line in lines), lines
