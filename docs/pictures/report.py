"""The README's moving picture of a report: its first screen, then its explorer, in a browser.

    python docs/pictures/report.py runs/demo/report.html

Needs Debian's Chromium and playwright (extra `dev`).
"""

import io
import math
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).with_name("report.gif")
WINDOW = {"width": 1200, "height": 760}
SIZE = (960, 608)
COLORS = 255
NUM_SWINGS, NUM_SLIDES, NUM_LATENTS = 16, 12, 3  # frames of the first screen, of a slider; sliders
SHORT, LONG = 110, 900  # milliseconds that a frame stays

MORPH = "phase => page.morph.draw(phase)"
SLIDE = """([row, value]) => {
    const slider = document.querySelectorAll("#explorer .row input")[row];
    slider.value = value;
    slider.dispatchEvent(new Event("input"));
}"""


def main(report: Path) -> None:
    """Take the picture."""
    with sync_playwright() as started:
        chromium = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = chromium.new_page(viewport=WINDOW, reduced_motion="reduce")
        page.goto(report.resolve().as_uri())
        page.locator("[data-widget]:not([data-ready])").first.wait_for(state="detached")
        frames = [(_shot(page), milliseconds) for milliseconds in scenes(page)]
        chromium.close()
    palette = _palette([frame for frame, _ in frames])  # one for all: what rests costs nothing
    pictures = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame, _ in frames]
    pictures[0].save(
        PICTURE,
        save_all=True,
        append_images=pictures[1:],
        duration=[milliseconds for _, milliseconds in frames],
        loop=0,
        optimize=True,
    )
    print(f"{PICTURE}: {len(pictures)} frames, {PICTURE.stat().st_size / 1e6:.2f} MB")


def scenes(page: Any) -> Iterator[int]:
    """Bring the page into the state of each frame; gives how long the frame stays."""
    for i in range(NUM_SWINGS):
        page.evaluate(MORPH, i / NUM_SWINGS)
        yield LONG if i == 0 else SHORT
    stops = page.locator("[data-slider]")
    for stop in range(int(stops.get_attribute("max")) + 1):
        stops.fill(str(stop))
        yield LONG
    page.evaluate("document.getElementById('explore').scrollIntoView()")
    for row in range(NUM_LATENTS):
        for i in range(NUM_SLIDES):
            page.evaluate(SLIDE, [row, 2.5 * math.sin(2 * math.pi * i / NUM_SLIDES)])
            page.wait_for_timeout(200)  # the small pictures follow
            yield SHORT


def _palette(frames: list[Image.Image]) -> Image.Image:
    """Choose colors that fit all frames."""
    some = frames[:: max(1, len(frames) // 8)]
    strip = Image.new("RGB", (SIZE[0], SIZE[1] * len(some)))
    for i, frame in enumerate(some):
        strip.paste(frame, (0, i * SIZE[1]))
    return strip.quantize(COLORS, method=Image.Quantize.MAXCOVERAGE)


def _shot(page: Any) -> Image.Image:
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return picture.resize(SIZE, Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
