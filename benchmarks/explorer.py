"""The page in a browser: time per image, to the first picture, from a slider to its picture.

    python benchmarks/explorer.py [REPORT ...] [--json]

Needs Debian's Chromium and playwright (extra `dev`). Without a report, one of four runs of the
reference network (64 pixels, six latents, a few steps) is made for it.
"""

import argparse
import json
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

import unknot
from common import machine
from unknot.report.render import WASM

REPEATS = 100
DECODE = """num => {
    const decoder = page.decoder(page.runs[0]), times = [];
    const z = new Array(page.runs[0].latents.length).fill(0.3);
    for (let i = 0; i < num; i++) {
        const begun = performance.now();
        decoder.paint(z, page.pixels());
        times.push(performance.now() - begun);
    }
    return times;
}"""


SLIDE = """num => {
    const slider = document.querySelector("#explorer input[type=range]"), times = [];
    for (let i = 0; i < num; i++) {
        slider.value = Math.sin(i);
        const begun = performance.now();
        slider.dispatchEvent(new Event("input"));
        times.push(performance.now() - begun);
    }
    return times;
}"""
FIRST = "performance.getEntriesByName('answers')[0].startTime"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reports", nargs="*", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results: dict[str, Any] = {"machine": machine()}
    with tempfile.TemporaryDirectory() as folder:
        for report in options.reports or [make_report(Path(folder))]:
            name = str(report) if options.reports else "four runs of the reference network"
            results[name] = measure(report.resolve(), Path(folder))
    print(json.dumps(results, indent=2))


def make_report(folder: Path) -> Path:
    images = unknot.load_images("faces", num=2_000)
    out = folder / "experiment"
    return unknot.compare(images, [0.1, 1, 2, 10], steps=20, out=out).folder / "report.html"


def measure(report: Path, folder: Path) -> dict[str, Any]:
    """Measure one page with each kernel."""
    text = report.read_text(encoding="utf-8")
    plain = folder / "plain.html"
    plain.write_text(text.replace(WASM, "", 1), encoding="utf-8")
    results: dict[str, Any] = {"MB": round(report.stat().st_size / 1e6, 2)}
    with sync_playwright() as started:
        path = shutil.which("chromium")
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for name, page_file in (("WebAssembly", report), ("plain JavaScript", plain)):
            page = browser.new_page()
            page.goto(page_file.as_uri())
            page.wait_for_selector("#explorer[data-ready]", state="attached")
            times = page.evaluate(DECODE, REPEATS)
            slides = page.evaluate(SLIDE, REPEATS)
            page.locator("#traversals").scroll_into_view_if_needed()
            before = page.evaluate("page.traversals.frames")
            page.wait_for_timeout(3_000)
            frames = page.evaluate("page.traversals.frames") - before
            results[name] = {
                "kernel": page.inner_text("[data-kernel]"),
                "ms_per_image": round(statistics.median(times), 3),
                "ms_to_first_picture": round(page.evaluate(FIRST)),
                "ms_from_slider_to_picture": round(statistics.median(slides), 3),
                "grid_frames_per_second": round(frames / 3, 1),
            }
            page.close()
        browser.close()
    return results


if __name__ == "__main__":
    main()
