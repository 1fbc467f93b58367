"""The report: one self-contained HTML file, with the pictures of every run inside it."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from unknot.files import write_text

MEDIA = {".avif": "image/avif", ".webp": "image/webp", ".gif": "image/gif", ".png": "image/png"}


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


@dataclass(frozen=True)
class Page:
    """What the whole page shows.

    Attributes:
        title: of the page.
        summary: sentences at the top.
        facts: name and value of each line about the data and the training.
        sample: the file of the random sample of images.
        plane: the rate-distortion plane as SVG.
        runs: a section each.
        command: how to repeat the experiment.
        config: its description as TOML.
    """

    title: str
    summary: Sequence[str]
    facts: Sequence[tuple[str, str]]
    sample: Path
    plane: str
    runs: Sequence[RunSection]
    command: str
    config: str


def write_report(page: Page, path: Path) -> None:
    """Fill the template and write it to `path`; everything a user named is escaped."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(picture=_data_uri, curves=_inline_svg)
    text = resources.files("unknot.report").joinpath("template.html").read_text(encoding="utf-8")
    html = environment.from_string(text).render(page=page, plane=Markup(page.plane))
    write_text(path, html)


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
