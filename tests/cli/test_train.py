"""The commands that train, and what comes before."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.command_line import HERE, TINY, fails
from tests.fake_slurm import FakeSlurm
from unknot.cli import main
from unknot.evidence import run_evidence
from unknot.evidence.answers import QUESTIONS
from unknot.experiments.experiment import Experiment


def test_what_fits_no_images_is_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("unknot.cli.train.load", None)
    (tmp_path / "file").touch()
    for command in ("compare", "train"):
        assert "give another" in fails([command, "--out", str(tmp_path / "file")], capsys)
        assert "of memory, and" in fails([command, "--latent-dim", "1000000000"], capsys)
    assert "of memory, and" in fails(["suggest-betas", "--latent-dim", "1000000000"], capsys)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--betas", "-1"], "beta is -1.0"),
        (["--betas", "nan"], "beta is nan"),
        (["--latent-dim", "0"], "latent_dim is 0"),
        (["--likelihood", "bernoulli"], "set standardize to unit"),
        (["--size", "20"], "size is 20"),
        (["--size", "50"], "takes images whose sides are multiples of 32 pixels"),
        (["--crop", "huge"], "crop is 'huge'"),
        (["--network", "resnet"], "network is 'resnet'; it can be"),
        (["--objective", "elbo"], "objective is 'elbo'; it can be"),
        (["--device", "tpu9"], "device 'tpu9'"),
        (["--objectives", "beta_vae", "capacity"], "no strengths are given for the objective"),
        (["--strengths", "capacity=5"], "but no objectives; give --objectives capacity"),
        (["--objectives", "capacity", "--strengths", "capacity"], "strengths is 'capacity'; give"),
        (["--grid", "higgins"], "grid is 'higgins'; it can be locatello"),
        (["--grid", "locatello", "--objectives", "info_vae"], "has no strengths of info_vae"),
        (["--workers", "0"], "workers is 0"),
        (["--latent-dim", "1000000000"], "latent_dim is 1,000,000,000 and batch_size 32: training"),
        (["--batch-size", str(10**12)], "batch_size 1,000,000,000,000: training takes about"),
        (["--steps", str(10**18)], "they take 3,170,979 years"),
        (["--engine", "cloud"], "engine is 'cloud'; it can be"),
        (["--detach"], "which 'local' has not: take engine 'slurm', or leave detach out"),
        (["--detach", "--open"], "--open serves a page until Ctrl-C; leave one out"),
        (["--out", __file__], "is a file; give another"),
        (["--config", "/dev/zero"], "config is /dev/zero, which is a pipe, a socket or a device"),
    ],
)
def test_bad_options(
    options: list[str],
    message: str,
    images: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # before anything is written
    line = fails(
        ["compare", str(images), "--out", str(tmp_path / "e"), "--steps", "1", *options], capsys
    )
    assert message in line
    assert not (tmp_path / "e").exists()


def test_compare_tells_where_the_results_are(
    experiment: Path, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["compare", str(images), "--betas", "1", "4", "--out", str(experiment), *HERE]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert f"report: {experiment}/report.html" in out
    assert "Which beta should I take?\n  Beta 1" in out
    assert "cannot be asked" not in out
    assert "nothing was trained" in out
    assert "beta_eff 4" in out


def test_what_is_left_to_a_cluster_is_neither_waited_for_nor_called_failed(
    images: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "bin").mkdir()
    FakeSlurm(tmp_path / "bin", monkeypatch).answer("sbatch", "12\n")
    arguments = ["compare", str(images), "--betas", "1", "4", "--out", str(tmp_path / "e"), *TINY]
    arguments += ["--engine", "slurm", "--detach"]
    assert main(arguments) == 0
    *_, submitted, last = capsys.readouterr().out.strip().splitlines()
    assert submitted.startswith("2 jobs are in Slurm's queue (12), and one more (12)")
    assert last == (
        f"unknot status {tmp_path / 'e'} says how far they are, "
        f"unknot cancel {tmp_path / 'e'} stops them"
    )
    assert main([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["folder"] == str(tmp_path / "e")


def test_compare_repeats_from_its_description(
    experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    description = str(experiment / "experiment.toml")
    assert main(["compare", "--config", description, "--out", str(experiment)]) == 0
    assert "nothing was trained" in capsys.readouterr().out
    line = fails(
        ["compare", "--config", description, "--out", str(experiment), "--latent-dim", "3"], capsys
    )
    assert "latent_dim is 2 there and 3 here" in line


def test_unknown_key_in_toml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "e.toml"
    path.write_text("[model]\nlatent_dims = 3\n")
    line = fails(["compare", "--config", str(path)], capsys)
    assert "unknown key 'latent_dims'; did you mean 'latent_dim'?" in line


def test_json_is_one_document(experiment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    description = str(experiment / "experiment.toml")
    assert main(["compare", "--config", description, "--out", str(experiment), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document["runs"]) == {"beta-1_seed-0", "beta-4_seed-0"}
    test = document["runs"]["beta-1_seed-0"]["test"]
    assert test["rate"] == pytest.approx(sum(test["kl"]))
    assert [answer["question"] for answer in document["answers"]] == list(QUESTIONS)
    assert document["evidence"] == str(experiment / "evidence.json")


def test_train(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["train", str(images), "--beta", "3", "--out", str(tmp_path / "run"), *TINY]
    assert main(arguments) == 0
    assert f"run: {tmp_path}/run" in capsys.readouterr().out
    assert (tmp_path / "run" / "done").exists()


@pytest.mark.slow
def test_ctrl_c_saves_every_run_and_the_same_command_goes_on(images: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "unknot", "compare", str(images), "--size", "32"]
    command += ["--steps", "600", "--batch-size", "8", "--betas", "1", "2"]
    command += ["--out", str(tmp_path / "e")]
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # where the tests themselves run in the background, SIGINT is ignored and would stay so
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            histories = list((tmp_path / "e").glob("*/history.jsonl"))
            if len(histories) == 2 and all(path.stat().st_size for path in histories):
                break
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from there" in said
    saved = list((tmp_path / "e").glob("*/checkpoint/state.json"))
    assert len(saved) == 2
    assert any(json.loads(path.read_text())["step"] % 250 for path in saved)
    assert subprocess.run([*command, "--quiet"], check=False, capture_output=True).returncode == 0
    assert len(list((tmp_path / "e").glob("*/done"))) == 2


def test_betas_are_suggested(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["suggest-betas", str(images), "--size", "32", "--latent-dim", "2", "--quiet"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "What a linear model with 2 latents would do" in out
    assert "suggested: --betas" in out
    assert main([*arguments, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["collapse_betas"]) == 2
    assert "numbers above 0" in fails([*arguments, "--betas", "0", "1"], capsys)


def test_compare_takes_the_suggested_betas(
    images: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_evidence, "num_cores", lambda: 1)  # to start processes takes seconds
    out = tmp_path / "experiment"
    arguments = ["compare", str(images), "--out", str(out), *HERE]
    assert main(arguments) == 0
    experiment = Experiment(out)
    evidence = experiment.saved_evidence()
    assert evidence is not None
    assert evidence.collapse is not None
    assert experiment.config.betas == evidence.collapse.suggested_betas
    assert {row.beta for row in evidence.observed_vs_predicted} == set(experiment.config.betas)
    assert main([*arguments, "--betas=auto"]) == 0
    assert "finished already" in capsys.readouterr().out


def test_compare_says_what_beta_is_with_another_objective(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is said of scales, or of betas at which latents collapse."""
    out = ["--out", str(tmp_path / "run"), "--objective", "beta_tcvae"]
    assert main(["compare", str(images), "--betas", "0.01", *out, *HERE]) == 0
    said = capsys.readouterr().out
    assert "objective beta_tcvae: beta is the weight of the total correlation" in said
    assert "beta_eff" not in said
    assert "too small to matter" not in said


def test_compare_says_when_no_beta_comes_near(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(["compare", str(images), "--betas", "0.01", "--out", str(out), *HERE]) == 0
    assert "note: this beta is probably too small to matter" in capsys.readouterr().out


def test_without_a_prediction_usual_betas_are_taken_and_said(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["compare", str(images), "--out", str(tmp_path / "e"), *HERE]
    arguments += ["--likelihood", "bernoulli", "--standardize", "unit"]
    assert main(arguments) == 0
    assert "note: which betas can matter cannot be predicted" in capsys.readouterr().out
    assert Experiment(tmp_path / "e").config.betas == (1, 4, 16)
