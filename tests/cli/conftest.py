"""What tests of commands share."""

from pathlib import Path

import pytest

from tests.command_line import HERE, folder_of_images
from unknot.cli import main


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 20 random pictures."""
    return folder_of_images(tmp_path_factory.mktemp("data") / "images")


@pytest.fixture(scope="session")
def experiment(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two betas trained on them by the command line."""
    out = tmp_path_factory.mktemp("cli") / "experiment"
    arguments = ["compare", str(images), "--betas", "1", "4", "--out", str(out)]
    assert main([*arguments, *HERE]) == 0
    return out
