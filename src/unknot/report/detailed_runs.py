"""Which runs a page shows in detail, with decoders and cards: of a thousand, some.

Every run is in the page's charts and tables. What takes room for each run, and time for each two
runs, is made for at most 24 cells of the grid, each an objective and a strength.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from unknot.config.experiment import ExperimentConfig
from unknot.config.run import RunConfig, setting_text
from unknot.evidence.evidence import Evidence

MOST_CELLS = 24
MOST_RUNS = 96
"""In all cells together: four seeds of each of 24."""

Cell = tuple[str, float]
"""An objective and a strength."""


class DetailedRuns(NamedTuple):
    """The runs that have decoders and cards in the page.

    Attributes:
        names: of the runs.
        reason: why the others have none, in words; empty where all have them.
        choice: which they are, as a sentence; likewise.
    """

    names: frozenset[str]
    reason: str
    choice: str


def detailed_runs(configs: Sequence[RunConfig], chosen: Iterable[Cell] = ()) -> DetailedRuns:
    """Choose the runs that have decoders and cards.

    Of each objective strengths are taken evenly, the first and the last among them, and of each of
    these the first seeds. Where there are few runs, it is all of them.

    Args:
        configs: of the finished runs, every strength of the first seed first.
        chosen: cells that must be among them, such as those that the evidence chooses.
    """
    runs_of: dict[Cell, list[RunConfig]] = {}
    for config in configs:
        runs_of.setdefault((config.training.objective, config.beta), []).append(config)
    cells = _spread(list(runs_of), set(chosen) & set(runs_of))
    num_seeds = max(1, MOST_RUNS // max(1, len(cells)))
    names = frozenset(run.name for cell in cells for run in runs_of[cell][:num_seeds])
    if len(names) == len(configs):
        return DetailedRuns(names, reason="", choice="")
    return DetailedRuns(
        names,
        reason=f"the page holds decoders and cards of {len(names)} of {len(configs):,} runs",
        choice=_choice_text(cells, len(runs_of), num_seeds),
    )


def chosen_cells(config: ExperimentConfig, evidence: Evidence | None) -> list[Cell]:
    """List the strength of each objective that the evidence says to take.

    Args:
        config: of the experiment.
        evidence: of it; None where there is none.
    """
    if evidence is None:
        return []
    objectives = [row.training.objective for row in config.rows()]
    choices = {name: evidence.rows.get(name, evidence).which_beta for name in objectives}
    return [(name, choice.beta) for name, choice in choices.items() if choice]


def _spread(cells: Sequence[Cell], chosen: set[Cell]) -> list[Cell]:
    """Take cells evenly from each objective, with the chosen ones in the place of their nearest."""
    by_objective: dict[str, list[Cell]] = {}
    for cell in cells:
        by_objective.setdefault(cell[0], []).append(cell)
    most = max(2, MOST_CELLS // max(1, len(by_objective)))
    taken: list[Cell] = []
    for of_objective in by_objective.values():
        of_objective.sort()
        num = min(most, len(of_objective))
        numbers = np.linspace(0, len(of_objective) - 1, num).round().astype(int)
        for cell in chosen & set(of_objective):
            place = of_objective.index(cell)
            numbers[np.abs(numbers - place).argmin()] = place
        taken += [of_objective[number] for number in sorted(set(numbers.tolist()))]
    return taken


def _choice_text(cells: Sequence[Cell], num_cells: int, num_seeds: int) -> str:
    """Say which cells were taken, and how."""
    seeds = "seed" if num_seeds == 1 else f"{num_seeds} seeds"
    if len(cells) == num_cells:
        return f"They are those of the first {seeds} at each strength."
    named = ", ".join(setting_text(*cell) for cell in cells)
    return (
        f"They are those of the first {seeds} at {len(cells)} of {num_cells} strengths, evenly "
        f"spaced: {named}."
    )
