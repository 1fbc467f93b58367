"""The command that runs a paper's experiment again: `reproduce`."""

import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro

from unknot.cli.common import load
from unknot.cli.options import OutputOptions
from unknot.cli.paths import check_output_folder
from unknot.common.durations import duration_text
from unknot.common.machine import num_cores
from unknot.config.execution import ExecutionConfig
from unknot.experiments.papers import PAPERS
from unknot.experiments.papers.paper import Paper, read_paper

PaperName = Annotated[
    str,
    tyro.conf.Positional,
    tyro.conf.arg(
        help="Which paper.",
        metavar="{" + ",".join(PAPERS) + "}",
        help_behavior_hint="(default: all are listed)",
    ),
]
Out = Annotated[
    Path | None,
    tyro.conf.arg(
        help="Folder for its runs and their results.json.",
        metavar="PATH",
        help_behavior_hint="(default: runs/papers/NAME)",
    ),
]
Seeds = Annotated[
    tuple[int, ...],
    tyro.conf.arg(
        help="Seeds, fewer or more than planned.",
        help_behavior_hint="(default: the planned ones)",
    ),
]
Steps = Annotated[
    int | None,
    tyro.conf.arg(
        help="Steps of each run, fewer or more than planned.",
        metavar="INT",
        help_behavior_hint="(default: the planned ones)",
    ),
]
Workers = Annotated[
    int | None,
    tyro.conf.arg(
        help="Runs at a time, a process each.",
        metavar="INT",
        help_behavior_hint="(default: one per core)",
    ),
]


@dataclass(frozen=True)
class ReproduceOptions:
    """Run a paper's experiment again, and show our figures beside the published ones.

    Example: unknot reproduce higgins-2017
    """

    name: PaperName = ""
    out: Out = None
    seeds: Seeds = ()
    steps: Steps = None
    workers: Workers = None
    output: OutputOptions = field(default_factory=OutputOptions)


def reproduce_command(options: ReproduceOptions) -> tuple[str, Any]:
    """Run a paper's experiment again, or list the papers."""
    if not options.name:
        return _listed()
    paper = read_paper(options.name)
    if options.out:
        check_output_folder("out", options.out)
    configs = paper.experiments(options.seeds, options.steps)
    images = load(paper.experiment.data, options.output)
    from unknot.common.progress import announced
    from unknot.experiments.display.bars import ProgressBars

    with announced(options.output.hides_progress, "getting ready to train"):
        from unknot.experiments.papers.page import results_text
        from unknot.experiments.papers.paper import RESULTS
        from unknot.experiments.papers.reproduce import measure_paper, train_paper, unfinished_runs

    out = options.out or Path("runs/papers") / options.name
    unfinished = unfinished_runs(configs, images, out)
    if unfinished and not options.output.hides_progress:
        _say_plan(paper, len(unfinished), unfinished[0].training.optimization().steps, options, out)
    execution = ExecutionConfig(workers=options.workers)
    with ProgressBars(options.output.hides_progress).shown() as bars:
        experiments = train_paper(configs, images, out, execution, progress=bars)
    with announced(options.output.hides_progress, "making the tables"):
        results = measure_paper(options.name, experiments, images, out, _command(options))
    return f"{results_text(options.name, results)}\n\nall of it: {out / RESULTS}", asdict(results)


def _listed() -> tuple[str, Any]:
    """List the papers, each with the time that it takes."""
    lines, document = ["unknot reproduce NAME runs one of these again:"], {}
    for name in PAPERS:
        paper = read_paper(name)
        steps = paper.experiment.training.optimization().steps
        seconds = paper.estimated_seconds(paper.num_runs, steps, num_cores())
        about = f"{paper.num_runs} runs, about {duration_text(seconds)}"
        lines.append(f"  {name:14} {paper.authors}: {paper.summary} ({about})")
        document[name] = {
            "paper": f"{paper.authors}: {paper.title}",
            "summary": paper.summary,
            "num_runs": paper.num_runs,
            "steps": steps,
            "estimated_seconds": seconds,
        }
    return "\n".join(lines), document


def _say_plan(
    paper: Paper, num_runs: int, steps: int, options: ReproduceOptions, out: Path
) -> None:
    """Say how long the runs will take."""
    from unknot.evidence.answers import counted

    workers = options.workers or num_cores()
    about = duration_text(paper.estimated_seconds(num_runs, steps, workers))
    runs = counted(num_runs, "run")
    line = f"{runs} of {steps:,} steps in {out}, {workers} at a time: about {about}, and the tables"
    print(line, file=sys.stderr, flush=True)


def _command(options: ReproduceOptions) -> str:
    """Write the command that was typed, without what changes no figure."""
    seeds = ["--seeds", *map(str, options.seeds)] if options.seeds else []
    steps = ["--steps", str(options.steps)] if options.steps else []
    return " ".join(["unknot reproduce", options.name, *seeds, *steps])
