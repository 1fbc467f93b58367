"""The dictionary of papers; test_plugins.py asks each entry for its docstring and its page."""

import subprocess
import sys

from unknot.experiments.papers import PAPERS
from unknot.experiments.papers.paper import DESCRIPTION, TEXT, paper_folder


def test_every_paper_has_its_folder() -> None:
    for name, function in PAPERS.items():
        assert (paper_folder(name) / DESCRIPTION).is_file()
        assert (paper_folder(name) / TEXT).is_file()
        assert function.split(":")[0].endswith("." + name.replace("-", "_"))


def test_papers_are_listed_without_torch() -> None:
    check = (
        "import sys; from unknot.experiments.papers.paper import read_paper; "
        "read_paper('higgins-2017'); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
