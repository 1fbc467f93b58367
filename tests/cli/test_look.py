"""The command that shows one latent."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import TINY, fails
from unknot.cli import main
from unknot.cli.look import NO_BROWSER
from unknot.common.files import write_arrays
from unknot.common.reading import read_arrays
from unknot.runs.folder import RunFolder


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that a browser was asked to open."""
    addresses: list[str] = []

    def open_address(address: str) -> bool:
        addresses.append(address)
        return True

    monkeypatch.setattr("unknot.experiments.watch.open_in_browser", open_address)
    return addresses


@pytest.fixture
def spread(experiment: Path, tmp_path: Path) -> Path:
    """A copy of the experiment; latent 0 of beta 1 is in use, latent 1 has collapsed."""
    copy = tmp_path / "experiment"
    shutil.copytree(experiment, copy)
    codes = copy / "beta-1_seed-0" / "codes.npz"
    arrays = read_arrays(codes)
    mean = arrays["posterior_mean"]
    arrays["posterior_mean"] = (mean / mean.std(0) * (1, 0)).astype(np.float32)
    write_arrays(codes, arrays)
    RunFolder(codes.parent).mark_done()
    return copy


def test_it_opens_the_card_and_says_what_the_latent_does(
    spread: Path, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run = spread / "beta-1_seed-0"
    assert main(["latent", str(run), "0"]) == 0
    address = f"{(spread / 'report.html').as_uri()}#latent=beta-1_seed-0/0"
    assert opened == [address]
    line, last = capsys.readouterr().out.splitlines()
    assert line.startswith("latent 0 of beta 1, seed 0: ")
    assert "Moving it changes" in line
    assert last == address


def test_it_only_prints_where_no_browser_is_wanted(
    spread: Path, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(spread / "beta-1_seed-0")
    assert main(["latent", run, "0", "--no-open", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["run"], document["latent"]) == ("beta-1_seed-0", 0)
    assert document["address"].endswith("/report.html#latent=beta-1_seed-0/0")
    assert opened == []


def test_without_a_browser_the_address_is_left_to_the_user(
    spread: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("unknot.experiments.watch.open_in_browser", lambda address: False)
    assert main(["latent", str(spread / "beta-1_seed-0"), "0"]) == 0
    assert NO_BROWSER in capsys.readouterr().out


def test_a_page_that_lacks_the_cards_is_written_again(spread: Path, opened: list[str]) -> None:
    page = spread / "report.html"
    run = str(spread / "beta-1_seed-0")
    page.unlink()
    assert main(["latent", run, "0"]) == 0
    assert "data-cards" in page.read_text()
    page.write_text("a page of an earlier version")
    assert main(["latent", run, "0"]) == 0
    assert "data-cards" in page.read_text()
    written = page.stat().st_mtime_ns
    assert main(["latent", run, "0"]) == 0
    assert page.stat().st_mtime_ns == written


def test_a_collapsed_latent_says_so(
    spread: Path, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["latent", str(spread / "beta-1_seed-0"), "1"]) == 0
    assert "Latent 1 is not in use (collapsed): its code is the same" in capsys.readouterr().out


def test_without_evidence_it_names_the_command(
    spread: Path, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (spread / "evidence.json").unlink()
    assert main(["latent", str(spread / "beta-1_seed-0"), "0"]) == 0
    assert f"unknot evidence {spread}" in capsys.readouterr().out


def test_a_number_that_is_no_latent_is_refused(
    experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(experiment / "beta-1_seed-0")
    assert "latent 9: this run has latents 0 to 1" in fails(["latent", run, "9"], capsys)


def test_a_run_trained_alone_gets_a_page_of_its_own(
    images: Path, tmp_path: Path, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main(["train", str(images), "--beta", "3", "--out", str(run), *TINY]) == 0
    codes = run / "codes.npz"
    arrays = read_arrays(codes)
    mean = arrays["posterior_mean"]
    write_arrays(codes, arrays | {"posterior_mean": (mean / mean.std(0)).astype(np.float32)})
    RunFolder(run).mark_done()
    capsys.readouterr()
    assert main(["latent", str(run), "1"]) == 0
    assert opened == [f"{(run / 'report.html').as_uri()}#latent=run/1"]
    assert "this run was trained alone" in capsys.readouterr().out
    assert "data-cards" in (run / "report.html").read_text()


def test_an_experiment_in_the_place_of_a_run_names_its_runs(
    spread: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = fails(["latent", str(spread), "2"], capsys)
    assert f"choose one of them: unknot latent {spread}/beta-1_seed-0 2" in line
