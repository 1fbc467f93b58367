"""What was published beside what came out here, as Markdown."""

from unknot.common.durations import duration_text
from unknot.experiments.papers import PAPERS
from unknot.experiments.papers.paper import RESULTS, Paper, paper_folder, read_paper, read_text
from unknot.experiments.papers.results import Results

HEAD = """# Papers

Published experiments, run again in small, with our figures beside those of the paper.
`unknot reproduce` lists them with the time that they take, and `unknot reproduce higgins-2017` runs
the first. Started again it goes on where it was stopped; what is finished is left alone. For a try
of minutes add `--seeds 0 1 --steps 50 --out runs/try`. `make papers` runs all of them into
`runs/papers`, and writes this page. Each folder of runs is an experiment as any other, for
`unknot evidence` and `unknot report`.

Where a figure of a paper was not read in the paper itself, that is said. Times of training are sums
over processes that shared their cores with other work.
"""


def papers_page() -> str:
    """Write the page of all papers, with the results that are part of the package."""
    sections = [HEAD]
    for name in PAPERS:
        paper, path = read_paper(name), paper_folder(name) / RESULTS
        results = Results.load(path) if path.is_file() else None
        figures = _figures(paper, results) if results else _not_run(name)
        heading = f"## `{name}`\n\n{paper.authors}: *{paper.title}*."
        sections.append(f"{heading}\n\n{read_text(name)}\n\n{figures}\n")
    return "\n".join(sections)


def results_text(name: str, results: Results) -> str:
    """Write the tables of a paper for its reader in a terminal.

    Args:
        name: in `PAPERS`.
        results: ours.
    """
    paper = read_paper(name)
    return f"{paper.authors}: {paper.summary}\n\n{_figures(paper, results)}"


def _figures(paper: Paper, results: Results) -> str:
    """Say how the tables were made, and write them."""
    machine = results.machine
    training = duration_text(results.training_seconds)
    made = (
        f"`{results.command}`: {results.num_runs} runs of {results.steps:,} steps, "
        f"{results.num_seeds} seed{'s' * (results.num_seeds > 1)} of each; {training} of training; "
        f"{machine.date}, {machine.processor}, {machine.cores} cores, torch {machine.torch}."
    )
    return "\n\n".join([made, *(table.markdown(paper.published) for table in results.tables)])


def _not_run(name: str) -> str:
    return f"Not run yet: `unknot reproduce {name}` does it."
