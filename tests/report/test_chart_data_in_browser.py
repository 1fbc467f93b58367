"""Charts in a real browser: what `chart.js`, `scales.js`, `chart_files.js` and sections make."""

import csv
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.report.small import small_context, small_labels
from tests.report.watched_page import WatchedPage
from unknot.experiments.experiment import Experiment
from unknot.report.page import write_report

SVG = "{http://www.w3.org/2000/svg}"
CHARTS = {"rate_distortion": 1, "collapse": 1, "label_map": 1, "curves": 3, "scores": 1}
"""How many charts each section of the page made by hand has."""


def _chart(page: Any, section: str) -> Any:
    """The frame of a section's first chart."""
    return page.locator(f"[data-widget={section}] .frame").first


def _tip(chart: Any) -> list[str]:
    """Lines of the numbers that a chart shows; none where it shows none."""
    tip = chart.locator(".tip")
    return str(tip.inner_text()).splitlines() if tip.is_visible() else []


def _save(page: Any, section: str, kind: str) -> Path:
    """Save the first chart of a section by its button."""
    button = page.locator(f"[data-widget={section}] .chart-files button", has_text=kind).first
    with page.expect_download() as download:
        button.click()
    return Path(download.value.path())


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def page(watched: WatchedPage, report: Path) -> Any:
    """The page of the trained experiment."""
    return watched.open(report)


@pytest.fixture
def by_hand(watched: WatchedPage, tmp_path: Path) -> Any:
    """The page of runs and evidence made by hand, whose latents tell labels."""
    context = small_context(tmp_path)
    write_report(context.files, context.config, context.runs, {}, context.evidence)
    return watched.open(context.files.report)


def test_every_section_draws_its_charts(by_hand: Any) -> None:
    for section, num in CHARTS.items():
        drawn = by_hand.locator(f"[data-widget={section}] .frame svg")
        assert drawn.count() == num
        assert all(drawn.nth(i).locator("*").count() > 10 for i in range(num))


def test_the_nearest_point_tells_its_numbers(page: Any, trained: Experiment) -> None:
    chart = _chart(page, "rate_distortion")
    chart.scroll_into_view_if_needed()
    mark = chart.locator(".mark").first.bounding_box()
    page.mouse.move(mark["x"] + mark["width"] / 2 + 3, mark["y"] + mark["height"] / 2 + 3)
    test = trained.run(beta=0.5).evaluation.test
    assert _tip(chart) == [
        "beta 0.5, seed 0",
        f"rate {float(f'{test.rate:.4g}'):.4g} nats",
        f"distortion {float(f'{test.distortion:.4g}'):,.0f} nats",
    ]
    page.mouse.move(0, 0)
    assert _tip(chart) == []


def test_arrow_keys_walk_through_the_points_and_are_read_aloud(page: Any) -> None:
    chart = _chart(page, "collapse")
    chart.focus()
    page.keyboard.press("Home")
    assert _tip(chart)[0] == "Latent 1 of a linear model"
    page.keyboard.press("ArrowRight")
    assert _tip(chart)[0] == "Latent 2 of a linear model"
    page.keyboard.press("ArrowLeft")
    assert _tip(chart)[0] == "Latent 1 of a linear model"
    page.keyboard.press("End")
    assert _tip(chart)[0] == "beta 2, seed 0"
    assert page.locator("[data-widget=collapse] [aria-live]").inner_text() == ", ".join(_tip(chart))
    page.keyboard.press("Escape")
    assert _tip(chart) == []


def test_arrows_walk_through_the_rows_and_columns_of_the_label_map(by_hand: Any) -> None:
    chart = _chart(by_hand, "label_map")
    chart.focus()
    by_hand.keyboard.press("ArrowRight")
    latent, label = _tip(chart)[0].split(", ")
    assert latent == "latent 0"
    by_hand.keyboard.press("ArrowDown")
    below = _tip(chart)[0].split(", ")
    assert below[0] == latent
    assert below[1] != label
    by_hand.keyboard.press("ArrowUp")
    assert _tip(chart)[0] == f"{latent}, {label}"
    by_hand.keyboard.press("ArrowRight")
    assert _tip(chart)[0] == f"latent 1, {label}"


def test_a_cell_of_the_label_map_tells_its_numbers(by_hand: Any) -> None:
    chart = _chart(by_hand, "label_map")
    bald = chart.locator("text.label").all_text_contents().index("Bald")
    chart.locator(".cell").nth(2 * bald).hover(position={"x": 5, "y": 5})
    assert _tip(chart) == [
        "latent 0, Bald",
        "lower with the label",
        "AUROC 0.90 (0.25 to 0.95)",
        "R2 0.50, p 0.001: passed the test",
    ]
    assert chart.locator(".passed").count() == 3


def test_a_click_selects_the_run_everywhere(page: Any) -> None:
    chart = _chart(page, "rate_distortion")
    chart.scroll_into_view_if_needed()
    chart.locator(".mark").nth(1).click()
    assert page.evaluate("page.selected") == "beta-2_seed-0"
    for section in ("rate_distortion", "collapse", "curves", "scores"):
        assert _chart(page, section).locator(".selected").count() > 0
    assert page.input_value("[data-widget=label_map] select") == "beta-2_seed-0"
    scores = _chart(page, "scores")
    scores.focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    assert page.evaluate("page.selected") == "beta-0.5_seed-0"


def test_the_csv_of_the_label_map_is_of_the_selected_run(by_hand: Any) -> None:
    by_hand.select_option("[data-widget=label_map] select", "beta-2_seed-0")
    assert by_hand.evaluate("page.selected") == "beta-2_seed-0"
    rows, labels = _rows(_save(by_hand, "label_map", "CSV")), small_labels()
    assert len(rows) == 2 * 3
    for row in rows:
        at = int(row["latent"]), labels.label_names.index(row["label"])
        assert row["run"] == "beta-2_seed-0"
        assert float(row["effect"]) == labels.effect[at]
        assert float(row["p_value"]) == labels.p_value[at]
        assert row["side"] == ("lower" if labels.sign[at] < 0 else "higher")
        assert row["passed"] == str(bool(labels.significant[at])).lower()


def test_csv_files_hold_the_numbers_of_every_run(page: Any, trained: Experiment) -> None:
    plane, latents, curves, scores = (
        _rows(_save(page, section, "CSV"))
        for section in ("rate_distortion", "collapse", "curves", "scores")
    )
    for i, run in enumerate(trained.runs()):
        evaluation = run.evaluation
        assert plane[i]["run"] == run.name
        assert float(plane[i]["rate_nats"]) == pytest.approx(evaluation.test.rate, rel=1e-3)
        kl = [float(row["kl_nats"]) for row in latents if row["run"] == run.name]
        assert kl == pytest.approx(sorted(run.kl, reverse=True), rel=1e-3)
        last = [r for r in curves if (r["run"], r["images"]) == (run.name, "train")][-1]
        line = run.history("train")[-1]
        assert int(last["step"]) == line["step"]
        assert float(last["distortion"]) == pytest.approx(line["distortion"], rel=1e-3)
        assert evaluation.scores is not None
        value = evaluation.scores.scores["mig"].value
        (mig,) = (r for r in scores if (r["run"], r["score"]) == (run.name, "mig"))
        assert float(mig["value"]) == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize("mode", ["light", "dark", "forced"])
def test_an_svg_file_needs_nothing_of_the_page(
    watched: WatchedPage, report: Path, mode: str
) -> None:
    if mode == "forced":
        watched.page.emulate_media(forced_colors="active")
    else:
        watched.page.emulate_media(color_scheme=mode)
    page = watched.open(report)
    for section in CHARTS:
        root = ElementTree.parse(_save(page, section, "SVG")).getroot()
        assert root.tag == f"{SVG}svg"
        background = root.find(f"{SVG}rect")
        assert background is not None
        assert background.get("fill") == "#fff"
        assert root.findtext(f"{SVG}title")
        text = ElementTree.tostring(root, encoding="unicode")
        assert "var(" not in text
        assert "class=" not in text
        assert "currentcolor" not in text.lower()
    plane = ElementTree.parse(_save(page, "rate_distortion", "SVG")).getroot()
    marks = [p.get("fill") for p in plane.iter(f"{SVG}path")]
    assert marks == ["rgb(11, 111, 184)", "rgb(194, 87, 0)"]  # of the light page, always


@pytest.mark.parametrize("mode", [{"color_scheme": "light"}, {"color_scheme": "dark"}])
@pytest.mark.parametrize("forced", ["none", "active"])
def test_what_is_drawn_can_be_seen(
    watched: WatchedPage, report: Path, mode: dict[str, str], forced: str
) -> None:
    watched.page.emulate_media(forced_colors=forced, **mode)
    page = watched.open(report)
    page.evaluate("page.select('beta-2_seed-0')")
    ratios = page.evaluate("""() => {
        const parts = (color) => color.match(/[\\d.]+/g).map(Number);
        const light = (color) => parts(color).slice(0, 3).map((v) => v / 255)
            .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
        const contrast = (a, b) => {
            const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
            return (high + 0.05) / (low + 0.05);
        };
        const paper = getComputedStyle(document.querySelector(".frame")).backgroundColor;
        const least = (selector, property) => Math.min(
            ...[...document.querySelectorAll(selector)]
                .map((it) => contrast(getComputedStyle(it)[property], paper)));
        return [
            least(".frame text", "fill"), least(".frame .mark:not(.hollow)", "fill"),
            least(".frame .line", "stroke"), least(".frame .mark.hollow, .frame .tick", "stroke"),
        ];
    }""")
    assert ratios[0] >= 4.5
    assert min(ratios) >= 3


@pytest.mark.parametrize("width", [390, 800, 1400])
def test_charts_fit_the_window(watched: WatchedPage, report: Path, width: int) -> None:
    watched.page.set_viewport_size({"width": width, "height": 800})
    page = watched.open(report)
    _chart(page, "scores").focus()
    page.keyboard.press("End")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    plane, collapse = (
        page.locator(f"[data-widget={section}]").bounding_box()
        for section in ("rate_distortion", "collapse")
    )
    assert (plane["y"] == collapse["y"]) == (width == 1400)  # side by side where there is room
    outside = page.evaluate("""() => [...document.querySelectorAll(".frame")].flatMap((frame) => {
        const { left, right } = frame.getBoundingClientRect();
        return [...frame.querySelectorAll("text, .mark")].filter((it) => {
            const place = it.getBoundingClientRect();
            return place.left < left || place.right > right;
        }).map((it) => it.textContent || it.outerHTML);
    })""")
    assert outside == []


def test_charts_are_drawn_anew_when_the_window_changes(page: Any) -> None:
    page.set_viewport_size({"width": 500, "height": 800})
    page.wait_for_timeout(200)
    chart = _chart(page, "rate_distortion")
    width = chart.evaluate("it => it.clientWidth")
    assert width < 500
    assert chart.locator("svg").get_attribute("viewBox").split()[2] == str(width)


def test_axes_have_round_ticks(page: Any) -> None:
    def linear(low: float, high: float, count: int) -> list[float]:
        return list(page.evaluate(f"new LinearScale([{low}, {high}], [0, 1]).ticks({count})"))

    def log(values: list[float], count: int) -> list[float]:
        return list(page.evaluate(f"new LogScale({values}, [0, 1]).ticks({count})"))

    assert linear(0, 1, 5) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert linear(390, 1790, 6) == [400, 600, 800, 1000, 1200, 1400, 1600]
    assert linear(3, 3, 2) == [2.5, 3, 3.5]
    assert log([0.1, 6000], 8) == [0.1, 1, 10, 100, 1000, 10000]
    assert log([1, 4, 16], 6) == [1, 2, 5, 10, 20]
    assert log([0, 1, 100], 8)[0] == 0
    assert page.evaluate("[numberText(1234567), numberText(0.0123456), numberText(null)]") == [
        "1,234,567",
        "0.01235",
        "not known",
    ]


def test_cells_of_a_csv_are_quoted_and_run_no_formula(page: Any) -> None:
    text = page.evaluate("""csvFile(["a", 'b"c'], [["=1+1", -2.5], ["x,y\\nz", null]])""")
    assert text == 'a,"b""c"\r\n\'=1+1,-2.5\r\n"x,y\nz",\r\n'


def test_all_scores_are_shown_on_request(page: Any) -> None:
    chart = _chart(page, "scores")
    few = chart.locator(".mark").count()
    page.check("[data-widget=scores] [data-all]")
    assert chart.locator(".mark").count() > few


def test_a_tap_tells_the_numbers_and_selects_the_run(browser: Any, report: Path) -> None:
    page = browser.new_page(has_touch=True)
    page.goto(report.as_uri())
    page.locator("[data-widget]:not([data-ready])").first.wait_for(state="detached")
    chart = _chart(page, "rate_distortion")
    chart.locator(".mark").nth(1).tap()
    assert _tip(chart)[0] == "beta 2, seed 0"
    assert page.evaluate("page.selected") == "beta-2_seed-0"
    page.close()


def test_without_javascript_a_sentence_stands_in_a_charts_place(browser: Any, report: Path) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(report.as_uri())
    assert page.locator("figure.chart:visible").count() == 0
    section = page.locator("[data-widget=rate_distortion]")
    assert "the table of the betas has the same numbers" in section.inner_text()
    page.close()


def test_in_print_charts_stand_without_their_buttons(page: Any) -> None:
    page.emulate_media(media="print")
    assert _chart(page, "collapse").is_visible()
    assert page.locator(".chart-files:visible").count() == 0
