"""What is known of a paper before it is run again: its runs, its published figures, its text."""

import math
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from unknot.common.errors import UserError
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
    """The runs, of one objective or of several."""
    least_seeds: int = 1
    """With fewer, the tables cannot be made."""
    published: tuple[Published, ...] = ()
    """Figures of the paper."""

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
        if seeds and len(seeds) < self.least_seeds:
            raise UserError(
                f"seeds is {' '.join(map(str, seeds))}; the tables of this paper take "
                f"{self.least_seeds} seeds or more"
            )
        training = base.training if steps is None else replace(base.training, steps=steps)
        asked = replace(base, seeds=seeds or base.seeds, training=training)
        return {row.training.objective: row for row in asked.rows()}

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
        return len(self.experiment.runs())


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
