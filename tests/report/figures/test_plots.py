"""Plots of numbers."""

from pathlib import Path

from PIL import Image

from unknot.report.figures import plots


def test_plots_are_svg_and_the_same_for_the_same_numbers() -> None:
    lines = [
        {"step": s, "distortion": 9.0 / s, "rate": s / 2, "kl": [0.1 * s, 0.2]} for s in (1, 2, 3)
    ]
    first, second = (plots.to_svg(plots.training_curves(lines, lines)) for _ in range(2))
    assert first.startswith("<svg")
    assert first == second
    assert "validation" in plots.to_svg(plots.training_curves(lines, lines))
    plane = plots.to_svg(plots.rate_distortion([("beta 1", 3.0, 9.0), ("beta 2", 2.0, 10.0)]))
    assert "beta 2" in plane


def test_the_spectrum_shows_latents_that_collapse_and_betas() -> None:
    svg = plots.to_svg(plots.spectrum([30.0, 10.0, 0.0], [0.0, 2.0]))
    assert "collapses at beta" in svg
    assert "beta 2" in svg
    assert "beta 0" not in svg  # no place on a logarithmic scale


def test_the_suffix_is_the_format(tmp_path: Path) -> None:
    figure = plots.rate_distortion([("beta 1", 3.0, 9.0)])
    for suffix in ("svg", "png"):
        plots.save_figure(figure, tmp_path / f"plane.{suffix}")
    assert "<svg" in (tmp_path / "plane.svg").read_text()
    with Image.open(tmp_path / "plane.png") as picture:
        assert picture.format == "PNG"
