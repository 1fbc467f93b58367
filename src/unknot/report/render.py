"""HTML pieces -> one self-contained page, with pictures, plots and decoders inside it."""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from unknot.report.script_data import ScriptData
from unknot.report.sections import SECTIONS, SERVED
from unknot.runs.plain_text import legible, shortened

SCRIPTS = ("decoder.js", "page.js", "scales.js", "chart.js", "chart_files.js")
"""What all parts of the page share, before the scripts of its sections."""
STYLES = ("style.css", "chart.css")
"""The same of their looks."""
CONNECTION = " connect-src 'self';"
"""What lets a page hear from the server that it came from."""
WASM = " 'wasm-unsafe-eval'"
"""What lets a page compile WebAssembly; without it the plain JavaScript is used."""
MOST_TEXT = 20_000
"""Characters of one text in the page; a longer one is cut."""
_ESCAPE = re.compile(r"\\(?:ud[89ab]..\\ud[c-f]..|u....|.)")
"""In JSON of ASCII alone; a character beyond U+FFFF has two in a row."""


@dataclass(frozen=True)
class Piece:
    """One section of the page, filled in.

    Attributes:
        name: in `SECTIONS` or `SERVED`.
        html: everything a user named is escaped in it.
        anchor: id of the element that a link leads to; empty if there is no link.
        link: text of that link.
        style: of this section alone; empty if it has none.
        script: likewise.
    """

    name: str
    html: Markup
    anchor: str
    link: str
    style: str = ""
    script: str = ""


def render_piece(name: str, section: Any) -> Piece:
    """Fill the HTML piece of a section.

    Args:
        name: in `SECTIONS` or `SERVED`; the piece lies beside the section's module, and so do its
            style and its script, if it has any.
        section: what it shows.
    """
    source = _beside(name, "html")
    module = _environment().from_string(source).make_module({"section": section})
    return Piece(
        name=name,
        html=Markup(str(module).strip()),
        anchor=getattr(module, "anchor", ""),
        link=getattr(module, "link", ""),
        style=_beside(name, "css"),
        script=_beside(name, "js"),
    )


def render_page(
    title: str,
    pieces: Sequence[Piece],
    data: ScriptData | None,
    *,
    wasm: bool = True,
    connected: bool = False,
) -> str:
    """Put the pieces into the page's frame.

    The page's policy lets nothing be loaded from elsewhere, no script run but its own, no style
    apply but its own, and no text become markup.

    Args:
        title: of the page.
        pieces: in their order.
        data: what the scripts read; None for a page without scripts.
        wasm: let the page compile WebAssembly.
        connected: let the page hear from the server that it came from, and from no other.
    """
    script = "\n".join(filter(None, [*map(asset, SCRIPTS), *(piece.script for piece in pieces)]))
    style = "".join([*map(asset, STYLES), *(piece.style for piece in pieces)])
    return (
        _environment()
        .from_string(asset("page.html"))
        .render(
            title=title,
            pieces=pieces,
            style=Markup(style),
            script=Markup(script) if data else None,
            style_hash=Markup(_digest(style)),
            script_hash=Markup(_digest(script)),
            connection=Markup(CONNECTION if connected else ""),
            wasm=Markup(WASM if wasm else ""),
            data=Markup(_inert_json(data.as_dict())) if data else None,
        )
    )


def _digest(text: str) -> str:
    """What the page's policy knows a script or a style by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def asset(name: str) -> str:
    """Read a text file of the folder `assets`."""
    return resources.files("unknot.report").joinpath("assets", name).read_text(encoding="utf-8")


def own_data(document: Any) -> Markup:
    """Put the data of one section where its script reads it (`page.own`)."""
    return Markup(f'<script type="application/json" data-own>{_inert_json(document)}</script>')


def _beside(name: str, kind: str) -> str:
    """Read the file of a kind that lies beside a section's module; empty if there is none."""
    package, stem = {**SECTIONS, **SERVED}[name].split(":")[0].rsplit(".", 1)
    file = resources.files(package).joinpath(f"{stem}.{kind}")
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_legible,
    )
    environment.filters.update(own_data=own_data)
    return environment


def _legible(value: Any) -> Any:
    """What a template puts into the page; text that is no markup is escaped by jinja after it."""
    if type(value) is not str or value.startswith("data:image/"):
        return value
    return legible(shortened(value, MOST_TEXT))


def _inert_json(document: Any) -> str:
    """A document as JSON that cannot end the element it stands in, with legible text."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    text = _ESCAPE.sub(_legible_escape, text)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _legible_escape(match: re.Match[str]) -> str:
    """Give an escape of JSON back, or what is shown in the place of its character."""
    character = json.loads(f'"{match[0]}"')
    seen = legible(character)
    return match[0] if seen == character else json.dumps(seen)[1:-1]
