"""What comes of bad files of images, arrays, archives and labels, odd folders, spoiled caches.

    python benchmarks/robust_data.py [--only WORDS] [--json]

Each goes through `unknot data` in a fork of this process, within 10 s and 2 GB; some minutes. It
ends with 1 if one of them gives a traceback, hangs, or is used without a word where it must not be.
"""

import argparse
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from robust_common import ACCEPTED, OTHER, Tally, Verdict, judged, run_forked

KINDS = ("pictures", "arrays", "archives", "tables", "folders")
NOTES = ("error: ", "note: ", "skipped: ")
"""How lines on the standard error begin: all others are some library's."""
SAID = ("skipped", "prepared again", "made again")
"""What `unknot data` tells of what it did not use as it was."""
IMPORTED = ("unknot.cli.inspect", "unknot.data.load", "unknot.data.pca", "unknot.data.summary")
ROOT = Path(__file__).parents[1]


def main() -> None:
    """Try every case, and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="cases whose kind or name has these words")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for name in IMPORTED:
        importlib.import_module(name)
    tally = Tally()
    for case in all_cases():
        if options.only in f"{case.kind}: {case.name}":
            tally.add(case.kind, case.name, verdict_of(case))
    sys.exit(tally.finish(as_json=options.json))


def all_cases() -> Iterator[Any]:
    """Give every case; they lie with the tests, some of which try a few of them."""
    sys.path.insert(0, str(ROOT))
    for kind in KINDS:
        yield from importlib.import_module(f"tests.data.bad_files.{kind}").cases()


def verdict_of(case: Any) -> Verdict:
    """Try one case, as `tests.data.bad_files.case.Case` has it, in a folder of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        os.environ["UNKNOT_CACHE"] = f"{place}/cache"
        (Path(place) / "data").mkdir()
        words = case.make(Path(place) / "data")
        ended = run_forked(lambda: _data(words))
        verdict = judged(ended, may_have_notes=True)
        shutil.rmtree(place, ignore_errors=True)
    strange = [line for line in ended.stderr.splitlines() if not line.startswith(NOTES)]
    if verdict.outcome not in ("traceback", "hang") and strange:
        return Verdict(OTHER, f"a line of a library: {strange[0][:200]}")
    is_said = any(word in ended.stdout for word in SAID)
    if verdict.outcome == ACCEPTED and case.must_refuse and not is_said:
        return Verdict(OTHER, "used without a word")
    return verdict


def _data(words: list[str]) -> int:
    from unknot.cli import main as unknot

    return unknot(["data", *words, "--size", "28", "--quiet"])


if __name__ == "__main__":
    main()
