"""A page in a browser that is watched while it is open."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

HALF = 2  # levels of 255 that half-precision weights may cost


class WatchedPage:
    """A page, and everything that it should not have done."""

    def __init__(self, browser: Any, **settings: Any) -> None:
        self.page = browser.new_page(**settings)
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

    def slide(self, latent: int, value: float) -> None:
        """Move a slider of the explorer."""
        self.page.eval_on_selector(
            f"#explorer input[data-latent='{latent}']",
            "(it, value) => { it.value = value; it.dispatchEvent(new Event('input')); }",
            value,
        )

    def pixels(self, selector: str) -> np.ndarray:
        """Read the pixels of a canvas, `(height, width, 3)`."""
        address = self.page.eval_on_selector(selector, "it => it.toDataURL()")
        with Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))) as picture:
            return np.asarray(picture.convert("RGB")).astype(int)

    def serious_violations(self) -> list[str]:
        """Name what axe-core calls serious or critical, with the elements."""
        results = Axe().run(self.page).response
        return [
            f"{violation['id']}: {node['html'][:200]} {node['any'] and node['any'][0]['message']}"
            for violation in results["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]

    def until(self, expression: str) -> None:
        """Wait until it holds; the page's policy lets nothing be evaluated from within."""
        for _ in range(500):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"never came true: {expression}")
