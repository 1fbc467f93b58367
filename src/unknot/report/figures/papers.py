"""Figures for papers: how wide they are, what they are set in, and how they are written."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

from unknot.common.errors import UserError
from unknot.common.files import written_beside

INCHES = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4}
NARROWEST, WIDEST = 1.0, 20.0  # in inches
PNG_DPI = 600
TEXT_POINTS, TICK_POINTS = 8.0, 7.0
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so it is the same everywhere
    "font.size": TEXT_POINTS,
    "axes.labelsize": TEXT_POINTS,
    "xtick.labelsize": TICK_POINTS,
    "ytick.labelsize": TICK_POINTS,
    "legend.fontsize": TICK_POINTS,
    "legend.frameon": False,
    "legend.handletextpad": 0.4,
    "legend.handlelength": 1.2,
    "legend.columnspacing": 1.2,
    "legend.borderaxespad": 0.2,
    "axes.linewidth": 0.6,
    "axes.labelpad": 2.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 0.8,
    "figure.constrained_layout.w_pad": 0.02,
    "figure.constrained_layout.h_pad": 0.02,
    "pdf.fonttype": 42,  # TrueType; many journals refuse matplotlib's own type 3
    "svg.fonttype": "path",
    "svg.hashsalt": "unknot",
}


@dataclass(frozen=True, eq=False)
class PaperFigure:
    """A figure for a paper, which shows itself in a notebook.

    Attributes:
        figure: matplotlib's, to change what is to be changed.
        caption: what is drawn, in words; written into the file's properties too.
    """

    figure: Figure
    caption: str

    def save(self, path: str | Path) -> Path:
        """Write it as SVG, PDF or PNG; the same numbers give the same bytes.

        Args:
            path: ends in `.svg`, `.pdf` or `.png`.

        Returns:
            The file.

        Raises:
            UserError: if it ends otherwise.
        """
        path = check_format(path)
        with in_paper_style(), written_beside(path) as temporary:
            self.figure.savefig(temporary, dpi=PNG_DPI, metadata=self._metadata(path.suffix))
        return path

    def _repr_svg_(self) -> str:
        buffer = io.StringIO()
        with in_paper_style():
            self.figure.savefig(buffer, format="svg", metadata=self._metadata(".svg"))
        return buffer.getvalue()

    def _metadata(self, suffix: str) -> dict[str, str | None]:
        if suffix == ".pdf":
            return {"CreationDate": None, "Subject": self.caption}
        date: dict[str, str | None] = {"Date": None} if suffix == ".svg" else {}
        return date | {"Description": self.caption}


def check_format(path: str | Path) -> Path:
    """Refuse a file that no figure can be written to.

    Raises:
        UserError: if it does not end in `.svg`, `.pdf` or `.png`.
    """
    path = Path(path)
    if path.suffix not in (".svg", ".pdf", ".png"):
        raise UserError(f"{path} is no name for a figure: let it end in .svg, .pdf or .png")
    return path


def width_in_inches(width: str | float) -> float:
    """Read a width such as `3.3in`, `84mm` or `8.4cm`; a number alone is in inches.

    Raises:
        UserError: if it is none, or below 1 or above 20 inches.
    """
    matched = re.fullmatch(r"\s*(\d*\.?\d+)\s*(in|cm|mm)?\s*", str(width))
    if matched is None:
        raise UserError(f"width is {width!r}; give one such as '3.3in', '84mm' or '8.4cm'")
    inches = float(matched[1]) * INCHES[matched[2] or "in"]
    if not NARROWEST <= inches <= WIDEST:
        raise UserError(
            f"width is {width!r}; a figure is {NARROWEST:g} to {WIDEST:g} inches wide "
            f"({NARROWEST * 25.4:.0f} to {WIDEST * 25.4:.0f} mm)"
        )
    return inches


def text_width(text: str) -> float:
    """Measure text as ticks and legends are set, in inches: the longest of its lines."""
    lines = [line for line in text.split("\n") if line.strip()]
    sizes = [TextPath((0, 0), line, size=TICK_POINTS).get_extents().width for line in lines]
    return float(max(sizes, default=0.0)) / 72


@contextmanager
def in_paper_style() -> Iterator[None]:
    """Set what is drawn and written in the block for a paper, whatever else is set."""
    with mpl.rc_context():
        mpl.rcdefaults()
        with mpl.rc_context(STYLE):
            yield
