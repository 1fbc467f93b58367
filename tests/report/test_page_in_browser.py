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
from tests.report.watched_page import WatchedPage
from unknot.common.files import write_json
from unknot.evidence.evidence import Evidence
from unknot.evidence.latent_labels import LatentLabels
from unknot.experiments.experiment import Experiment
from unknot.report.page import write_report

HALF = 2  # levels of 255 that half-precision weights may cost


def _slide(page: Any, latent: int, value: float) -> None:
    page.eval_on_selector(
        f"input[data-latent='{latent}']",
        "(it, value) => { it.value = value; it.dispatchEvent(new Event('input')); }",
        value,
    )


def _shown(page: Any) -> np.ndarray:
    """The picture that was decoded last, `(height, width, 3)`."""
    data = page.evaluate("Array.from(explorer.image.data)")
    size = int((len(data) / 4) ** 0.5)
    return np.array(data).reshape(size, size, 4)[..., :3]


def _until(page: Any, expression: str) -> None:
    """Wait until it holds; the page's policy lets nothing be evaluated from within."""
    for _ in range(300):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"never came true: {expression}")


def _canvas(page: Any, selector: str) -> str:
    return str(page.eval_on_selector(selector, "it => it.toDataURL()"))


def test_each_slider_changes_the_picture_and_it_is_the_decoders(
    watched: WatchedPage, report: Path, trained: Experiment
) -> None:
    page = watched.open(report)
    assert page.inner_text("[data-kernel]") == "WebAssembly"
    z = np.zeros((1, 3), np.float32)
    for latent, value in enumerate((1.5, -2, 0.5)):
        before = _canvas(page, "[data-first]")
        _slide(page, latent, value)
        assert _canvas(page, "[data-first]") != before
        z[0, latent] = value
        expected = trained.run(beta=0.5).decode(z)[0].transpose(1, 2, 0).astype(int)
        assert np.abs(_shown(page) - expected).max() <= HALF


def test_a_test_image_is_where_the_sliders_start(
    watched: WatchedPage, report: Path, trained: Experiment
) -> None:
    page = watched.open(report)
    page.select_option("[data-b]", "1")
    page.select_option("[data-from]", "2")
    run = trained.run(beta=2)  # the second view is drawn last
    images = run.frames()["images"]
    code = run.encode(images)[2:3]
    expected = run.decode(code)[0].transpose(1, 2, 0).astype(int)
    assert np.abs(_shown(page) - expected).max() <= HALF
    page.select_option("[data-to]", "4")
    halfway = (code + run.encode(images)[4:5]) / 2
    expected = run.decode(halfway)[0].transpose(1, 2, 0).astype(int)
    assert np.abs(_shown(page) - expected).max() <= HALF


def test_the_link_restores_the_view(watched: WatchedPage, report: Path, browser: Any) -> None:
    page = watched.open(report)
    page.select_option("[data-a]", "1")
    _slide(page, 1, 1.25)
    fragment = page.evaluate("location.hash")
    again = WatchedPage(browser)
    other = again.open(report, fragment)
    assert other.input_value("[data-a]") == "1"
    assert other.input_value("input[data-latent='1']") == "1.25"
    assert np.array_equal(_shown(other), _shown(page))
    other.close()
    nonsense = WatchedPage(browser)
    strange = nonsense.open(report, "#a=99&b=-7&from=x&t=9&z=1,2")
    assert strange.input_value("[data-a]") == "0"
    assert strange.input_value("input[data-latent='1']") == "0"
    section = nonsense.open(report, "#repeat")
    assert section.evaluate("location.hash") == "#repeat"
    strange.close()
    assert nonsense.faults == again.faults == []


def test_it_plays_and_pauses(watched: WatchedPage, report: Path) -> None:
    page = watched.open(report)
    last = _canvas(page, "canvas[data-run]")
    page.click("[data-play]")
    _until(page, "document.querySelector('[data-steps]').value > 1")
    assert page.inner_text("[data-play]") == "Pause"
    assert _canvas(page, "canvas[data-run]") != last
    page.click("[data-play]")
    step = page.inner_text("[data-step]")
    page.wait_for_timeout(600)
    assert page.inner_text("[data-step]") == step
    page.click("[data-sweep]")
    _until(page, "explorer.frames > 3")
    page.click("[data-sweep]")
    frames = page.evaluate("explorer.frames")
    page.wait_for_timeout(200)
    assert page.evaluate("explorer.frames") <= frames + 1


def test_keys_and_buttons_move_it(watched: WatchedPage, report: Path) -> None:
    page = watched.open(report)
    page.focus("input[data-latent='0']")
    page.keyboard.press("ArrowRight")
    assert float(page.input_value("input[data-latent='0']")) == pytest.approx(0.05)
    page.dblclick("input[data-latent='0']")
    assert float(page.input_value("input[data-latent='0']")) == 0
    before = _canvas(page, "[data-first]")
    page.click("[data-random]")
    assert _canvas(page, "[data-first]") != before
    page.click("[data-reset]")
    assert _canvas(page, "[data-first]") == before
    with page.expect_download() as download:
        page.click("[data-save]")
    assert download.value.suggested_filename == "unknot.png"
    unnamed = page.eval_on_selector_all(
        "input, select, button, canvas",
        "all => all.filter(it => !(it.labels?.length || it.ariaLabel || it.textContent)).length",
    )
    assert unnamed == 0


def test_without_webassembly_plain_javascript_gives_the_same(
    watched: WatchedPage, copied: Experiment
) -> None:
    files = copied.files
    runs, evidence = copied.runs(), copied.saved_evidence()
    write_report(files, copied.config, runs, {}, evidence, wasm=False)
    page = watched.open(files.report)
    assert page.inner_text("[data-kernel]") == "plain JavaScript"
    _slide(page, 2, 2)
    z = np.array([[0, 0, 2]], np.float32)
    expected = copied.run(beta=0.5).decode(z)[0].transpose(1, 2, 0).astype(int)
    assert np.abs(_shown(page) - expected).max() <= HALF
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
    slider = frame.locator("input[data-latent='0']")
    slider.focus()
    slider.press("ArrowRight")
    assert float(slider.input_value()) == pytest.approx(0.05)


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
