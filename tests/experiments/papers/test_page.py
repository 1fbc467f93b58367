"""The page of all papers, and what a terminal shows."""

from pathlib import Path

from unknot.experiments.papers import PAPERS
from unknot.experiments.papers.page import papers_page, results_text
from unknot.experiments.papers.paper import RESULTS, paper_folder
from unknot.experiments.papers.results import Machine, Results, Table

PAGE = Path(__file__).parents[3] / "docs" / "papers.md"


def test_the_page_is_what_texts_and_results_of_the_package_give() -> None:
    assert PAGE.read_text() == papers_page()


def test_a_paper_that_was_not_run_says_how() -> None:
    for name in PAPERS:
        is_run = (paper_folder(name) / RESULTS).is_file()
        assert (f"Not run yet: `unknot reproduce {name}`" in papers_page()) != is_run


def test_a_terminal_shows_published_figures_beside_ours() -> None:
    table = Table(caption="Scores.", columns=("codes", "score"), rows={"PCA": ("0.70",)})
    results = Results(
        command="unknot reproduce higgins-2017",
        num_runs=6,
        num_seeds=3,
        steps=1000,
        training_seconds=120,
        measuring_seconds=1,
        machine=Machine(processor="a processor", cores=2, unknot="0", torch="2", date="2026-01-01"),
        tables=(table,),
    )
    text = results_text("higgins-2017", results)
    assert "| PCA | 0.70 | 84.9% (read in the paper) |" in text
    made = "`unknot reproduce higgins-2017`: 6 runs of 1,000 steps, 3 seeds of each; 2 minutes of"
    assert made in text
