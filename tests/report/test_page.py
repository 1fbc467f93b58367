"""The page from objects made by hand."""

from pathlib import Path
from typing import Any

import pytest

from tests.report.small import HOSTILE, small_config, small_context, small_run
from unknot.report.page import (
    RUN_SECTIONS,
    compose,
    page_html,
    page_title,
    write_report,
    write_run_report,
)
from unknot.report.sections import SECTIONS, LeftOut, ReportContext


def test_every_section_stands_in_its_place(tmp_path: Path) -> None:
    names = [piece.name for piece in compose(small_context(tmp_path))]
    assert names == [name for name in SECTIONS if name not in ("missing", "objectives")]


def test_the_page_is_written_from_runs_and_evidence(tmp_path: Path) -> None:
    context = small_context(tmp_path)
    write_report(context.files, context.config, context.runs, {}, context.evidence)
    html = context.files.report.read_text()
    assert html.startswith("<!doctype html>")
    assert "<title>2 betas on faces</title>" in html
    for anchor in ("images", "betas", "explore", "latents", "scores", "repeat"):
        assert f'href="#{anchor}"' in html
        assert f'id="{anchor}"' in html


def test_sections_that_lack_something_are_left_out_and_named(tmp_path: Path) -> None:
    context = small_context(tmp_path, evidence=None)
    write_report(context.files, context.config, context.runs, {}, None)
    html = context.files.report.read_text()
    assert 'href="#label-map"' not in html
    assert "<li>label map, beta evidence: no evidence of these runs" in html


def test_without_runs_the_page_says_what_was_asked(tmp_path: Path) -> None:
    context = small_context(tmp_path, runs=[], evidence=None)
    failures = {"beta-0.5_seed-0": HOSTILE, "beta-2_seed-0": "stopped"}
    write_report(context.files, context.config, [], failures, None)
    html = context.files.report.read_text()
    assert "2 of 2 runs are missing" in html
    assert "no run is finished" in html
    assert "<script" not in html
    assert '<section id="explorer"' not in html


def test_a_page_that_is_served_has_the_runs_that_train_above_all_else(tmp_path: Path) -> None:
    context = small_context(tmp_path, runs=[], evidence=None, script_data=None)
    context.files.write_config(context.config)
    served = page_html(context, served=True)
    assert served.index('id="live"') < served.index("2 of 2 runs are waiting") < served.index("<h2")
    assert "class LivePart" in served
    written = page_html(context)
    assert "<script" not in written
    assert "live" not in written.lower()


def test_runs_without_frames_keep_their_explorer(tmp_path: Path) -> None:
    runs = [small_run(tmp_path, run, frames=False) for run in small_config().runs()]
    context = small_context(tmp_path, runs=runs)
    write_report(context.files, context.config, runs, {}, context.evidence)
    html = context.files.report.read_text()
    assert '<section id="explorer"' in html
    assert '<section id="player">' not in html
    assert "player: no run recorded reconstructions" in html


def test_a_section_knows_which_before_it_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, str]] = []

    def find_section(name: str) -> Any:
        def section(context: ReportContext) -> LeftOut:
            seen.append(dict(context.left_out))
            return LeftOut(f"no {name}")

        return section

    monkeypatch.setattr("unknot.report.page.find_section", find_section)
    assert compose(small_context(tmp_path)) == []
    first, second = list(SECTIONS)[:2]
    assert seen[:3] == [
        {},
        {first: f"no {first}"},
        {first: f"no {first}", second: f"no {second}"},
    ]


def test_a_section_of_a_users_own_is_a_file_a_piece_and_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "own_sections"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "count.py").write_text("def count(context): return {'num': len(context.runs)}")
    (folder / "count.html").write_text(
        '{% set anchor, link = "n", "count" %}{{ section.num }} runs'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(SECTIONS, "count", "own_sections.count:count")
    piece = compose(small_context(tmp_path / "experiment"))[-1]
    assert (piece.name, piece.html, piece.anchor, piece.link) == ("count", "2 runs", "n", "count")


def test_the_title_counts_the_betas(tmp_path: Path) -> None:
    assert page_title(small_context(tmp_path)) == "2 betas on faces"
    single = small_context(tmp_path, config=small_config(betas=(1.0,)))
    assert page_title(single) == "1 beta on faces"


def test_a_lone_run_has_a_page_of_its_own(tmp_path: Path) -> None:
    run = small_run(tmp_path, small_config().runs()[0])
    path = write_run_report(run)
    html = path.read_text()
    assert path == run.folder / "report.html"
    assert "<title>beta 0.5, seed 0 on faces</title>" in html
    assert html.count("<article") == 2
    assert [piece for piece in RUN_SECTIONS if piece not in SECTIONS] == []
    assert '<div class="answer">' not in html
