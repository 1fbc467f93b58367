"""Cards of latents: in the piece, and in a browser."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.report.small import (
    HOSTILE,
    is_escaped,
    reason,
    shown,
    small_config,
    small_context,
    small_evidence,
    small_labels,
    small_run,
    small_run_evidence,
)
from tests.report.watched_page import WatchedPage
from unknot.common.files import write_arrays
from unknot.common.reading import read_arrays
from unknot.config.parts import CUSTOM, ModelConfig
from unknot.experiments.experiment import Experiment


def test_every_run_has_cards_and_the_first_is_shown(tmp_path: Path) -> None:
    html = shown("cards", small_context(tmp_path))
    assert html.count("<article") == 4
    assert '<div data-cards="beta-0.5_seed-0">' in html
    assert '<div data-cards="beta-2_seed-0" hidden>' in html
    assert html.count("Latent 2 is not in use (collapsed)") == 2
    assert "<strong>Lower with Bald</strong>: AUROC 0.90" in html
    assert "<strong>No label explains it</strong>." in html
    assert "KL 5.00 nats" in html


def test_partners_are_linked_with_their_strength(tmp_path: Path) -> None:
    config = small_config(seeds=(0, 1))
    html = shown("cards", small_context(tmp_path, config=config, evidence=None))
    assert '<a href="#latent=beta-0.5_seed-1/1">latent 1 of seed 1</a> (1.00)' in html
    assert '<a href="#latent=beta-2_seed-0/1">latent 1 of beta 2, seed 0</a> (1.00)' in html


def test_images_that_are_gone_are_named_once_for_each_run(tmp_path: Path) -> None:
    html = shown("cards", small_context(tmp_path))
    sentence = "The images with the lowest and the highest codes are not shown: the prepared"
    assert html.count(sentence) == 2
    assert "latent-extremes" not in html
    assert "latent-strip" in html


def test_without_evidence_cards_say_how_to_gather_it(tmp_path: Path) -> None:
    context = small_context(tmp_path, evidence=None)
    assert "this run was trained alone" in shown("cards", context)
    context.files.write_config(context.config)
    html = shown("cards", context)
    assert "is not known: no evidence of these runs yet" in html
    assert "latent-strip" in html
    assert "<strong>" not in html
    others = small_evidence(runs={"beta-2_seed-0": small_run_evidence(2.0, 0)})
    html = shown("cards", small_context(tmp_path, evidence=others))
    assert html.count("gathered without this run") == 1


def test_without_labels_cards_say_so(tmp_path: Path) -> None:
    runs = {"beta-2_seed-0": small_run_evidence(2.0, 0, labels=None)}
    evidence = small_evidence(runs=runs, not_available={"labels": "there are no labels"})
    html = shown("cards", small_context(tmp_path, evidence=evidence))
    assert "No labels that came with the images were compared with these latents: there" in html


def test_a_decoder_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    config = small_config(betas=(2.0,), model=ModelConfig(latent_dim=3, network=CUSTOM))
    runs = [small_run(tmp_path, run) for run in config.runs()]
    html = shown("cards", small_context(tmp_path, config=config, runs=runs, script_data=None))
    assert "What moving a latent does is not shown: " in html
    assert "latent-strip" not in html
    assert "latent-codes" in html


def test_pictures_beyond_the_budget_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unknot.report.sections.cards.PICTURE_BYTES", 10)
    html = shown("cards", small_context(tmp_path))
    assert html.count("latent-strip") == 2
    assert html.count("These cards have no pictures") == 1
    assert html.count("<article") == 4


def test_without_runs_it_is_left_out(tmp_path: Path) -> None:
    assert reason("cards", small_context(tmp_path, runs=[])) == "no run is finished"


def test_hostile_labels_are_escaped(tmp_path: Path) -> None:
    labels = small_labels(label_names=(HOSTILE, HOSTILE, HOSTILE))
    runs = {"beta-2_seed-0": small_run_evidence(2.0, 0, labels=labels)}
    context = small_context(tmp_path, evidence=small_evidence(runs=runs))
    assert is_escaped(shown("cards", context))


@pytest.fixture(scope="module")
def spread(trained: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the trained experiment with codes as if training had gone on.

    Every latent has a deviation of 1, but for latent 2 of beta 2, which is collapsed.
    """
    folder = tmp_path_factory.mktemp("cards") / "experiment"
    shutil.copytree(trained.folder, folder)
    experiment = Experiment(folder)
    for run in experiment.runs():
        arrays = read_arrays(run.files.codes)
        mean = arrays["posterior_mean"]
        deviation = (1, 1, 0 if run.config.beta == 2 else 1)
        arrays["posterior_mean"] = (mean / mean.std(0) * deviation).astype(np.float32)
        write_arrays(run.files.codes, arrays)
        run.files.mark_done()
    return experiment.report()


def _run_shown(page: Any) -> str:
    groups = page.locator("[data-cards]:visible")
    assert groups.count() == 1
    return str(groups.get_attribute("data-cards"))


def test_the_choice_shows_the_cards_of_one_run(watched: WatchedPage, spread: Path) -> None:
    page = watched.open(spread)
    assert _run_shown(page) == "beta-0.5_seed-0"
    page.select_option(".latent-cards [data-choice]", "beta-2_seed-0")
    assert _run_shown(page) == "beta-2_seed-0"
    assert page.evaluate("page.selected") == "beta-2_seed-0"
    page.evaluate("page.select('beta-0.5_seed-0')")
    assert _run_shown(page) == "beta-0.5_seed-0"
    assert page.input_value(".latent-cards [data-choice]") == "beta-0.5_seed-0"


def test_an_address_opens_the_card_and_marks_it(watched: WatchedPage, spread: Path) -> None:
    page = watched.open(spread, "#latent=beta-2_seed-0/1")
    marked = page.locator(".latent-card[aria-current]")
    assert marked.get_attribute("data-card") == "beta-2_seed-0/1"
    assert _run_shown(page) == "beta-2_seed-0"
    assert page.evaluate("page.selected") == "beta-2_seed-0"
    page.wait_for_function("scrollY > 0")
    assert page.evaluate("document.activeElement.dataset.card") == "beta-2_seed-0/1"
    page.evaluate("location.hash = 'latent=beta-0.5_seed-0/0'")
    page.wait_for_function(
        "document.querySelector('.latent-card[aria-current]').dataset.card === 'beta-0.5_seed-0/0'"
    )


@pytest.mark.parametrize(
    "key", ["nobody/7", "beta-2_seed-0/99", "", "<img src=x onerror=alert(1)>"]
)
def test_an_address_that_asks_for_no_latent_of_the_page_gets_a_line(
    key: str, watched: WatchedPage, spread: Path
) -> None:
    page = watched.open(spread, f"#latent={key}")
    line = page.locator(".latent-cards [data-unknown]")
    line.wait_for(state="visible")
    assert f"This page has no latent called {key}, which" in line.text_content()
    assert page.evaluate("document.activeElement.dataset.unknown") == ""
    assert _run_shown(page) == "beta-0.5_seed-0"
    page.evaluate("location.hash = 'latent=beta-2_seed-0/1'")
    page.locator(".latent-card[aria-current]").wait_for(state="visible")
    assert not line.is_visible()


def test_the_link_to_a_partner_leads_to_its_card(watched: WatchedPage, spread: Path) -> None:
    page = watched.open(spread)
    link = page.locator("[data-cards]:visible a[href^='#latent=']").first
    address = link.get_attribute("href")
    link.click()
    marked = page.locator(".latent-card[aria-current]")
    assert f"#latent={marked.get_attribute('data-card')}" == address
    assert _run_shown(page) == "beta-2_seed-0"


def test_the_button_copies_the_address(watched: WatchedPage, spread: Path) -> None:
    page = watched.open(spread)
    page.evaluate("() => { window.copied = []; copyText = (text) => copied.push(text); }")
    page.locator(".latent-card [data-link]:visible").first.click()
    fragment = page.locator(".latent-card [data-link]").first.get_attribute("data-link")
    assert page.evaluate("copied") == [f"{spread.as_uri()}#{fragment}"]


def test_every_picture_says_what_it_shows(watched: WatchedPage, spread: Path) -> None:
    page = watched.open(spread)
    pictures = page.locator(".latent-card img").all()
    assert len(pictures) == 3 * 5
    for image in pictures:
        assert any(digit in image.get_attribute("alt") for digit in "0123456789")
    for drawing in page.locator(".latent-card svg").all():
        assert "test images: mean" in drawing.get_attribute("aria-label")
    broken = "all => all.filter(it => it.complete && !it.naturalWidth).length"
    assert page.eval_on_selector_all(".latent-card img", broken) == 0


@pytest.mark.parametrize("width", [390, 1400])
def test_cards_fit_the_window(watched: WatchedPage, spread: Path, width: int) -> None:
    watched.page.set_viewport_size({"width": width, "height": 900})
    page = watched.open(spread)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    boxes = [card.bounding_box() for card in page.locator(".latent-card:visible").all()]
    columns = {box["x"] for box in boxes}
    assert len(columns) == (1 if width == 390 else 2)


def test_a_collapsed_latent_leads_to_the_sentence_about_it(
    watched: WatchedPage, spread: Path
) -> None:
    page = watched.open(spread, "#latent=beta-2_seed-0/2")
    text = page.evaluate("document.activeElement.textContent")
    assert text.startswith("Latent 2 is not in use (collapsed)")


def test_the_address_of_a_card_stays_for_the_next_visit(watched: WatchedPage, spread: Path) -> None:
    page = watched.open(spread, "#latent=beta-2_seed-0/1")
    page.wait_for_timeout(300)  # after which the explorer writes what was changed in it
    assert page.evaluate("location.hash") == "#latent=beta-2_seed-0/1"


def test_without_javascript_every_run_is_there_and_no_dead_control(
    browser: Any, spread: Path
) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(spread.as_uri())
    runs = page.locator("[data-cards]")
    assert runs.count() == page.locator("[data-cards]:visible").count() > 1
    assert page.locator("button:visible, input:visible, select:visible").count() == 0
    assert not page.locator(".latent-cards [data-choice]").is_visible()
    assert page.locator(".latent-card img").first.is_visible()
    page.close()
