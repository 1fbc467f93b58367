"""The command `reproduce`."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.command_line import fails
from unknot.cli import main, reproduce
from unknot.config.execution import ExecutionConfig
from unknot.data.load import load_images
from unknot.experiments.papers import PAPERS
from unknot.experiments.papers.paper import read_paper


def test_without_a_name_every_paper_is_listed_with_its_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["reproduce"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(PAPERS)
    assert all("runs, about " in line for line in lines)


def test_the_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == list(PAPERS)


def test_a_wrong_name_names_the_papers(capsys: pytest.CaptureFixture[str]) -> None:
    line = fails(["reproduce", "burges-2018"], capsys)
    assert "did you mean 'burgess-2018'" in line
    assert all(name in line for name in PAPERS)


def test_a_paper_is_run_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sprites = load_images("sprites", num=400, size=32)
    paper = read_paper("rolinek-2019")
    model = replace(paper.experiment.model, network="linear", latent_dim=3)
    small = replace(paper, experiment=replace(paper.experiment, betas=(1.0,), model=model))
    monkeypatch.setattr(reproduce, "read_paper", lambda name: small)
    monkeypatch.setattr(reproduce, "load", lambda *_: sprites)
    monkeypatch.setattr(reproduce, "ExecutionConfig", partial(ExecutionConfig, engine="inline"))
    arguments = ["reproduce", "rolinek-2019", "--steps", "4", "--out", str(tmp_path)]
    assert main([*arguments, "--seeds", "0"]) == 0
    shown = capsys.readouterr()
    assert "1 run of 4 steps" in shown.err
    assert "| VAE (beta 1) |" in shown.out
    assert "`unknot reproduce rolinek-2019 --seeds 0 --steps 4`" in shown.out
    assert main([*arguments, "--seeds", "0", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["num_runs"] == 2
    assert len(list(tmp_path.glob("beta_vae/*/weights.safetensors"))) == 2
