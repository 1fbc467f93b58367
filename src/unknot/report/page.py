"""The report: one self-contained HTML file, with the pictures and the decoders inside it."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from unknot.files import write_text

MEDIA = {".avif": "image/avif", ".webp": "image/webp", ".gif": "image/gif", ".png": "image/png"}
SCRIPTS = ("decoder.js", "player.js", "explorer.js")
WASM = " 'wasm-unsafe-eval'"
"""What lets a page compile WebAssembly; without it the plain JavaScript is used."""


@dataclass(frozen=True)
class RunSection:
    """What the page shows of one run.

    Attributes:
        name: of its folder.
        beta: as people write it.
        seed: of the run.
        folder: where its pictures are.
        problem: why it is not there, in words; empty for a finished run.
        distortion: on test images, in nats per image.
        rate: likewise.
        kl: of each latent, likewise.
        scales: beta on other scales, in words.
        seconds: of training.
        in_player: whether its reconstructions over training are in the page.
    """

    name: str
    beta: str
    seed: int
    folder: Path
    problem: str = ""
    distortion: float = 0.0
    rate: float = 0.0
    kl: tuple[float, ...] = ()
    scales: str = ""
    seconds: float = 0.0
    in_player: bool = False


@dataclass(frozen=True)
class Cell:
    """One latent beside one label: what a hover says, a colour, and whether the pair passed."""

    title: str
    color: str
    passed: bool


@dataclass(frozen=True)
class Row:
    """One latent beside every label."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class LabelMap:
    """What the latents of one run tell of labels.

    Attributes:
        title: which run.
        lines: a sentence for each latent.
        names: of the labels, a column each.
        rows: a row for each latent in use.
        together: labels that go together, in words.
    """

    title: str
    lines: Sequence[str]
    names: Sequence[str]
    rows: Sequence[Row]
    together: str


@dataclass(frozen=True)
class Page:
    """What the whole page shows.

    Attributes:
        title: of the page.
        summary: sentences at the top.
        facts: name and value of each line about the data and the training.
        sample: the file of the random sample of images.
        plane: the rate-distortion plane as SVG of ours.
        runs: a section each.
        command: how to repeat the experiment.
        config: its description as TOML.
        verdict: whether a higher beta separated the latents, line by line.
        beta_columns: name and meaning of each column of the table over betas.
        beta_rows: its rows.
        spectrum: the images' eigenvalues as SVG of ours.
        maps: what the latents of some runs tell of labels.
        scores: name, a value and a remark for each of `score_runs`, and a meaning.
        score_runs: names of the runs that have scores.
        data: what the scripts read; None for a page without them.
        reasons: why the explorer lacks something.
        more_sheets: which reconstructions were left out, in words.
        more_runs: which runs have no map and no scores in the page, in words.
        gaps: what is missing, in words.
    """

    title: str
    summary: Sequence[str]
    facts: Sequence[tuple[str, str]]
    sample: Path
    plane: str
    runs: Sequence[RunSection]
    command: str
    config: str
    verdict: Sequence[str] = ()
    beta_columns: Sequence[tuple[str, str]] = ()
    beta_rows: Sequence[Sequence[str]] = ()
    spectrum: str = ""
    maps: Sequence[LabelMap] = ()
    scores: Sequence[tuple[str, Sequence[tuple[str, str]], str]] = ()
    score_runs: Sequence[str] = ()
    data: Mapping[str, Any] | None = None
    reasons: Sequence[str] = ()
    more_sheets: str = ""
    more_runs: str = ""
    gaps: Sequence[str] = ()

    @property
    def has_models(self) -> bool:
        """Whether a decoder is in the page."""
        return self.data is not None and any(run["model"] for run in self.data["runs"])


def write_report(page: Page, path: Path, *, wasm: bool = True) -> None:
    """Fill the template and write it to `path`; everything a user named is escaped.

    The page's policy lets nothing be loaded from elsewhere, and no script run but its own.

    Args:
        page: what it shows.
        path: of the file.
        wasm: let the page compile WebAssembly.
    """
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(picture=_data_uri, curves=_inline_svg)
    script = "\n".join(_part(name) for name in SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    html = environment.from_string(_part("template.html")).render(
        page=_with_plots(page),
        style=Markup(_part("style.css")),
        script=Markup(script),
        script_hash=Markup(f"sha256-{digest}"),
        wasm=Markup(WASM if wasm else ""),
        data=Markup(_inert(page.data)),
    )
    write_text(path, html)


def _part(name: str) -> str:
    return resources.files("unknot.report").joinpath(name).read_text(encoding="utf-8")


def _with_plots(page: Page) -> dict[str, Any]:
    """The page's fields, with our own SVG let through."""
    fields = {name: getattr(page, name) for name in page.__dataclass_fields__}
    plots = {"plane": Markup(page.plane), "spectrum": Markup(page.spectrum)}
    return fields | plots | {"has_models": page.has_models}


def _inert(data: Mapping[str, Any] | None) -> str:
    """A document as JSON that cannot end the element it stands in."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _data_uri(folder: Path, stem: str) -> str:
    """The picture called `stem`, in whatever format it was written, as a data address."""
    for suffix, media in MEDIA.items():
        path = folder / f"{stem}{suffix}"
        if path.exists():
            return f"data:{media};base64,{base64.b64encode(path.read_bytes()).decode()}"
    return ""


def _inline_svg(folder: Path) -> Markup:
    """Our own plot of a run's training curves."""
    path = folder / "curves.svg"
    if not path.exists():
        return Markup("")
    text = path.read_text(encoding="utf-8")
    return Markup(text[text.index("<svg") :])
