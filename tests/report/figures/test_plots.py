"""The plot of a training."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from unknot.report.figures import plots


@pytest.fixture
def lines() -> list[dict[str, Any]]:
    return [
        {"step": s, "distortion": 9.0 / s, "rate": s / 2, "kl": [0.1 * s, 0.2]} for s in (1, 2, 3)
    ]


def test_each_quantity_has_its_axes(lines: list[dict[str, Any]]) -> None:
    distortion, rate, kl = plots.training_curves(lines, lines).axes
    assert distortion.lines[1].get_ydata().tolist() == [9.0, 4.5, 3.0]
    assert rate.lines[0].get_ydata().tolist() == [0.5, 1.0, 1.5]
    assert len(kl.lines) == 2


def test_the_suffix_is_the_format(lines: list[dict[str, Any]], tmp_path: Path) -> None:
    figure = plots.training_curves(lines, lines)
    for suffix in ("svg", "png"):
        plots.save_figure(figure, tmp_path / f"curves.{suffix}")
    assert "<svg" in (tmp_path / "curves.svg").read_text()
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.format == "PNG"
