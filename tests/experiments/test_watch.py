"""At which address an experiment is served, and to whom."""

import stat
import webbrowser
from pathlib import Path
from typing import Any

import pytest

from unknot.common.errors import UserError
from unknot.common.files import write_json
from unknot.experiments import watch
from unknot.experiments.experiment import Experiment
from unknot.experiments.watch import check_watchable, open_in_browser, page_server
from unknot.report.server import PageServer


def _closed(server: PageServer) -> PageServer:
    """A server that has run for a moment, so that its port is free again."""
    with server.running():
        pass
    return server


def test_a_restart_has_the_same_address(copied: Experiment) -> None:
    first = _closed(page_server(copied))
    assert stat.S_IMODE(copied.files.served.stat().st_mode) == 0o600
    assert first.token in first.address
    assert len(first.token) >= 32
    second = page_server(copied)
    assert second.address == first.address
    third = page_server(copied)  # while the second has the port
    assert third.port != first.port
    assert third.token == first.token
    assert _closed(third).port == _closed(page_server(copied)).port
    _closed(second)


def test_a_port_can_be_asked_for(copied: Experiment) -> None:
    taken = page_server(copied)
    with pytest.raises(UserError, match=f"port {taken.port} cannot be had"):
        page_server(copied, taken.port)
    _closed(taken)
    assert _closed(page_server(copied, taken.port)).port == taken.port


def test_each_experiment_has_a_token_of_its_own(copied: Experiment) -> None:
    first = _closed(page_server(copied))
    copied.files.served.unlink()
    assert _closed(page_server(copied)).token != first.token


def test_in_a_folder_of_somebody_elses_nothing_is_written(
    copied: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    first, second = _closed(page_server(copied)), _closed(page_server(copied))
    assert first.token != second.token
    assert not copied.files.served.exists()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    check_watchable()
    monkeypatch.setattr(watch, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'unknot\[watch\]'"):
        check_watchable()


def test_a_browser_that_takes_the_terminal_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    class Graphical(webbrowser.BaseBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
            opened.append(url)
            return True

    def none() -> Any:
        raise webbrowser.Error

    for browser, is_opened in ((Graphical(), True), (webbrowser.GenericBrowser("lynx"), False)):
        monkeypatch.setattr(webbrowser, "get", lambda browser=browser: browser)
        assert open_in_browser("http://127.0.0.1:1/x/") is is_opened
    monkeypatch.setattr(webbrowser, "get", none)
    assert not open_in_browser("http://127.0.0.1:1/x/")
    assert opened == ["http://127.0.0.1:1/x/"]


def test_the_page_is_that_of_the_folder_as_it_is_now(copied: Experiment) -> None:
    report = copied.report().read_text()
    assert copied.live_page() == report
    (copied.folder / "beta-2_seed-0" / "done").unlink()
    page = copied.live_page()
    assert "connect-src 'self'" in page
    assert "connect-src" not in report
    assert 'data-widget="live"' in page
    assert "runs are missing" not in page
    (copied.folder / "beta-0.5_seed-0" / "done").unlink()
    assert 'data-widget="live"' in copied.live_page()


def test_the_folder_is_left_as_it_was(copied: Experiment) -> None:
    def files() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in copied.folder.rglob("*")}

    copied.files.report.unlink()
    before = files()
    copied.live_page()
    assert files() == before


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"port": "80", "token": "a" * 32, "seal": ""},
        {"port": 80, "token": "", "seal": ""},
        {"port": 80},
        {"port": 80, "token": "a" * 32},
        {"port": 80, "token": "a" * 32, "seal": "b" * 64},
    ],
)
def test_an_address_that_another_made_up_is_not_taken(copied: Experiment, document: Any) -> None:
    write_json(copied.files.served, document)
    server = _closed(page_server(copied))
    assert len(server.token) >= 32
    assert server.token != "a" * 32
    assert _closed(page_server(copied)).address == server.address


def test_no_address_is_read_or_written_through_a_link(copied: Experiment, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    _closed(page_server(copied))
    copied.files.served.rename(outside)
    content = outside.read_bytes()
    copied.files.served.symlink_to(outside)
    assert _closed(page_server(copied)).token.encode() not in content
    assert outside.read_bytes() == content
    assert not copied.files.served.is_symlink()
