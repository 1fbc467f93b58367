"""Training while it goes on, as the served page shows it; in a browser, during a real training."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore
from typing import Any

import pytest

from tests.report.small import HOSTILE, is_escaped, reason, shown, small_config, small_context
from tests.report.watched_page import WatchedPage
from unknot.common.files import write_text
from unknot.data.image_set import ImageSet
from unknot.experiments.compare import compare
from unknot.experiments.experiment import Experiment
from unknot.experiments.watch import page_server
from unknot.runs.experiment_folder import ExperimentFolder

STEPS, HALTS = 15, (5, 10)
PATIENCE_SECONDS = 120
PATIENCE = 1000.0 * PATIENCE_SECONDS


def test_it_is_left_out_once_all_is_done(tmp_path: Path) -> None:
    context = small_context(tmp_path)
    context.files.write_config(context.config)
    for run in context.runs:
        run.files.history.unlink()
        run.files.mark_done()
    write_text(context.files.report, "the page")
    assert reason("live", context) == "nothing is being trained"


def test_without_scripts_each_run_has_a_line_and_reasons_are_escaped(tmp_path: Path) -> None:
    context = small_context(tmp_path, runs=[], script_data=None)
    context.files.write_config(context.config)
    folder = context.files.run(small_config().runs()[0])
    folder.path.mkdir()
    folder.append_log(f"error: {HOSTILE}")
    html = shown("live", context).replace('<script type="application/json" data-own>', "")
    assert "<li>beta 2, seed 0: waiting</li>" in html
    assert "1 of 2 runs is waiting, 1 failed" in html
    assert is_escaped(html)


class HeldTraining:
    """A real training of two runs that halts at some steps until it is let go on.

    Args:
        images: it is trained on.
        out: its folder.
    """

    def __init__(self, images: ImageSet, out: Path) -> None:
        self.files = ExperimentFolder(out)
        self._begun, self._gate = Semaphore(0), Semaphore(0)
        self._executor = ThreadPoolExecutor(1)
        self.future: Future[Experiment] = self._executor.submit(
            compare,
            images,
            [0.5, 2],
            out=out,
            engine="inline",
            progress=self._halt,
            latent_dim=3,
            steps=STEPS,
            batch_size=8,
            log_every=1,
            validate_every=5,
        )
        assert self._begun.acquire(timeout=PATIENCE_SECONDS), "training has not begun"

    def _halt(self, name: str, done: int, total: int) -> None:
        if name.startswith("beta") and done in HALTS:
            self._begun.release()
            assert self._gate.acquire(timeout=PATIENCE_SECONDS), "nobody lets the training go on"

    def go_on(self, halts: int = 1) -> None:
        """Let it come to the next halt, or to the one after so many."""
        self._gate.release(halts)

    def close(self) -> None:
        """Let it come to its end."""
        self.go_on(2 * len(HALTS))
        self._executor.shutdown()


@pytest.fixture
def training(bare_faces: ImageSet, tmp_path: Path) -> Iterator[HeldTraining]:
    """Two runs, the first of which stands at step 5."""
    held = HeldTraining(bare_faces, tmp_path / "experiment")
    yield held
    held.close()


def _wait(page: Any, selector: str, text: str) -> None:
    page.locator(selector, has_text=text).first.wait_for(timeout=PATIENCE)


def _unexpected(faults: list[str], address: str) -> list[str]:
    """Faults but for requests to the page's own server, and that it was away for a while."""
    return [
        fault
        for fault in faults
        if not fault.startswith(f"request {address[:70]}") and "net::ERR_" not in fault
    ]


def test_a_training_can_be_watched_to_its_end(browser: Any, training: HeldTraining) -> None:
    watched = WatchedPage(browser)
    page, server = watched.page, page_server(Experiment(training.files.path))
    card = "#live article"
    with server.running():
        page.goto(server.address)
        _wait(page, card, "step 5 of 15")
        _wait(page, f"{card} figcaption", "after step 5")
        _wait(page, "[data-connection]", "live")
        first = page.get_attribute(f"{card} img", "src")
        distortion = page.inner_text(f"{card} [data-value=distortion]")
        assert page.inner_text("#live [data-others]") == "beta 2, seed 0: waiting"
        assert page.locator(f"{card} rect").count() == 3
        training.go_on()
        _wait(page, f"{card} figcaption", "after step 10")
        _wait(page, card, "step 10 of 15")
        assert page.get_attribute(f"{card} img", "src") != first
        assert page.inner_text(f"{card} [data-value=distortion]") != distortion
        assert page.locator("[data-more]").is_hidden()
    _wait(page, "[data-connection]", "The connection to unknot is lost")
    training.go_on()
    again = page_server(Experiment(training.files.path))
    assert again.address == server.address
    with again.running():
        _wait(page, "[data-connection]", "live")
        _wait(page, f"{card}[data-state=finished] h3", "beta 0.5, seed 0")
        _wait(page, f"{card}[data-state=training] h3", "beta 2, seed 0")
        _wait(page, "[data-more]", "A run has been finished")
        assert watched.serious_violations() == []
        page.emulate_media(color_scheme="dark")
        assert watched.serious_violations() == []
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        training.go_on(halts=2)
        experiment = training.future.result(timeout=PATIENCE_SECONDS)
        _wait(page, "[data-more]", "The report is written")
        page.click("text=Open the report")
        page.locator("#explorer[data-ready]").wait_for(timeout=PATIENCE)
        assert page.locator("#live").count() == 0
        assert experiment.live_page() == experiment.files.report.read_text()
    page.close()
    assert _unexpected(watched.faults, server.address) == []
