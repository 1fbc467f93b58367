"""docs/papers.md, and the results in the package, from what `unknot reproduce` left in a folder.

python benchmarks/papers.py runs/papers
"""

import argparse
import shutil
from pathlib import Path

from unknot.experiments.papers import PAPERS
from unknot.experiments.papers.page import papers_page
from unknot.experiments.papers.paper import RESULTS, paper_folder

PAGE = Path(__file__).parents[1] / "docs" / "papers.md"


def main() -> None:
    parser = argparse.ArgumentParser(description="Publish the results of papers.")
    parser.add_argument("folder", type=Path, help="holds a folder of each paper that was run")
    folder = parser.parse_args().folder
    made = [name for name in PAPERS if (folder / name / RESULTS).is_file()]
    for name in made:
        shutil.copyfile(folder / name / RESULTS, paper_folder(name) / RESULTS)
    PAGE.write_text(papers_page(), encoding="utf-8")
    print(f"{PAGE}: new results of {', '.join(made) or 'no paper'}")


if __name__ == "__main__":
    main()
