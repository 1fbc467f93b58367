"""The commands that look: at runs, at data, at the cache."""

import csv
import json
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.command_line import fails
from unknot.cli import main


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


@pytest.mark.parametrize("ends", [("-inf", "inf"), ("1", "-1"), ("nan", "1"), ("0", "1e300")])
def test_a_range_that_no_latent_has_is_refused(
    ends: tuple[str, str], experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["traverse", str(experiment / "beta-1_seed-0"), "--range", *ends]
    assert "give a lower and a higher end, from -1000 to 1000" in fails(arguments, capsys)


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


@pytest.mark.parametrize("command", ["traverse", "reconstruct", "export", "encode"])
def test_a_folder_of_runs_lists_them(
    command: str, experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["some images"] if command == "encode" else []
    line = fails([command, str(experiment), *data], capsys)
    example = " ".join(
        ["unknot", command, f"{experiment}/beta-1_seed-0", *(["'some images'"] if data else [])]
    )
    assert f"is a folder of runs; choose one of them: {example} (or beta-4_seed-0)" in line


def test_an_experiment_without_a_trained_run_says_so(
    experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(experiment / "experiment.toml", tmp_path)
    assert "without a trained run" in fails(["traverse", str(tmp_path)], capsys)


def test_report_is_written_again(experiment: Path) -> None:
    (experiment / "report.html").unlink()
    assert main(["report", str(experiment)]) == 0
    assert (experiment / "report.html").exists()


def test_a_page_that_is_up_to_date_is_left(
    experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = experiment / "report.html"
    assert main(["report", str(experiment)]) == 0
    written = page.stat().st_mtime_ns
    capsys.readouterr()
    assert main(["report", str(experiment)]) == 0
    assert "is up to date" in capsys.readouterr().out
    page.write_text(page.read_text() + "edited")
    assert main(["report", str(experiment)]) == 0
    assert "up to date" not in capsys.readouterr().out
    assert not page.read_text().endswith("edited")
    assert page.stat().st_mtime_ns > written


def test_data(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = tmp_path / "sample.png"
    assert main(["data", str(images), "--size", "32", "--sample", str(sample), "--quiet"]) == 0
    out = capsys.readouterr().out
    assert "20 of 32x32 pixels, RGB" in out
    assert sample.exists()


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


def test_the_cache_is_shown_and_cleared(
    images: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("UNKNOT_CACHE", str(tmp_path / "cache"))
    assert main(["cache"]) == 0
    assert f"{tmp_path}/cache: 0 MiB" in capsys.readouterr().out
    assert main(["data", str(images), "--size", "128", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["cache", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bytes"] > 20 * 3 * 128**2
    assert main(["cache", "--clear"]) == 0
    assert "deleted 1 prepared data set(s), 1 MiB" in capsys.readouterr().out


def test_a_sample_among_the_images_is_refused(
    images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = images / "deep" / "sample.png"
    assert "lies among the images" in fails(["data", str(images), "--sample", str(inside)], capsys)
