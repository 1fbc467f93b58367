"""Figures for papers: widths, formats, and how they are written."""

from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure
from PIL import Image

from unknot.common.errors import UserError
from unknot.report.figures.papers import (
    PNG_DPI,
    PaperFigure,
    check_format,
    in_paper_style,
    text_width,
    width_in_inches,
)


def paper_figure() -> PaperFigure:
    with in_paper_style():
        figure = Figure(figsize=(2, 1))
        figure.add_axes((0.3, 0.3, 0.6, 0.6)).plot([1, 2])
    return PaperFigure(figure, "A line & nothing else.")


@pytest.mark.parametrize(
    ("width", "inches"),
    [("3.3in", 3.3), ("84mm", 3.307), ("8.4 cm", 3.307), (3, 3.0), (3.25, 3.25), ("6.5", 6.5)],
)
def test_widths_have_units(width: str | float, inches: float) -> None:
    assert width_in_inches(width) == pytest.approx(inches, abs=1e-3)


@pytest.mark.parametrize("width", ["wide", "3.3 inches", "3,3in", "-3in", "", None, float("nan")])
def test_what_is_no_width_is_refused(width: str) -> None:
    with pytest.raises(UserError, match=r"give one such as '3\.3in', '84mm' or '8\.4cm'"):
        width_in_inches(width)


@pytest.mark.parametrize("width", ["84in", 0.5, "2mm"])
def test_widths_beyond_a_page_are_refused(width: str | float) -> None:
    with pytest.raises(UserError, match=r"1 to 20 inches wide \(25 to 508 mm\)"):
        width_in_inches(width)


@pytest.mark.parametrize("name", ["fig.jpg", "fig", "fig.PDF.eps"])
def test_other_formats_are_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"let it end in \.svg, \.pdf or \.png"):
        check_format(name)


@pytest.mark.parametrize("suffix", ["svg", "pdf", "png"])
def test_the_same_numbers_give_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    first = paper_figure().save(tmp_path / f"first.{suffix}").read_bytes()
    with mpl.rc_context({"font.size": 20, "savefig.facecolor": "red", "svg.fonttype": "none"}):
        second = paper_figure().save(str(tmp_path / f"second.{suffix}")).read_bytes()
    assert first == second


def test_a_pdf_holds_truetype_and_has_the_width(tmp_path: Path) -> None:
    pdf = paper_figure().save(tmp_path / "fig.pdf").read_bytes()
    assert b"/FontFile2" in pdf  # TrueType
    assert b"/Type3" not in pdf
    assert b"/MediaBox [ 0 0 144 72 ]" in pdf
    assert b"A line & nothing else." in pdf


def test_a_png_is_sharp_enough_to_print(tmp_path: Path) -> None:
    with Image.open(paper_figure().save(tmp_path / "fig.png")) as picture:
        assert picture.size == (2 * PNG_DPI, PNG_DPI)
        assert picture.info["dpi"] == pytest.approx((600, 600), abs=0.1)


def test_a_notebook_shows_it_with_its_caption_escaped() -> None:
    svg = paper_figure()._repr_svg_()
    assert 'width="144pt"' in svg
    assert "A line &amp; nothing else." in svg


def test_settings_of_the_user_are_left_alone() -> None:
    before = dict(mpl.rcParams)
    with in_paper_style():
        assert mpl.rcParams["pdf.fonttype"] == 42
    assert dict(mpl.rcParams) == before


def test_the_longest_line_is_as_wide_as_the_text() -> None:
    assert text_width("a\nlatent 10") == text_width("latent 10") > text_width("latent 1")
    assert 0.3 < text_width("latent 10") < 0.6
    assert text_width("") == 0
