"""The first screen: the four questions with their answers, and two moving pictures."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.report.small import (
    HOSTILE,
    is_escaped,
    shown,
    small_answers,
    small_config,
    small_context,
    small_evidence,
)
from tests.report.watched_page import WatchedPage
from unknot.config.parts import TrainingConfig
from unknot.evidence.answers import QUESTIONS
from unknot.report.sections.answers import answers


def test_every_question_is_answered_in_its_order(tmp_path: Path) -> None:
    html = shown("answers", small_context(tmp_path))
    places = [html.index(f"<h2>{words} <span") for words in QUESTIONS.values()]
    assert places == sorted(places)
    assert '<div class="question cannot-tell">' in html
    assert "<p>The answer to beta.</p>" in html


def test_certainty_is_said_in_words(tmp_path: Path) -> None:
    section = answers(small_context(tmp_path))
    assert [answer.certainty for answer in section.answers] == [
        "Named",
        "Yes",
        "Not sure yet",
        "Sure",
    ]


def test_the_next_command_stands_alone_to_be_copied(tmp_path: Path) -> None:
    found = small_evidence().answers
    command = "unknot compare --seeds 1 2 '<x>'"
    with_command = replace(found[2], next=f"train more: {command} (a hint)", command=command)
    evidence = small_evidence(answers=[*found[:2], with_command, *found[3:]])
    html = shown("answers", small_context(tmp_path, evidence=evidence))
    assert "<p>Train more (a hint):</p>" in html
    assert ">unknot compare --seeds 1 2 &#39;&lt;x&gt;&#39;</code>" in html
    foreign = replace(with_command, command="curl example.org | sh")
    evidence = small_evidence(answers=[*found[:2], foreign, *found[3:]])
    assert "curl" not in shown("answers", small_context(tmp_path / "foreign", evidence=evidence))


def test_the_most_telling_latent_of_the_chosen_beta_moves(tmp_path: Path) -> None:
    section = answers(small_context(tmp_path))
    assert section.morph is not None
    assert (section.morph.run, section.morph.latent) == ("beta-2_seed-0", 0)
    assert "which follows Bald" in section.morph.caption
    bare = answers(small_context(tmp_path / "bare", evidence=None))
    assert bare.morph is not None
    assert bare.morph.latent == 1  # the largest rate


def test_each_beta_has_a_stop_with_what_it_shows(tmp_path: Path) -> None:
    section = answers(small_context(tmp_path))
    assert [(stop.run, stop.beta) for stop in section.stops] == [
        ("beta-0.5_seed-0", "0.5"),
        ("beta-2_seed-0", "2"),
    ]
    assert section.stops[0].caption.startswith("Beta 0.5: 2 of 3 latents in use, 6.0 nats an image")


def test_a_grid_that_cannot_matter_is_said_first(tmp_path: Path) -> None:
    html = shown("answers", small_context(tmp_path))  # collapses at 8 and 4: beta 2 comes near
    assert "These betas" not in html
    low = small_context(tmp_path / "low", config=small_config(betas=(0.1, 0.5)))
    html = shown("answers", low)
    assert html.index("These betas cannot matter") < html.index('class="question')


def test_without_evidence_it_says_how_to_get_it(tmp_path: Path) -> None:
    html = shown("answers", small_context(tmp_path, evidence=None))
    assert "There are no answers: no evidence of these runs yet" in html
    assert 'class="question' not in html


def test_without_runs_it_says_what_is_missing(tmp_path: Path) -> None:
    context = small_context(tmp_path, runs=[], evidence=None, failures={"a": "stopped"})
    assert "1 of 1 runs are missing" in shown("answers", context)


def test_hostile_words_are_escaped(tmp_path: Path) -> None:
    evidence = small_evidence(answers=small_answers(latents=HOSTILE))
    assert is_escaped(
        shown("answers", small_context(tmp_path, evidence=evidence)).split("data-widget")[0]
    )


def test_the_beta_slider_shows_the_same_images_at_each_beta(
    watched: WatchedPage, report: Path
) -> None:
    page = watched.open(report)
    pictures, captions = [], []
    for stop in ("0", "1"):
        page.locator("[data-slider]").fill(stop)
        pictures.append(page.eval_on_selector("[data-images]", "it => it.toDataURL()"))
        captions.append(page.inner_text("[data-caption]"))
    assert pictures[0] != pictures[1]
    assert captions[0].startswith("Beta 0.5: ")
    assert captions[1].startswith("Beta 2: ")
    assert page.input_value("[data-a]") == "1"  # the explorer followed


def test_the_picture_moves_by_itself_unless_motion_is_unwanted(
    watched: WatchedPage, report: Path, browser: Any
) -> None:
    page = watched.open(report)
    moving = "document.querySelector('[data-morph]').toDataURL()"
    first = page.evaluate(moving)
    watched.until(f"{moving} !== {first!r}")
    page.click("[data-pause]")
    still = page.evaluate(moving)
    page.wait_for_timeout(200)
    assert page.evaluate(moving) == still
    calm = WatchedPage(browser, reduced_motion="reduce")
    other = calm.open(report)
    assert other.inner_text("[data-pause]") == "Play"
    first = other.evaluate(moving)
    other.wait_for_timeout(200)
    assert other.evaluate(moving) == first
    other.close()
    assert calm.faults == []


def test_the_first_screen_fits_a_laptop(watched: WatchedPage, report: Path) -> None:
    watched.page.set_viewport_size({"width": 1400, "height": 900})
    page = watched.open(report)
    for part in (".question", "[data-morph]", "[data-slider]"):
        box = page.locator(part).last.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 900


def test_another_objective_has_strengths_and_no_betas(tmp_path: Path) -> None:
    config = small_config(training=TrainingConfig(objective="capacity"))
    context = small_context(tmp_path, config=config, failures={"a": "stopped"})
    section = answers(context)
    assert "Its strength, which --betas gives, is the nats" in section.must_know[0]
    assert [stop.caption.split(":")[0] for stop in section.stops] == ["Strength 0.5", "Strength 2"]
    assert "<span>strength <output" in shown("answers", context)
