"""One browser for all tests of the page, and the page of the experiment that all share."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.report.watched_page import WatchedPage
from unknot.experiments.experiment import Experiment

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra dev)")
    if not CHROMIUM:
        pytest.skip("needs Debian's chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def watched(browser: Any) -> Iterator[WatchedPage]:
    """A page that must do nothing that it should not."""
    watched_page = WatchedPage(browser)
    yield watched_page
    watched_page.page.close()
    assert watched_page.faults == []


@pytest.fixture(scope="session")
def report(trained: Experiment) -> Path:
    """The page of the trained experiment."""
    return trained.report()


@pytest.fixture(scope="session")
def seen_report(seen: Experiment) -> Path:
    """Its page."""
    return seen.report()
