"""What this machine has."""

import pytest

from unknot.cli import main
from unknot.cli.doctor import examine


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert "cores for this process" in capsys.readouterr().out


def test_an_extra_is_installed_or_says_how() -> None:
    findings = examine()
    assert findings["[tensorboard]"] == "installed" or "pip install" in findings["[tensorboard]"]
    assert findings["training"].startswith("large layers in ")
