"""What is known of a paper before it is run again: its runs, its published figures, its text."""

import math
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from unknot.common.plugins import check_choice
from unknot.common.toml import from_toml
from unknot.config.experiment import ExperimentConfig
from unknot.experiments.papers import PAPERS

DESCRIPTION, TEXT, RESULTS = "paper.toml", "text.md", "results.json"


@dataclass(frozen=True)
class Published:
    """One figure of the paper."""

    row: str
    """The row of our tables that it belongs to."""
    figure: str
    """As it was published."""
    source: str
    """Where it was read."""


@dataclass(frozen=True)
class ObjectiveGrid:
    """The strengths at which one objective is trained."""

    name: str
    """In `OBJECTIVES`."""
    betas: tuple[float, ...]
    """Its strengths."""


@dataclass(frozen=True)
class Paper:
    """One paper, and the runs by which it is reproduced."""

    title: str
    """Of the paper."""
    authors: str
    """As they are cited, with the year."""
    summary: str
    """What is reproduced, in a line."""
    seconds_per_step: float
    """Processor time of one process, measured on one core of an AMD EPYC."""
    seconds_per_run: float
    """Likewise, for the scores and pictures of a run."""
    experiment: ExperimentConfig
    """The runs; where there are objectives, all but the objective and the betas."""
    objectives: tuple[ObjectiveGrid, ...] = ()
    """Objectives that are compared; the experiment's own by default."""
    published: tuple[Published, ...] = ()
    """Figures of the paper."""

    def grids(self) -> tuple[ObjectiveGrid, ...]:
        """Give the strengths of each objective, of which there may be one."""
        own = ObjectiveGrid(self.experiment.training.objective, self.experiment.betas)
        return self.objectives or (own,)

    def experiments(
        self, seeds: tuple[int, ...] = (), steps: int | None = None
    ) -> dict[str, ExperimentConfig]:
        """Give the experiment of each objective, by the objective's name.

        Args:
            seeds: in the place of those that were planned.
            steps: likewise.

        Raises:
            UserError: if one of them does not fit.
        """
        base = self.experiment
        training = base.training if steps is None else replace(base.training, steps=steps)
        return {
            grid.name: replace(
                base,
                betas=grid.betas,
                seeds=seeds or base.seeds,
                training=replace(training, objective=grid.name),
            )
            for grid in self.grids()
        }

    def estimated_seconds(self, num_runs: int, steps: int, workers: int) -> float:
        """Estimate how long runs take, from the seconds that were measured for a step and a run.

        Args:
            num_runs: to be trained.
            steps: of each.
            workers: runs at a time.
        """
        rounds = math.ceil(num_runs / workers)
        return rounds * (steps * self.seconds_per_step + self.seconds_per_run)

    @property
    def num_runs(self) -> int:
        """Count the runs as they are planned."""
        return len(self.experiment.seeds) * sum(len(grid.betas) for grid in self.grids())


@cache
def read_paper(name: str) -> Paper:
    """Read the description of a paper.

    Args:
        name: in `PAPERS`.

    Raises:
        UserError: if there is no such paper.
    """
    check_choice("paper", name, PAPERS)
    paper: Paper = from_toml(Paper, paper_folder(name) / DESCRIPTION)
    return paper


def read_text(name: str) -> str:
    """Read what a paper asks and what our answer is worth, as Markdown."""
    return (paper_folder(name) / TEXT).read_text(encoding="utf-8").strip()


def paper_folder(name: str) -> Path:
    """Give the folder of a paper in the package, with the files named above."""
    return Path(str(files("unknot.experiments.papers"))) / name
