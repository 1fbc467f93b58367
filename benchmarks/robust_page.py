"""Opens the pages of hostile experiment folders in Chromium and counts what came of them.

    python benchmarks/robust_page.py [--json] [--only WORD]

Each kind of folder (hostile_folders.py) is made from a small trained experiment; `unknot report`
writes its page, within ten seconds and 2 GB, or refuses in one line. In the page no script of the
folder's may run, nothing be loaded, no text of it be markup, and nothing be shown that lies outside
the folder. Takes Debian's Chromium and some minutes; exits with 1 if anything was wrong.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hostile_folders import KINDS, LINKED, NAMES, RUN, SECRET, outside_of
from robust_common import ACCEPTED, ONE_LINE, Tally, Verdict, judged, run_forked

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
FOREIGN = "x-hacked, iframe, frame, object, embed, base, form, link, meta[http-equiv=refresh]"
COLUMNS = ("ran", "loaded", "markup", "leaked", "hidden", "errors")


class Opened(NamedTuple):
    """What a page did that it should not have done, each a list of words; all empty if it is safe.

    Attributes:
        ran: scripts and dialogs.
        loaded: addresses that were asked for, or that the page went to.
        markup: elements and styles that a text became.
        leaked: what of outside the folder stands in it.
        hidden: characters that cannot be seen or turn text around.
        errors: of the console, and pictures that cannot be shown.
    """

    ran: list[str]
    loaded: list[str]
    markup: list[str]
    leaked: list[str]
    hidden: list[str]
    errors: list[str]


def open_page(browser: Any, kind: str, path: Path) -> Opened:
    """Open a page, wait until its scripts are ready, and look at what is there."""
    opened = Opened([], [], [], [], [], [])
    page = browser.new_page()
    page.on("dialog", lambda dialog: (opened.ran.append("dialog"), dialog.dismiss()))
    page.on("pageerror", lambda error: opened.errors.append(str(error)[:200]))
    page.on("console", lambda message: _hear(opened, message))
    page.on("request", lambda request: _see(opened, request.url, path))
    page.goto(path.as_uri())
    page.locator("[data-widget]:not([data-ready])").first.wait_for(state="detached", timeout=60_000)
    page.wait_for_timeout(200)
    text = _look(opened, page, path)
    if kind in LINKED and _has_read(page, LINKED[kind], text):
        opened.leaked.append(f"{LINKED[kind]} was read through a link")
    page.close()
    return opened


def _has_read(page: Any, name: str, text: str) -> bool:
    """Whether a page shows what lies in a file that is linked, rather than say that it does not."""
    if name.endswith("frames.npz"):
        return bool(page.evaluate(f"Boolean(window.page.run('{RUN}').sheet)"))
    return name != "plan.json" and "is a link to" not in text  # of the plan it shows the hash alone


def _hear(opened: Opened, message: Any) -> None:
    if message.type in ("error", "warning"):
        opened.errors.append(message.text[:200])


def _see(opened: Opened, address: str, path: Path) -> None:
    if not address.startswith(("data:", "blob:", "about:")) and address != path.as_uri():
        opened.loaded.append(address[:100])


def _look(opened: Opened, page: Any, path: Path) -> str:
    """Look at a page that stands; gives its text."""
    if page.evaluate("window.hacked !== undefined"):
        opened.ran.append("window.hacked")
    if not page.url.startswith(path.as_uri()):
        opened.loaded.append(page.url)
    opened.markup.extend(page.eval_on_selector_all(FOREIGN, "all => all.map((it) => it.localName)"))
    if page.locator("script:not([type])").count() > 1:
        opened.markup.append("script")
    if page.evaluate("getComputedStyle(document.body).getPropertyValue('--hacked')"):
        opened.markup.append("style")
    text = page.evaluate("document.title + document.documentElement.textContent")
    attributes = page.evaluate(
        "[...document.querySelectorAll('*')].flatMap((it) => [...it.attributes])"
        ".map((it) => it.value).filter((it) => !it.startsWith('data:')).join(' ')"
    )
    if page.evaluate("[...document.images].some((it) => !it.src.startsWith('data:image/'))"):
        opened.loaded.append("an image that is no data")
    if page.evaluate("[...document.images].some((it) => it.complete && !it.naturalWidth)"):
        opened.errors.append("a picture that cannot be shown")
    secrets = [SECRET, *filter(None, Path("/etc/passwd").read_text().splitlines())]
    opened.leaked.extend(secret for secret in secrets if secret in text + attributes)
    opened.hidden.extend(sorted({ascii(found) for found in HIDDEN.findall(text + attributes)}))
    return str(text)


def trained_experiment(place: Path) -> Path:
    """Train a small experiment whose latents are all in use."""
    from unknot.data.load import load_images
    from unknot.experiments.compare import compare

    images = load_images("faces", num=200, size=32)
    betas, options = [0.01, 2], {"steps": 120, "batch_size": 8, "latent_dim": 3}
    compare(images, betas, out=place, engine="inline", progress=False, **options)
    for run in place.glob("beta-*"):
        shutil.rmtree(run / "checkpoint")
        (run / "log.txt").touch()
    return place


def spoiled_copy(experiment: Path, kind: str, place: Path) -> tuple[Path, Path]:
    """Make a hostile folder; gives it, and the folder outside it that links lead to."""
    place.mkdir(parents=True)
    folder, outside = place / NAMES.get(kind, "experiment"), outside_of(place / "outside")
    shutil.copytree(experiment, folder)
    KINDS[kind](folder, outside)
    return folder, outside


def contents(folder: Path) -> dict[str, bytes]:
    """Read every file of the folder outside, to see whether one was written to."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size < 1 << 24]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def write_page(folder: Path, outside: Path) -> Verdict:
    """Write the page of a hostile folder as the command line does."""
    from unknot.cli import main

    before = contents(outside)
    verdict = judged(run_forked(lambda: main(["report", str(folder), "--quiet"])))
    if contents(outside) != before:
        return Verdict("other", "wrote outside the folder")
    if verdict.outcome == ACCEPTED and (folder / "report.html").is_symlink():
        return Verdict("other", "the page is a link")
    return verdict


def main(words: Sequence[str] | None = None) -> int:
    """Try every kind; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--only", default="", help="kinds whose name holds this")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        os.environ["UNKNOT_CACHE"] = str(place / "cache")
        experiment = trained_experiment(place / "experiment")
        kinds = [kind for kind in KINDS if options.only in kind]
        folders = {kind: place / f"{i}" for i, kind in enumerate(kinds)}
        verdicts = {}
        for kind, folder in folders.items():
            verdicts[kind] = write_page(*spoiled_copy(experiment, kind, folder))
        pages = {
            kind: folders[kind] / NAMES.get(kind, "experiment") / "report.html"
            for kind, verdict in verdicts.items()
            if verdict.outcome == ACCEPTED
        }
        return finish(verdicts, open_pages(pages), as_json=options.json)


def open_pages(pages: dict[str, Path]) -> dict[str, Opened]:
    """Open every page in one browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        return {kind: open_page(browser, kind, path) for kind, path in pages.items()}


def finish(verdicts: dict[str, Verdict], opened: dict[str, Opened], *, as_json: bool) -> int:
    """Print what came of each kind; gives the exit status."""
    tally = Tally()
    rows = []
    for kind, verdict in verdicts.items():
        tally.add("unknot report", kind, verdict)
        faults = opened[kind]._asdict() if kind in opened else {}
        rows.append({"kind": kind, **verdict._asdict(), **faults})
        for name, words in faults.items():
            if words:
                print(f"{name}: {kind}: {words[:5]}", file=sys.stderr)
    has_faults = any(any(page) for page in opened.values())
    if as_json:
        print(json.dumps({"kinds": rows, **tally.as_dict()}, indent=2))
        return int(has_faults or bool(tally.as_dict()["failures"]))
    heads = ("kind", "opened", "refused in one line", *COLUMNS)
    print("| " + " | ".join(heads) + " |\n|---|" + "---:|" * (len(heads) - 1))
    for row in rows:
        counts = [len(row.get(name, [])) for name in COLUMNS]
        is_opened, is_refused = row["outcome"] == ACCEPTED, row["outcome"] == ONE_LINE
        print(
            "| "
            + " | ".join(map(str, (row["kind"], int(is_opened), int(is_refused), *counts)))
            + " |"
        )
    print()
    return max(tally.finish(as_json=False), int(has_faults))


if __name__ == "__main__":
    sys.exit(main())
