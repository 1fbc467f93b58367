"""Pieces, and the frame they are put into."""

import base64
import hashlib
import json
import re
from importlib import resources
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from tests.report.small import HOSTILE, is_escaped, small_context
from unknot.report.render import (
    SCRIPTS,
    STYLES,
    WASM,
    Piece,
    asset,
    render_page,
    render_piece,
)
from unknot.report.sections import SECTIONS, SERVED, find_section
from unknot.report.sections.repeat import Command

PIECES = [
    Piece(name="summary", html=Markup("<p>answer</p>"), anchor="", link=""),
    Piece(name="images", html=Markup("<p>first</p>"), anchor="images", link="pictures"),
    Piece(name="missing", html=Markup("<p>second</p>"), anchor="", link=""),
]


def test_every_section_has_a_function_with_a_docstring_and_a_piece_beside_it() -> None:
    for name, target in {**SECTIONS, **SERVED}.items():
        assert target == f"unknot.report.sections.{name}:{name}"
        assert find_section(name).__doc__
        assert resources.files("unknot.report.sections").joinpath(f"{name}.html").is_file()


def test_a_piece_tells_its_link_and_escapes_what_it_shows() -> None:
    piece = render_piece("repeat", Command(command=HOSTILE, config=HOSTILE))
    assert (piece.anchor, piece.link) == ("repeat", "Repeat")
    assert piece.html.startswith('<h2 id="repeat">')
    assert is_escaped(piece.html)


def test_a_piece_that_lacks_a_field_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="command"):
        render_piece("repeat", object())


def test_pieces_stand_in_their_order_below_their_links() -> None:
    html = render_page("A title", PIECES, None)
    links, rest = html.split("</nav>", 1)
    assert links.endswith('<a href="#images">pictures</a>')
    places = [rest.index(f"<p>{text}</p>") for text in ("answer", "first", "second")]
    assert places == sorted(places)
    assert "<script" not in html


def test_the_page_has_the_looks_of_its_parts() -> None:
    html = render_page("A title", PIECES, None)
    for name in STYLES:
        assert asset(name) in html


def test_a_hostile_title_is_escaped() -> None:
    assert is_escaped(render_page(HOSTILE, PIECES, None))


def test_no_script_but_the_pages_own_may_run(tmp_path: Path) -> None:
    data = small_context(tmp_path).script_data
    html = render_page("A title", PIECES, data)
    script = "\n".join(asset(name) for name in SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'{WASM};" in html
    assert "default-src 'none'" in html
    assert html.count("<script") == 2
    assert WASM not in render_page("A title", PIECES, data, wasm=False)


def test_only_a_served_page_may_hear_from_its_server_and_from_no_other() -> None:
    page = render_page("A title", PIECES, None)
    assert "default-src 'none'" in page
    assert "connect-src" not in page
    connected = render_page("A title", PIECES, None, connected=True)
    assert connected.replace(" connect-src 'self';", "") == page


def test_a_sections_script_and_style_go_into_the_page_with_it(tmp_path: Path) -> None:
    context = small_context(tmp_path)
    piece = render_piece("traversals", find_section("traversals")(context))
    assert piece.script.startswith("/* Every latent at once")
    html = render_page("A title", [piece], context.script_data)
    assert piece.script in html
    assert piece.style in html
    assert piece.script not in render_page("A title", PIECES, context.script_data)


def test_data_cannot_end_the_element_it_stands_in(tmp_path: Path) -> None:
    data = small_context(tmp_path).script_data
    assert data is not None
    object.__setattr__(data.runs[0], "title", HOSTILE)
    html = render_page("A title", PIECES, data)
    assert "<script>alert" not in html
    (document,) = re.findall(r'id="data">(.*?)</script>', html, re.DOTALL)
    assert json.loads(document)["runs"][0]["title"] == HOSTILE


def test_what_cannot_be_seen_or_turns_text_around_is_shown_as_an_escape(tmp_path: Path) -> None:
    text, seen = (
        "a\u202eb\x1b[2J\u2028c\udce9 \U0001f600 d\\u202e",
        ("a\\u202eb\\x1b[2J\\u2028c\\xe9 \U0001f600 d\\u202e"),
    )
    assert seen in render_piece("repeat", Command(command=text, config="")).html
    data = small_context(tmp_path).script_data
    assert data is not None
    object.__setattr__(data.runs[0], "title", text)
    html = render_page(text, PIECES, data)
    (document,) = re.findall(r'id="data">(.*?)</script>', html, re.DOTALL)
    assert json.loads(document)["runs"][0]["title"] == seen
    assert f"<title>{seen}</title>" in html
    assert html.encode()


def test_the_policy_allows_no_connection_no_frame_and_no_other_style() -> None:
    html = render_page("A title", PIECES, None)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    style = "".join(asset(name) for name in STYLES)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert rules["style-src"] == f"'sha256-{digest}'"
    assert rules["img-src"] == "data:"
    for name in ("default-src", "base-uri", "form-action", "trusted-types"):
        assert rules[name] == "'none'"
    assert not {"connect-src", "frame-src", "object-src"} & rules.keys()
    assert "unsafe-inline" not in policy
