"""The page in a real browser, opened from disk: what `page.py` and the scripts in `assets` make.

The scripts have no tests of their own; this file holds them too.
"""

import html
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.report.small import HOSTILE
from tests.report.watched_page import HALF, WatchedPage
from unknot.common.files import write_json
from unknot.data.load import load_images
from unknot.data.visible_channels import visible
from unknot.evidence.evidence import Evidence
from unknot.evidence.latent_labels import LatentLabels
from unknot.experiments.compare import compare
from unknot.experiments.experiment import Experiment
from unknot.report.page import write_report


def _canvas(page: Any, selector: str) -> str:
    return str(page.eval_on_selector(selector, "it => it.toDataURL()"))


def test_it_plays_and_pauses(watched: WatchedPage, report: Path) -> None:
    page = watched.open(report)
    last = _canvas(page, "canvas[data-run]")
    page.click("[data-play]")
    watched.until("document.querySelector('[data-steps]').value > 1")
    assert page.inner_text("[data-play]") == "Pause"
    assert _canvas(page, "canvas[data-run]") != last
    page.click("[data-play]")
    step = page.inner_text("[data-step]")
    page.wait_for_timeout(600)
    assert page.inner_text("[data-step]") == step


def test_without_webassembly_plain_javascript_gives_the_same(
    watched: WatchedPage, copied: Experiment
) -> None:
    files = copied.files
    runs, evidence = copied.runs(), copied.saved_evidence()
    write_report(files, copied.config, runs, {}, evidence, wasm=False)
    page = watched.open(files.report)
    assert page.inner_text("[data-kernel]") == "plain JavaScript"
    page.select_option("[data-a]", "0")
    page.click("[data-image='-1']")
    watched.slide(2, 2)
    z = np.array([[0, 0, 2]], np.float32)
    expected = copied.run(beta=0.5).decode(z)[0].transpose(1, 2, 0).astype(int)
    assert np.abs(watched.pixels("[data-first]") - expected).max() <= HALF
    refused = [fault for fault in watched.faults if "WebAssembly" in fault or "wasm" in fault]
    assert refused == watched.faults  # the browser reports the refusal, and nothing else
    watched.faults.clear()


def test_it_works_in_a_frame_that_may_only_run_scripts(
    watched: WatchedPage, trained: Experiment, tmp_path: Path
) -> None:
    (tmp_path / "notebook.html").write_text(trained._repr_html_())
    watched.page.goto((tmp_path / "notebook.html").as_uri())
    frame = watched.page.frame_locator("iframe")
    frame.locator("[data-widget]:not([data-ready])").first.wait_for(state="detached")
    frame.locator("[data-image='-1']").click()
    slider = frame.locator("input[data-latent='0']")
    slider.focus()
    slider.press("ArrowRight")
    assert float(slider.input_value()) == pytest.approx(0.05)


def test_every_copy_button_works_in_such_a_frame_and_keeps_its_name(
    watched: WatchedPage, trained: Experiment, tmp_path: Path
) -> None:
    (tmp_path / "notebook.html").write_text(trained._repr_html_())
    watched.page.goto((tmp_path / "notebook.html").as_uri())
    frame = watched.page.frame_locator("iframe")
    frame.locator("[data-widget]:not([data-ready])").first.wait_for(state="detached")
    for button in frame.locator("button[data-link], button[data-python], button[data-copy]").all():
        name = button.inner_text()
        button.click()
        button.click()
        assert button.inner_text() == "Copied"
        assert button.evaluate("it => document.activeElement === it")
        watched.page.wait_for_timeout(1700)
        assert button.inner_text() == name


def test_in_a_frame_that_is_still_closed_no_chart_is_drawn(
    watched: WatchedPage, report: Path
) -> None:
    watched.page.set_viewport_size({"width": 1, "height": 600})
    page = watched.open(report)
    assert page.locator(".frame > svg > *").count() == 0
    page.set_viewport_size({"width": 800, "height": 600})
    page.locator(".frame > svg > *").first.wait_for(state="attached")


def test_back_leads_to_where_a_link_was_followed(watched: WatchedPage, report: Path) -> None:
    page = watched.open(report, "#betas")
    page.click("nav a[href='#scores']")
    assert page.evaluate("location.hash") == "#scores"
    page.go_back()
    watched.until("document.activeElement.id === 'betas'")


def _hostile(labels: LatentLabels) -> LatentLabels:
    """Every latent passes with every label, and the labels have names that do harm."""
    names = (HOSTILE, "a" * 300, "\u202eesrever \u05d0\u05d1\u05d2", "'\"</title></style>")
    table = np.full(labels.effect.shape, 0.9)
    return replace(
        labels,
        label_names=names + labels.label_names[len(names) :],
        effect=table - np.arange(table.shape[1]) / 100,
        interval=np.stack([table - 0.1, table + 0.1], axis=-1),
        sign=table,
        r2=table,
        z=table,
        p_value=table / 100,
        active=np.ones(len(table), bool),
    )


def _hostile_evidence(evidence: Evidence) -> Evidence:
    runs = {}
    for name, run in evidence.runs.items():
        assert run.labels is not None
        runs[name] = replace(run, labels=_hostile(run.labels))
    return replace(evidence, runs=runs, not_available={HOSTILE: HOSTILE})


def test_hostile_names_are_shown_as_text(watched: WatchedPage, copied: Experiment) -> None:
    files, evidence = copied.files, copied.saved_evidence()
    assert evidence is not None
    write_json(files.evidence, _hostile_evidence(evidence).as_dict())
    files.write_config(replace(copied.config, data=replace(copied.config.data, source=HOSTILE)))
    environment = files.read_environment()
    environment["data"]["source"] = HOSTILE
    write_json(files.environment, environment)
    page = watched.open(Experiment(copied.folder).report())
    page.wait_for_timeout(200)
    assert HOSTILE in page.inner_text("body")
    assert page.locator("script:not([type])").count() == 1
    assert page.locator("img[src='x']").count() == 0
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


@pytest.mark.parametrize("width", [390, 800, 1400])
def test_nothing_is_wider_than_the_window(watched: WatchedPage, report: Path, width: int) -> None:
    watched.page.set_viewport_size({"width": width, "height": 800})
    page = watched.open(report)
    page.select_option("[data-b]", "1")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_wide_pictures_of_two_channels_keep_their_shape_and_are_seen_in_color(
    watched: WatchedPage, tmp_path: Path
) -> None:
    array = np.random.default_rng(0).integers(0, 256, (60, 30, 200, 2), dtype=np.uint8)
    experiment = compare(
        load_images(array, size="30x200"),
        [1],
        out=tmp_path / "wide",
        engine="inline",
        network="linear",
        steps=4,
        batch_size=8,
        latent_dim=3,
    )
    run = experiment.run(beta=1)
    for width in (390, 1400):
        watched.page.set_viewport_size({"width": width, "height": 800})
        page = watched.open(experiment.files.report)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        for selector in ("[data-first]", "[data-acts]", ".start canvas", ".row canvas"):
            box = page.locator(selector).first.bounding_box()
            assert box["height"] / box["width"] == pytest.approx(0.15, abs=0.03)
    assert "every picture shows the first" in page.inner_text("#images ~ .scroll")
    page.click("[data-image='-1']")
    drawn = visible(run.decode(np.zeros((1, 3), np.float32)))[0].transpose(1, 2, 0)
    assert np.abs(watched.pixels("[data-first]") - drawn).max() <= HALF
    played = watched.pixels("canvas[data-run]")
    frames = {name: visible(values) for name, values in run.frames().items() if name != "steps"}
    images = np.concatenate(list(frames["images"].transpose(0, 2, 3, 1)), axis=1)
    assert np.array_equal(played[:30], images)
    below = np.concatenate(list(frames["reconstructions"][-1].transpose(0, 2, 3, 1)), axis=1)
    levels = (played[30:].mean((0, 1)), below.mean((0, 1)))
    assert np.abs(levels[0] - levels[1]).max() < 10  # WebP blurs the colors of noise


def test_links_work_in_a_frame_without_an_address(
    watched: WatchedPage, trained: Experiment, tmp_path: Path
) -> None:
    (tmp_path / "notebook.html").write_text(trained._repr_html_())
    watched.page.goto((tmp_path / "notebook.html").as_uri())
    frame = watched.page.frame_locator("iframe")
    frame.locator("[data-widget]:not([data-ready])").first.wait_for(state="detached")
    frame.locator("nav a").last.click()
    heading = frame.locator(frame.locator("nav a").last.get_attribute("href") or "")
    watched.page.wait_for_timeout(50)
    assert heading.evaluate("it => document.activeElement === it")
    assert frame.locator("#explorer").count() == 1  # the page is still there


def test_a_link_to_a_part_of_the_page_is_left_alone(watched: WatchedPage, report: Path) -> None:
    page = watched.open(report, "#repeat")
    assert page.evaluate("location.hash") == "#repeat"
    assert page.evaluate("document.activeElement.id") == "repeat"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_stands_in_the_way_of_people_with_disabilities(
    browser: Any, report: Path, scheme: str, width: int
) -> None:
    watched = WatchedPage(browser, color_scheme=scheme, viewport={"width": width, "height": 900})
    page = watched.open(report)
    page.select_option("[data-b]", "1")
    assert watched.serious_violations() == []
    page.close()
    assert watched.faults == []


def test_marks_can_be_seen_with_the_colors_of_the_system(browser: Any, report: Path) -> None:
    watched = WatchedPage(browser, forced_colors="active")
    page = watched.open(report)
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    style = "(it, [pseudo, name]) => getComputedStyle(it, pseudo)[name]"
    mark = page.eval_on_selector(".question", style, ["::before", "backgroundColor"])
    assert mark not in (
        page.eval_on_selector("body", style, [None, "backgroundColor"]),
        "rgba(0, 0, 0, 0)",
    )
    outline = page.eval_on_selector("[aria-pressed='true']", style, [None, "outlineStyle"])
    assert outline == "solid"
    page.close()
    assert watched.faults == []


def test_every_control_and_picture_has_a_name(watched: WatchedPage, report: Path) -> None:
    page = watched.open(report)
    unnamed = page.eval_on_selector_all(
        "input, select, button, canvas[role]",
        "all => all.filter(it => !(it.labels?.length || it.ariaLabel || it.textContent)).length",
    )
    assert unnamed == 0


def test_the_frame_is_escaped(trained: Experiment) -> None:
    frame = trained._repr_html_()
    assert frame.count("<") == 2
    assert "<title>" in html.unescape(frame)


def test_unfinished_runs_and_missing_evidence_are_named_gaps(
    watched: WatchedPage, copied: Experiment
) -> None:
    folder = copied.folder
    (folder / "beta-2_seed-0" / "done").unlink()
    (folder / "evidence.json").unlink()
    page = watched.open(Experiment(folder).report())
    text = page.inner_text("body")
    assert "1 of 2 runs are missing" in text
    assert "no evidence of these runs yet" in text
    (folder / "beta-0.5_seed-0" / "done").unlink()
    page.goto(Experiment(folder).report().as_uri())
    assert page.locator("#explorer").count() == 0
    assert "2 of 2 runs are missing" in page.inner_text("body")
