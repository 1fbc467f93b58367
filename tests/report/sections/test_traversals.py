"""Every latent at once: its place in the page, and what it does in a browser."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.report.small import reason, shown, small_context
from tests.report.watched_page import HALF, WatchedPage
from unknot.experiments.experiment import Experiment
from unknot.report.run_figures import prior_codes


def test_it_says_how_many_columns_there_are(tmp_path: Path) -> None:
    assert "Each of the 8 columns" in shown("traversals", small_context(tmp_path))


def test_without_a_decoder_it_is_left_out(tmp_path: Path) -> None:
    assert reason("traversals", small_context(tmp_path, runs=[])) == "no run is finished"
    context = small_context(tmp_path)
    assert context.script_data is not None
    runs = [replace(run, model=None) for run in context.script_data.runs]
    context = replace(context, script_data=replace(context.script_data, runs=runs))
    assert reason("traversals", context) == "the page holds no decoder"


def test_it_moves_while_it_is_in_view_and_can_be_paused(watched: WatchedPage, report: Path) -> None:
    page = watched.open(report)
    page.locator("#traversals").scroll_into_view_if_needed()
    watched.until("page.traversals.frames > 3")
    page.click("[data-sweep]")
    frames = page.evaluate("page.traversals.frames")
    page.wait_for_timeout(200)
    assert page.evaluate("page.traversals.frames") == frames
    page.evaluate("scrollTo(0, 0)")
    page.click("[data-sweep]")
    assert page.inner_text("[data-sweep]") == "Pause"


def test_where_motion_is_unwanted_every_latent_stands_at_1(
    browser: Any, report: Path, trained: Experiment
) -> None:
    calm = WatchedPage(browser, reduced_motion="reduce")
    page = calm.open(report)
    page.locator("#traversals").scroll_into_view_if_needed()
    calm.until("document.querySelector('#traversals [data-value]').textContent === '1.00'")
    run = trained.run(beta=float(page.evaluate("page.traversals.run.beta")))
    z = prior_codes(run)[:1].astype(np.float32)
    z[0, page.evaluate("page.traversals.run.latents[0].index")] = 1
    expected = run.decode(z)[0].transpose(1, 2, 0).astype(int)
    height, width = expected.shape[:2]
    assert np.abs(calm.pixels("[data-grid]")[:height, :width] - expected).max() <= HALF
    page.close()
    assert calm.faults == []


def test_it_is_drawn_before_the_page_is_printed(watched: WatchedPage, report: Path) -> None:
    page = watched.open(report)
    assert not page.evaluate("page.traversals.drawn")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert watched.pixels("[data-grid]").max() > 0
