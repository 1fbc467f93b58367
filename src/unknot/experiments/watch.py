"""The page of an experiment while it trains: at which address it is served, and to whom."""

import json
import os
import secrets
import webbrowser
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from unknot.common.errors import UserError
from unknot.common.files import written_beside
from unknot.common.reading import read_json
from unknot.experiments.experiment import Experiment
from unknot.report.run_watcher import ExperimentWatcher
from unknot.report.seal import is_sealed, seal
from unknot.runs.experiment_folder import ExperimentFolder

if TYPE_CHECKING:
    from unknot.report.server import PageServer

LIBRARIES = ("starlette", "uvicorn")
TOKEN_BYTES = 24


class Address(NamedTuple):
    """Where an experiment was served last, so that a page that is open goes on.

    Attributes:
        port: of this machine.
        token: that the address holds.
    """

    port: int
    token: str


def check_watchable() -> None:
    """Check that what serves the page is installed.

    Raises:
        UserError: if it is not.
    """
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        raise UserError(
            f"the live page needs {' and '.join(missing)}: pip install 'unknot[watch]', then the "
            "same command again"
        )


def page_server(experiment: Experiment, port: int | None = None) -> "PageServer":
    """Open a port for the page of an experiment, the same as the last time where that is free.

    Port and token are kept in a file that the user alone can read. Where that file was not written
    by this user's unknot, or cannot be written, both are new.

    Args:
        experiment: with or without finished runs.
        port: that must be taken; by default the last one, or any that is free.

    Raises:
        UserError: if the port is taken, or cannot be.
    """
    from unknot.report.server import PageServer, is_free  # needs the extra

    files = experiment.files
    last = _read_address(files)
    if port is None:
        port = last.port if last and is_free(last.port) else 0
    server = PageServer(
        html=lambda: Experiment(files.path).live_page(),
        look=ExperimentWatcher(files).look,
        token=last.token if last else secrets.token_urlsafe(TOKEN_BYTES),
        port=port,
    )
    if os.access(files.served if files.served.exists() else files.path, os.W_OK):
        _write_address(files, Address(port=server.port, token=server.token))
    return server


def _read_address(files: ExperimentFolder) -> Address | None:
    """Read where it was served last; None where that is not known, or somebody else says so."""
    try:
        document = read_json(files.served, within=files.path)
    except UserError:
        return None
    if not isinstance(document, dict):
        return None
    port, token, mark = document.get("port"), document.get("token"), document.get("seal")
    if not isinstance(port, int) or not isinstance(token, str) or not isinstance(mark, str):
        return None
    address = Address(port=port, token=token)
    return address if is_sealed(_sealed_text(address), mark) else None


def _write_address(files: ExperimentFolder, address: Address) -> None:
    with written_beside(files.served) as temporary:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(address._asdict() | {"seal": seal(_sealed_text(address))}, file)


def _sealed_text(address: Address) -> str:
    return f"address {address.port} {address.token}"


def open_in_browser(address: str) -> bool:
    """Open an address, unless the only browser is one that would take over the terminal.

    Returns:
        Whether it was opened.
    """
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    is_in_terminal = type(browser) is webbrowser.GenericBrowser
    return not is_in_terminal and browser.open(address)
