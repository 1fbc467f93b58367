"""The command line as its users meet it."""

import csv
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unknot import cli
from unknot.cli import COMMANDS, main
from unknot.data.image_set import ImageSet

README = Path(__file__).parents[1] / "README.md"
TINY = ["--steps", "6", "--batch-size", "4", "--latent-dim", "2", "--size", "32", "--quiet"]


def folder_of_images(folder: Path, num: int = 20) -> Path:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(num):
        Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(
            folder / f"{i:03d}.png"
        )
    return folder


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of_images(tmp_path_factory.mktemp("data") / "images")


@pytest.fixture(scope="module")
def experiment(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli") / "experiment"
    assert main(["compare", str(images), "--betas", "1", "4", "--out", str(out), *TINY]) == 0
    return out


def fails(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must end with status 2 and one line; returns the line."""
    assert main(arguments) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    return lines[0]


def test_every_command_is_in_the_overview_and_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    overview = capsys.readouterr().out
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", overview, re.MULTILINE)
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0
        assert "usage: unknot " + name in capsys.readouterr().out


def test_mistyped_commands_and_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean 'compare'" in fails(["compar"], capsys)
    with pytest.raises(SystemExit) as ended:
        main(["compare", "faces", "--latent-dims", "3"])
    assert ended.value.code == 2
    assert "--latent-dim" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--betas", "-1"], "beta is -1.0"),
        (["--betas", "nan"], "beta is nan"),
        (["--latent-dim", "0"], "latent_dim is 0"),
        (["--likelihood", "bernoulli"], "set standardize to unit"),
        (["--size", "50"], "size is 50"),
        (["--crop", "huge"], "crop is 'huge'"),
        (["--network", "resnet"], "network is 'resnet'; it can be"),
        (["--objective", "elbo"], "objective is 'elbo'; it can be"),
        (["--device", "tpu9"], "device 'tpu9'"),
        (["--workers", "0"], "workers is 0"),
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


def test_bad_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "does not exist" in fails(["compare", str(tmp_path / "no")], capsys)
    (tmp_path / "empty").mkdir()
    assert "no image in" in fails(["data", str(tmp_path / "empty")], capsys)
    bombs = tmp_path / "bombs"
    bombs.mkdir()
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    content = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    content += struct.pack(">I", zlib.crc32(chunk)) + struct.pack(">I", 0) + b"IDAT"
    (bombs / "bomb.png").write_bytes(content + struct.pack(">I", zlib.crc32(b"IDAT")))
    line = fails(["data", str(bombs)], capsys)
    assert "has more than 100,000,000 pixels" in line


def test_compare_tells_where_the_results_are(
    experiment: Path, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["compare", str(images), "--betas", "1", "4", "--out", str(experiment), *TINY]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert f"report: {experiment}/report.html" in out
    assert "Did a higher beta separate the latents? It cannot be asked: no label" in out
    assert "nothing was trained" in out
    assert "beta_eff 4" in out


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


def test_a_typed_recipe_wins_over_a_file(tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text("[training]\nsteps = 7\nlearning_rate = 0.5\nrecipe = 'one_cycle'\n")
    options = cli._parse("train", cli.jobs.TrainOptions, ["--config", str(path)])
    assert options.beta == 1.0
    assert options.training.optimisation().steps == 7
    typed = ["--config", str(path), "--recipe", "higgins", "--steps", "9"]
    options = cli._parse("train", cli.jobs.TrainOptions, typed)
    assert options.training.optimisation().learning_rate == 1e-4
    assert options.training.optimisation().steps == 9


def test_a_file_may_say_where_to_run(tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text(f"betas = [3]\nout = '{tmp_path}/x'\nworkers = 1\ndevice = 'cpu'\n")
    options = cli._parse("compare", cli.jobs.CompareOptions, [f"--config={path}"])
    assert options.experiment.betas == (3.0,)
    assert options.execution.out == tmp_path / "x"
    assert (options.workers, options.execution.device) == (1, "cpu")


def test_json_is_one_document(experiment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    description = str(experiment / "experiment.toml")
    assert main(["compare", "--config", description, "--out", str(experiment), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document["runs"]) == {"beta-1_seed-0", "beta-4_seed-0"}
    test = document["runs"]["beta-1_seed-0"]["test"]
    assert test["rate"] == pytest.approx(sum(test["kl"]))
    assert document["verdict"] is None  # these images have no labels
    assert document["evidence"] == str(experiment / "evidence.json")


def test_train(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["train", str(images), "--beta", "3", "--out", str(tmp_path / "run"), *TINY]
    assert main(arguments) == 0
    assert f"run: {tmp_path}/run" in capsys.readouterr().out
    assert (tmp_path / "run" / "done").exists()


@pytest.mark.parametrize("format", ["gif", "webp", "png", "avif"])
def test_animations(
    format: str, experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(experiment / "beta-1_seed-0")
    options = ["--format", format, "--out", str(tmp_path)]
    assert main(["reconstruct", run, *options]) == 0
    assert main(["traverse", run, "--range", "-3", "3", *options]) == 0
    for name in ("reconstructions", "traversals_-3_3"):
        with Image.open(tmp_path / f"{name}.{format}") as picture:
            frames = getattr(picture, "n_frames", 1)
            assert frames == 1 if format == "png" else frames > 3
    assert str(tmp_path / f"traversals_-3_3.{format}") in capsys.readouterr().out


def test_traverse_from_images(experiment: Path, images: Path, tmp_path: Path) -> None:
    run = str(experiment / "beta-1_seed-0")
    out = ["--out", str(tmp_path), "--quiet"]
    assert main(["traverse", run, "--data", str(images), "--format", "png", *out]) == 0
    from_images = (tmp_path / "traversals_images.png").read_bytes()
    assert main(["traverse", run, "--format", "png", *out]) == 0
    assert (tmp_path / "traversals.png").read_bytes() != from_images


def test_webp_stands_in_for_avif_and_says_so(
    experiment: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("PIL.features.check", lambda name: name != "avif")
    run = str(experiment / "beta-1_seed-0")
    assert main(["reconstruct", run, "--out", str(tmp_path)]) == 0
    assert "no AVIF; wrote WebP" in capsys.readouterr().out
    assert (tmp_path / "reconstructions.webp").exists()


def test_encode(experiment: Path, images: Path, tmp_path: Path) -> None:
    run = str(experiment / "beta-1_seed-0")
    for name in ("codes.npz", "codes.csv"):
        assert main(["encode", run, str(images), "--out", str(tmp_path / name), "--quiet"]) == 0
    with np.load(tmp_path / "codes.npz", allow_pickle=False) as stored:
        mean, names = stored["posterior_mean"], stored["name"]
    assert mean.shape == (20, 2)
    with (tmp_path / "codes.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == names.tolist() == [f"{i:03d}.png" for i in range(20)]
    assert np.allclose([float(row["mean_1"]) for row in rows], mean[:, 1])


def test_encode_refuses_another_ending(
    experiment: Path, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = fails(
        ["encode", str(experiment / "beta-1_seed-0"), str(images), "--out", "c.txt"], capsys
    )
    assert "must be .npz or .csv" in line


def test_commands_on_a_folder_that_is_no_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("traverse", "reconstruct"):
        assert "not the folder of a run" in fails([name, str(tmp_path)], capsys)
    assert "not the folder of an experiment" in fails(["report", str(tmp_path)], capsys)


def test_report_is_written_again(experiment: Path) -> None:
    (experiment / "report.html").unlink()
    assert main(["report", str(experiment)]) == 0
    assert (experiment / "report.html").exists()


def test_data(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = tmp_path / "sample.png"
    assert main(["data", str(images), "--size", "32", "--sample", str(sample), "--quiet"]) == 0
    out = capsys.readouterr().out
    assert "20 of 32x32 pixels, RGB" in out
    assert sample.exists()


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert "cores for this process" in capsys.readouterr().out


def test_a_full_disk_is_one_line(
    experiment: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import errno

    def full(options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "runs/x/weights.safetensors")

    monkeypatch.setitem(cli.COMMANDS, "report", (cli.views.ReportOptions, full))
    line = fails(["report", str(experiment)], capsys)
    assert "the disk is full (runs/x/weights.safetensors)" in line


@pytest.mark.slow
def test_ctrl_c_saves_every_run_and_the_same_command_goes_on(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "unknot", "compare", "faces", "--size", "32", "--steps", "900"]
    command += ["--batch-size", "8", "--betas", "1", "2", "--out", str(tmp_path / "e")]
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


def test_the_readme_names_only_commands_that_exist() -> None:
    named = set(re.findall(r"^unknot (\w+)", README.read_text(), re.MULTILINE))
    assert named <= set(COMMANDS)
    assert "compare" in named
