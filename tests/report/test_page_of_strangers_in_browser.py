"""Pages of hostile folders in a real browser: a few kinds of `benchmarks/hostile_folders.py`."""

from pathlib import Path
from typing import Any

import pytest

from unknot.cli import main
from unknot.experiments.experiment import Experiment

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FEW = (
    *("text: onerror", "text: end of the title", "text: separators of JavaScript", "text: bidi"),
    *("text: bytes that are no text", "every string of environment.json"),
    *("name of the folder: quotes", "sample.png is SVG", "sample.png is a GIF and a script"),
    *("link of sample.png to /etc/passwd", "link of report.html to a file"),
    *("sample.png lies elsewhere and is linked", "a page with a script lies there"),
    *("deep folders, and links to / and to itself", "100,000 labels"),
)
EVIL = """<title>x</title><base href="https://example.org/"><x-hacked></x-hacked>
<style>body { --hacked: 1 }</style><img src="pixel.png"><p>\u202e{secret}</p>
<script>window.hacked = 1; alert(1)</script>"""


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)


@pytest.mark.parametrize("kind", FEW)
def test_nothing_of_a_hostile_folder_runs_loads_or_becomes_markup(
    kind: str, browser: Any, seen: Experiment, tmp_path: Path
) -> None:
    from robust_page import COLUMNS, contents, open_page, spoiled_copy

    folder, outside = spoiled_copy(seen.folder, kind, tmp_path / "stranger")
    before = contents(outside)
    assert main(["report", str(folder), "--quiet"]) == 0
    assert contents(outside) == before
    page = folder / "report.html"
    assert not page.is_symlink()
    assert open_page(browser, kind, page)._asdict() == {column: [] for column in COLUMNS}


def test_what_a_page_should_not_do_is_seen(browser: Any, tmp_path: Path) -> None:
    from hostile_folders import SECRET
    from robust_page import open_page

    (tmp_path / "evil.html").write_text(EVIL.replace("{secret}", SECRET))
    opened = open_page(browser, "", tmp_path / "evil.html")
    assert set(opened.ran) == {"window.hacked", "dialog"}
    assert "https://example.org/pixel.png" in opened.loaded
    assert {"x-hacked", "base", "style"} <= set(opened.markup)
    assert opened.leaked == [SECRET]
    assert opened.hidden == ["'\\u202e'"]
    assert opened.errors


def test_there_are_folders_of_more_than_thirty_kinds() -> None:
    from hostile_folders import KINDS

    assert len(KINDS) >= 80
