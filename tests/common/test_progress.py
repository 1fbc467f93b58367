"""Work that takes more than a second is announced."""

import time

import pytest

from unknot.common import progress
from unknot.common.progress import announced


def test_what_takes_long_is_announced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with announced(False, "opening the run"):
        pass
    monkeypatch.setattr(progress, "ANNOUNCED_AFTER", 0.0)
    for quiet in (False, True):
        with announced(quiet, "reading the images"):
            time.sleep(0.2)
    assert capsys.readouterr().err == "reading the images…\n"
