"""The README's picture of a report: its answer and its explorer, in a browser.

    python docs/pictures/report.py runs/demo/report.html

Needs Debian's Chromium and playwright (extra `dev`).
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).with_name("report.png")
WIDTH, GAP = 1200, 16
CODE = (1.2, -0.8, 0.9, -1.4, 0.6, 1.0)  # of the picture in the explorer


def main(report: Path) -> None:
    """Take the picture."""
    with sync_playwright() as started:
        chromium = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = chromium.new_page(viewport={"width": WIDTH, "height": 900})
        view = f"#a=1&b=4&from=-1&to=-1&t=0&z={','.join(map(str, CODE))}"
        page.goto(report.resolve().as_uri() + view)
        page.wait_for_selector("#explorer[data-ready]", state="attached")
        parts = [
            Image.open(io.BytesIO(page.locator(part).screenshot()))
            for part in (".answer", "#explorer")
        ]
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        chromium.close()
    height = sum(part.height for part in parts) + 3 * GAP
    whole = Image.new("RGB", (max(part.width for part in parts) + 2 * GAP, height), paper)
    top = GAP
    for part in parts:
        whole.paste(part, (GAP, top))
        top += part.height + GAP
    whole.quantize(128).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
