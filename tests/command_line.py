"""What tests of commands share: tiny images, tiny trainings, errors of one line."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unknot.cli import main

TINY = ["--steps", "6", "--batch-size", "4", "--latent-dim", "2", "--size", "32", "--quiet"]
TINY += ["--network", "linear"]
PROGRESS = re.compile(r".+…|.+: [\d,]+ of [\d,]+( \(.+)?")
HERE = [*TINY, "--engine", "inline"]  # for compare, in the tests' own process


def folder_of_images(folder: Path, num: int = 20) -> Path:
    """Write random pictures into a new folder."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(num):
        Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(
            folder / f"{i:03d}.png"
        )
    return folder


def fails(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must end with status 2 and one line; returns the line."""
    assert main(arguments) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    lines = [line for line in lines if not PROGRESS.fullmatch(line)]  # what takes long is announced
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    return lines[0]
