"""The explorer: its place in the page, and what it does in a browser."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.report.small import HOSTILE, is_escaped, reason, shown, small_context
from tests.report.watched_page import HALF, WatchedPage
from unknot.experiments.experiment import Experiment
from unknot.report.render import render_piece
from unknot.report.sections.explorer import Explorer, explorer


def test_it_is_there_with_every_control(tmp_path: Path) -> None:
    context = small_context(tmp_path)
    html = shown("explorer", context)
    assert '<section id="explorer" data-widget="explorer">' in html
    assert "Not in the explorer" not in html
    piece = render_piece("explorer", explorer(context))
    assert (piece.anchor, piece.link) == ("explore", "Explore")


def test_decoders_beyond_the_budget_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unknot.report.script_data.MODEL_BYTES", 10)
    html = shown("explorer", small_context(tmp_path))
    assert "Not in the explorer: beta 2, seed 0: the page holds some" in html


def test_without_a_decoder_it_is_left_out_with_the_reason(tmp_path: Path) -> None:
    assert reason("explorer", small_context(tmp_path, runs=[])) == "no run is finished"
    data = small_context(tmp_path).script_data
    assert data is not None
    runs = [replace(run, model=None, reason="does not know Tanh") for run in data.runs]
    context = small_context(tmp_path, script_data=replace(data, runs=runs))
    assert reason("explorer", context) == "does not know Tanh"


def test_hostile_reasons_are_escaped() -> None:
    assert is_escaped(str(render_piece("explorer", Explorer([HOSTILE])).html))


FIRST = "[data-first]"


def _first(watched: WatchedPage) -> str:
    return str(watched.page.eval_on_selector(FIRST, "it => it.toDataURL()"))


def test_each_slider_changes_the_picture_and_it_is_the_decoders(
    watched: WatchedPage, report: Path, trained: Experiment
) -> None:
    page = watched.open(report)
    page.select_option("[data-a]", "0")
    page.click("[data-image='-1']")
    assert page.inner_text("[data-kernel]") == "WebAssembly"
    z = np.zeros((1, 3), np.float32)
    for latent, value in enumerate((1.5, -2, 0.5)):
        before = _first(watched)
        watched.slide(latent, value)
        assert _first(watched) != before
        z[0, latent] = value
        expected = trained.run(beta=0.5).decode(z)[0].transpose(1, 2, 0).astype(int)
        assert np.abs(watched.pixels(FIRST) - expected).max() <= HALF


def test_a_click_on_a_test_image_starts_from_it(
    watched: WatchedPage, report: Path, trained: Experiment
) -> None:
    page = watched.open(report)
    page.select_option("[data-b]", "1")
    page.click("[data-image='2']")
    assert page.get_attribute("[data-image='2']", "aria-pressed") == "true"
    run = trained.run(beta=2)
    code = run.encode(run.frames()["images"])[2:3]
    expected = run.decode(code)[0].transpose(1, 2, 0).astype(int)
    assert np.abs(watched.pixels("[data-second]") - expected).max() <= HALF


def test_beside_another_model_partners_move_with_each_other(
    watched: WatchedPage, report: Path, trained: Experiment
) -> None:
    page = watched.open(report)
    page.select_option("[data-a]", "0")
    page.select_option("[data-b]", "1")
    page.click("[data-image='-1']")
    partners = page.evaluate("page.runs[0].partners['beta-2_seed-0']")
    texts = page.locator(".row small").all_inner_texts()
    assert len(texts) == 3
    for latent, partner in enumerate(partners):
        page.click("[data-reset]")
        watched.slide(latent, 1.0)
        z = np.zeros((1, 3), np.float32)
        if partner:
            z[0, partner[0]] = np.sign(partner[1])
            assert any(f"moves latent {partner[0]} of beta 2" in text for text in texts)
        expected = trained.run(beta=2).decode(z)[0].transpose(1, 2, 0).astype(int)
        assert np.abs(watched.pixels("[data-second]") - expected).max() <= HALF
    assert sum(partner is None for partner in partners) == sum("no latent" in t for t in texts)


def test_the_ends_of_a_slider_show_where_it_leads(
    watched: WatchedPage, report: Path, trained: Experiment
) -> None:
    page = watched.open(report)
    page.select_option("[data-a]", "0")
    page.click("[data-image='-1']")
    latent = int(page.get_attribute(".row input", "data-latent"))
    z = np.zeros((1, 3), np.float32)
    z[0, latent] = 3
    expected = trained.run(beta=0.5).decode(z)[0].transpose(1, 2, 0).astype(int)
    for _ in range(100):
        if np.abs(watched.pixels(".row:first-child canvas:last-child") - expected).max() <= HALF:
            break
        page.wait_for_timeout(20)
    assert np.abs(watched.pixels(".row:first-child canvas:last-child") - expected).max() <= HALF


def test_where_a_latent_acts_is_shown_on_focus(watched: WatchedPage, report: Path) -> None:
    page = watched.open(report)
    page.focus("input[data-latent='0']")
    assert page.inner_text("[data-acts-name]") == "Where latent 0 acts"
    page.hover(".row:has(input[data-latent='2'])")
    assert page.inner_text("[data-acts-name]") == "Where latent 2 acts"


def test_undo_takes_back_slides_and_choices(watched: WatchedPage, report: Path) -> None:
    page = watched.open(report)
    before = _first(watched)
    page.focus("input[data-latent='0']")
    page.keyboard.press("ArrowRight")
    page.click("[data-image='1']")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert _first(watched) == before
    assert page.is_disabled("[data-undo]")


def test_undo_takes_back_one_press_on_the_slider_that_is_in_focus(
    watched: WatchedPage, report: Path
) -> None:
    page = watched.open(report)
    before = _first(watched)
    page.focus("input[data-latent='0']")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift")
    assert _first(watched) != before
    page.keyboard.press("Control+z")
    assert _first(watched) == before
    assert page.is_disabled("[data-undo]")


def test_it_can_be_used_by_the_keyboard_alone(watched: WatchedPage, report: Path) -> None:
    page = watched.open(report)
    page.click("[data-image='-1']")
    page.keyboard.press("2")
    latent = page.evaluate("document.activeElement.dataset.latent")
    page.keyboard.press("ArrowRight")
    assert float(page.input_value(f"input[data-latent='{latent}']")) == pytest.approx(0.05)
    page.dblclick(f"input[data-latent='{latent}']")
    assert float(page.input_value(f"input[data-latent='{latent}']")) == 0


def test_random_and_back_to_the_start(watched: WatchedPage, report: Path) -> None:
    page = watched.open(report)
    page.click("[data-image='-1']")
    before = _first(watched)
    page.click("[data-random]")
    assert _first(watched) != before
    page.click("[data-reset]")
    assert _first(watched) == before


@pytest.mark.parametrize(("beside", "width"), [("-1", 8), ("1", 16)])
def test_both_pictures_are_saved_at_the_chosen_size(
    watched: WatchedPage, report: Path, tmp_path: Path, beside: str, width: int
) -> None:
    page = watched.open(report)
    page.select_option("[data-b]", beside)
    page.select_option("[data-scale]", "8")
    with page.expect_download() as download:
        page.click("[data-save]")
    assert download.value.suggested_filename == "unknot.png"
    download.value.save_as(tmp_path / "unknot.png")
    side = page.evaluate("page.width")
    with Image.open(tmp_path / "unknot.png") as picture:
        assert picture.size == (width * side, 8 * side)


def test_the_python_that_it_gives_draws_the_same_picture(
    watched: WatchedPage, report: Path
) -> None:
    page = watched.open(report)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    watched.slide(1, -1.2)
    page.click("[data-python]")
    watched.until("document.querySelector('[data-python]').textContent === 'Copied'")
    names: dict[str, Any] = {}
    exec(page.evaluate("navigator.clipboard.readText()"), names)
    assert (
        np.abs(watched.pixels(FIRST) - names["picture"].transpose(1, 2, 0).astype(int)).max()
        <= HALF
    )


def test_the_link_opens_at_the_explorer_with_the_same_view(
    watched: WatchedPage, report: Path, browser: Any
) -> None:
    page = watched.open(report)
    page.select_option("[data-a]", "1")
    page.click("[data-image='-1']")
    watched.slide(1, 1.25)
    again = WatchedPage(browser)
    watched.until("location.hash.includes('1.25')")
    other = again.open(report, page.evaluate("location.hash"))
    assert other.input_value("[data-a]") == "1"
    assert other.input_value("input[data-latent='1']") == "1.25"
    assert np.array_equal(again.pixels(FIRST), watched.pixels(FIRST))
    again.until("Math.abs(document.getElementById('explore').getBoundingClientRect().top) < 200")
    other.close()
    assert again.faults == []


def test_an_address_that_does_not_fit_is_taken_as_far_as_it_does(
    watched: WatchedPage, report: Path
) -> None:
    page = watched.open(report, "#a=99&b=-7&from=x&z=1,2")
    assert page.input_value("[data-a]") == "0"
    assert page.input_value("input[data-latent='1']") == "0"
