"""The images and what is known of them."""

from pathlib import Path

from tests.report.small import ENVIRONMENT, HOSTILE, is_escaped, shown, small_context
from unknot.report.render import render_piece
from unknot.report.sections.images import images


def test_the_sample_and_every_fact_are_shown(tmp_path: Path) -> None:
    context = small_context(tmp_path)
    html = shown("images", context)
    assert 'src="data:image/png;base64,' in html
    for text in ("/pictures/faces (folder)", "200 of 32x32 pixels", "20 test", "abc123"):
        assert text in html
    assert "unknot 0.2.0, torch 2.6, Python 3.11, on a processor" in html
    assert "14 seconds for all runs" in html
    assert render_piece("images", images(context)).anchor == "images"


def test_without_the_sample_the_facts_still_stand(tmp_path: Path) -> None:
    context = small_context(tmp_path)
    context.files.sample.unlink()
    html = shown("images", context)
    assert "<img" not in html
    assert "abc123" in html


def test_a_sample_that_is_no_picture_is_left_out_and_said(tmp_path: Path) -> None:
    context = small_context(tmp_path)
    context.files.sample.write_text("<svg onload='alert(1)'/>")
    html = shown("images", context)
    assert "<img" not in html
    assert "The random sample is not shown: " in html
    assert "abc123" in html


def test_hostile_names_are_escaped(tmp_path: Path) -> None:
    data = ENVIRONMENT["data"] | {"source": HOSTILE, "notes": [HOSTILE]}
    context = small_context(tmp_path, environment=ENVIRONMENT | {"data": data})
    assert is_escaped(shown("images", context))
