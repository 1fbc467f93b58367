"""A page in a browser that is watched while it is open."""

from pathlib import Path
from typing import Any


class WatchedPage:
    """A page, and everything that it should not have done."""

    def __init__(self, browser: Any) -> None:
        self.page = browser.new_page()
        self.faults: list[str] = []
        self.page.on("console", self._on_message)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog {dialog.message}"))
        self.page.on("request", self._on_request)

    def _on_message(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def _on_request(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:", "blob:", "about:")):
            self.faults.append(f"request {request.url[:80]}")

    def open(self, path: Path, fragment: str = "") -> Any:
        """Open a report and wait until its scripts are ready."""
        self.page.goto(path.as_uri() + fragment)
        unready = self.page.locator("[data-widget]:not([data-ready])")
        unready.first.wait_for(state="detached")
        return self.page
