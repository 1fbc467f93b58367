"""The blind test's place in the page, and the test itself in a browser."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.report.small import (
    HOSTILE,
    is_escaped,
    reason,
    shown,
    small_choice,
    small_context,
    small_evidence,
)
from tests.report.watched_page import WatchedPage
from unknot.evidence.preregistration import BLIND_SEED
from unknot.experiments.experiment import Experiment
from unknot.report.blind.answers import Answers, read_code, write_code
from unknot.report.blind.experiment import latents_test
from unknot.report.blind.readers import pool_codes
from unknot.report.blind.trials import LATENTS
from unknot.report.render import render_piece
from unknot.report.script_data import script_data
from unknot.report.sections import ReportContext
from unknot.report.sections.blind import Blind, blind

BEGINNING_OF_STRIPS = """() => {
  window.beginningOf = (strip) => {
    const canvas = element("canvas", { width: page.width, height: page.height });
    canvas.getContext("2d").drawImage(strip, 0, 0);
    return canvas.toDataURL();
  };
  window.beginningsOfLatents = (name) => {
    const { tests } = page.own(document.getElementById("blind"));
    const test = tests.find((one) => one.kind === "latents" && one.runs[0] === name);
    const canvas = element("canvas", { width: page.width, height: page.height });
    return test.trials.map((trial) => {
      const image = page.decoder(page.run(name)).paint(trial.strips[0][0], page.pixels());
      canvas.getContext("2d").putImageData(image, 0, 0);
      return beginningOf(canvas);
    });
  };
}"""
"""Gives the test what the page does not show: the first picture of a strip along a latent."""
OTHER_CODE = write_code(
    Answers(kind=LATENTS, digest="ab" * 6, reader=1, attempt=1, chose_first=(True,) * 12)
)
PAUSE_MS = 220  # in which the page takes no answer


@pytest.fixture
def context(seen: Experiment) -> ReportContext:
    runs = seen.runs()
    return ReportContext(
        files=seen.files,
        config=seen.config,
        runs=runs,
        failures={},
        evidence=None,
        environment=seen.files.read_environment(),
        script_data=script_data(runs, None),
        left_out={},
    )


@pytest.fixture
def sandboxed(browser: Any, seen: Experiment, tmp_path: Path) -> Iterator[tuple[WatchedPage, Any]]:
    """The page in a frame that may run scripts and nothing else, as in a notebook."""
    path = tmp_path / "notebook.html"
    path.write_text(seen._repr_html_(), encoding="ascii")
    watched = WatchedPage(browser)
    watched.page.goto(path.as_uri())
    frame = watched.page.frames[1]
    frame.locator("#blind[data-ready]").wait_for()
    yield watched, frame
    watched.page.close()
    assert watched.faults == []


def test_it_stands_before_the_cards_and_says_what_is_asked(context: ReportContext) -> None:
    text = shown("blind", context)
    assert "Is it my bias?" in text
    assert "Compare two betas" in text
    assert "the plan fixed before training" in text
    section = blind(context)
    assert isinstance(section, Blind)
    assert (render_piece("blind", section).anchor, section.reasons) == ("blind", [])


def test_a_seed_that_no_plan_fixed_is_not_called_planned(
    copied: Experiment, seen: Experiment, context: ReportContext
) -> None:
    copied.files.plan.unlink()
    assert "the plan fixed" not in shown("blind", replace(context, files=copied.files))


def test_the_beta_to_take_is_asked_first_or_else_the_highest(context: ReportContext) -> None:
    digests = {run.name: latents_test(run, BLIND_SEED).digest for run in context.runs}
    choice = small_choice(beta=0.5)
    for evidence, name in (
        (None, "beta-2_seed-0"),
        (small_evidence(which_beta=choice), "beta-0.5_seed-0"),
    ):
        section = blind(replace(context, evidence=evidence))
        assert isinstance(section, Blind)
        assert section.data["first"] == digests[name]


def test_it_is_left_out_with_the_reason(tmp_path: Path) -> None:
    assert (
        reason("blind", small_context(tmp_path, runs=[], script_data=None)) == "no run is finished"
    )
    context = small_context(tmp_path)
    for run in context.runs:
        run.files.codes.unlink()
    text = reason("blind", context)
    assert text.startswith("Not asked of beta 0.5, seed 0: ")
    data = small_context(tmp_path).script_data
    assert data is not None
    closed = replace(data, runs=[replace(run, model=None) for run in data.runs])
    assert (
        reason("blind", small_context(tmp_path, script_data=closed))
        == "no run's decoder is in the page"
    )


@pytest.mark.parametrize("strength", ["beta", "strength"])
def test_what_two_models_differ_in_is_called_by_its_name(strength: str) -> None:
    section = Blind(
        has_latents=False,
        has_betas=True,
        strength=strength,
        is_planned=False,
        reasons=[],
        data={},
    )
    text = str(render_piece("blind", section).html)
    assert f"Compare two {strength}s" in text
    assert f"two models with different {strength}s" in text


def test_hostile_names_are_escaped() -> None:
    section = Blind(
        has_latents=True,
        has_betas=True,
        strength=HOSTILE,
        is_planned=True,
        reasons=[HOSTILE],
        data={"command": HOSTILE},
    )
    text = str(render_piece("blind", section).html)
    assert is_escaped(text.replace('<script type="application/json" data-own>', ""))


def _begin(page: Any, kind: str = "latents") -> int:
    """Begin a test; gives the number of its trials."""
    page.click(f"#blind [data-kind={kind}] [data-begin]")
    return int(page.inner_text("[data-count]").split(" of ")[1])


def _finish(page: Any, num: int, keys: str = "12") -> None:
    """Answer all trials by the keyboard alone."""
    for i in range(num):
        assert page.inner_text("[data-count]") == f"{i + 1} of {num}"
        page.wait_for_timeout(PAUSE_MS)
        page.keyboard.press(keys[i % len(keys)])


def _code(page: Any) -> str:
    return str(page.input_value(".blind-link input")).split("#blind=")[1]


def test_a_whole_test_by_the_keyboard_and_its_code_in_python(
    watched: WatchedPage, seen_report: Path, seen: Experiment
) -> None:
    page = watched.open(seen_report)
    page.focus("#blind [data-kind=latents] [data-begin]")
    page.keyboard.press("Enter")
    num = int(page.inner_text("[data-count]").split(" of ")[1])
    assert 8 <= num <= 20
    _finish(page, num)
    assert page.evaluate("document.activeElement.matches('[data-result]')")
    pooled = pool_codes([_code(page)], seen.runs(), BLIND_SEED)
    (reader,) = pooled.tests[0].readers
    assert f"You chose the latent in {reader.chosen} of {num} pairs." in page.inner_text("#blind")
    counts = [f"{each.chosen} of {each.num}" for each in pooled.tests[0].latents]
    assert page.locator("#blind td.number").all_inner_texts() == counts
    assert "unknot blind" in page.inner_text("#blind pre")
    answers = read_code(_code(page))
    assert write_code(answers) == _code(page)
    page.click("text=Do it again")
    _finish(page, num)
    again = read_code(_code(page))
    assert (again.attempt, again.reader) == (2, answers.reader)
    assert "This was attempt 2 with the same images. It counts less" in page.inner_text("#blind")


def test_nothing_tells_the_strips_apart_before_the_answer(
    watched: WatchedPage, seen_report: Path
) -> None:
    page = watched.open(seen_report)
    for kind in ("latents", "betas"):
        num = _begin(page, kind)
        for i in range(num):
            first, second = page.eval_on_selector_all(
                ".blind-strip", "them => them.map((it) => it.outerHTML)"
            )
            assert first.replace("Row 1:", "Row 2:").replace("<span>1<", "<span>2<") == second
            own = page.eval_on_selector_all(
                ".blind-strip, .blind-strip *",
                "them => them.map((it) => [Object.keys(it), Object.keys(it.dataset), it.title])",
            )
            assert all(item == [[], [], ""] for item in own)
            pictures = page.eval_on_selector_all(
                ".blind-strip canvas", "them => them.map((it) => it.toDataURL())"
            )
            assert pictures[0] != pictures[1]
            page.wait_for_timeout(PAUSE_MS)
            page.click(f".blind-strip >> nth={i % 2}")
        page.click("text=Choose another test")


def test_sides_are_drawn_when_a_trial_begins(watched: WatchedPage, seen_report: Path) -> None:
    """The same key in every trial chooses now the latent, now the other."""
    page = watched.open(seen_report)
    codes = []
    for _ in range(2):
        _finish(page, _begin(page), keys="1")
        codes.append(read_code(_code(page)).chose_first)
        page.click("text=Choose another test")
    assert all(0 < sum(chosen) < len(chosen) for chosen in codes) or codes[0] != codes[1]


def test_the_run_that_the_page_is_about_is_offered(watched: WatchedPage, seen_report: Path) -> None:
    page = watched.open(seen_report)
    offered = "#blind [data-kind=latents] select"
    for option in page.locator("[data-choice] option").all():
        page.select_option("[data-choice]", option.get_attribute("value"))
        assert page.locator(f"{offered} option:checked").inner_text() == option.inner_text()


def test_what_is_chosen_is_what_is_counted(
    watched: WatchedPage, seen_report: Path, seen: Experiment
) -> None:
    """A reader who looks at the codes behind the strips is right every time."""
    page = watched.open(seen_report)
    test = latents_test(seen.run(beta=2), BLIND_SEED)
    page.select_option("#blind [data-kind=latents] select", test.digest)
    num = _begin(page)
    page.evaluate(BEGINNING_OF_STRIPS)
    latents = page.evaluate("beginningsOfLatents", test.runs[0])
    for _ in range(num):
        upper = page.evaluate("beginningOf(document.querySelector('.blind-strip canvas'))")
        page.wait_for_timeout(PAUSE_MS)
        page.keyboard.press("1" if upper in latents else "2")
    assert f"You chose the latent in {num} of {num} pairs." in page.inner_text("#blind")
    assert "You can tell these latents from random directions." in page.inner_text("#blind")
    assert all(read_code(_code(page)).chose_first)


def test_betas_are_compared_without_right_or_wrong(
    watched: WatchedPage, seen_report: Path, seen: Experiment
) -> None:
    page = watched.open(seen_report)
    num = _begin(page, "betas")
    _finish(page, num)
    text = page.inner_text("#blind")
    (test,) = pool_codes([_code(page)], seen.runs(), BLIND_SEED).tests
    assert f"You chose beta 2 in {test.readers[0].chosen} of {num} pairs." in text
    assert "Nobody is right or wrong here" in text


def test_a_link_shows_the_answers_of_somebody_else(
    watched: WatchedPage, seen_report: Path, browser: Any
) -> None:
    page = watched.open(seen_report)
    num = _begin(page)
    _finish(page, num)
    score = page.inner_text(".blind-score").removeprefix("You")
    other = WatchedPage(browser)
    opened = other.open(seen_report, f"#blind={_code(page)}")
    assert opened.inner_text(".blind-score") == f"They{score}"
    assert "The answers are not yours." in opened.inner_text("#blind")
    opened.click("text=Take the test yourself")
    assert opened.is_visible("#blind [data-begin]")
    opened.close()
    assert other.faults == []


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("nonsense", "damaged"),
        ("", "damaged"),
        ("%E0%A4%A", "damaged"),
        ("A" * 24, "damaged"),
        ("AQ" + "A" * 3_000, "damaged"),
        ("<img src=x onerror=alert(1)>", "damaged"),
        (OTHER_CODE, "about other models"),
    ],
)
def test_a_malformed_code_is_one_plain_line(
    watched: WatchedPage, seen_report: Path, code: str, sentence: str
) -> None:
    page = watched.open(seen_report, f"#blind={code}")
    lines = page.locator("#blind .problem:visible").all_inner_texts()
    assert len(lines) == 1
    assert sentence in lines[0]
    assert page.is_hidden("#blind [data-begin] >> nth=0")


def test_two_clicks_at_once_answer_one_trial(watched: WatchedPage, seen_report: Path) -> None:
    page = watched.open(seen_report)
    num = _begin(page)
    page.wait_for_timeout(PAUSE_MS)
    page.evaluate(
        """() => { for (let i = 0; i < 2; i++) document.querySelector(".blind-strip").click(); }"""
    )
    assert page.inner_text("[data-count]") == f"2 of {num}"
    page.click("[data-stop]")
    assert page.is_visible("#blind [data-begin] >> nth=0")


def test_it_works_in_a_sandboxed_frame(
    sandboxed: tuple[WatchedPage, Any], seen: Experiment
) -> None:
    watched, frame = sandboxed
    frame.click("#blind [data-kind=latents] [data-begin]")
    num = int(frame.inner_text("[data-count]").split(" of ")[1])
    for i in range(num):
        watched.page.wait_for_timeout(PAUSE_MS)
        frame.click(f".blind-strip >> nth={i % 2}")
    code = frame.input_value(".blind-link input").removeprefix("#blind=")
    assert pool_codes([code], seen.runs(), BLIND_SEED).tests[0].readers
    frame.click("text=Do it again")
    assert frame.inner_text("[data-count]") == f"1 of {num}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_asks_for_no_motion(
    watched: WatchedPage, seen_report: Path, scheme: str
) -> None:
    watched.page.set_viewport_size({"width": 390, "height": 800})
    watched.page.emulate_media(color_scheme=scheme, reduced_motion="reduce", forced_colors="active")
    page = watched.open(seen_report)
    num = _begin(page)
    top = page.evaluate("document.querySelector('[data-trial]').getBoundingClientRect().top")
    assert abs(top) < 40  # it is there at once, without scrolling smoothly
    for selector in (".blind-strip canvas >> nth=0", "[data-stop]"):
        box = page.locator(selector).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    _finish(page, num)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
