"""What came of a paper's runs: tables of figures, as in `results.json` and as Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unknot.common.files import write_json
from unknot.common.reading import damage_named, read_json
from unknot.experiments.papers.paper import Published


@dataclass(frozen=True)
class Figure:
    """One figure of a table.

    Attributes:
        value: the figure itself, the mean where there are several.
        low: the least of several, or the lower end of an interval.
        high: the greatest, or the upper end.
    """

    value: float
    low: float
    high: float

    def text(self) -> str:
        """Say the figure with its range, where it has one."""
        if self.low == self.high:
            return f"{self.value:.2f}"
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


Cell = Figure | str


def mean_with_range(values: Iterable[float]) -> Cell:
    """Give the mean of some values with their range; a dash where one of them is not defined."""
    all_values = np.array(list(values), np.float64)
    if not np.isfinite(all_values).all():
        return "-"
    return Figure(
        value=round(float(all_values.mean()), 4),
        low=round(float(all_values.min()), 4),
        high=round(float(all_values.max()), 4),
    )


@dataclass(frozen=True)
class Table:
    """Figures of ours.

    Attributes:
        caption: what the table shows, and how to read it.
        columns: names of the columns, the one of the rows' names first.
        rows: by name; a cell for each column but the first.
    """

    caption: str
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[Cell, ...]]

    def markdown(self, published: Sequence[Published] = ()) -> str:
        """Write the table, with a column for the figures of the paper, if it has any of its rows.

        Args:
            published: figures of the paper.
        """
        figures = {item.row: f"{item.figure} ({item.source})" for item in published}
        has_any = not figures.keys().isdisjoint(self.rows)
        head = (*self.columns, "published") if has_any else self.columns
        lines = [f"{self.caption}\n", _line(head), "|---" * len(head) + "|"]
        for name, cells in self.rows.items():
            texts = [cell.text() if isinstance(cell, Figure) else cell for cell in cells]
            lines.append(_line([name, *texts, *([figures.get(name, "")] if has_any else [])]))
        return "\n".join(lines)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "Table":
        """Read back what `asdict` gave."""
        return cls(
            caption=document["caption"],
            columns=tuple(document["columns"]),
            rows={
                name: tuple(Figure(**cell) if isinstance(cell, dict) else cell for cell in cells)
                for name, cells in document["rows"].items()
            },
        )


@dataclass(frozen=True)
class Machine:
    """Where and with what results were made.

    Attributes:
        processor: its name.
        cores: that the process could use.
        unknot: version.
        torch: version.
        date: when the tables were made, as year-month-day.
    """

    processor: str
    cores: int
    unknot: str
    torch: str
    date: str


@dataclass(frozen=True)
class Results:
    """What came of a paper's runs.

    Attributes:
        command: that reproduces it.
        num_runs: models trained.
        num_seeds: of each.
        steps: of each.
        training_seconds: of all runs together, in processes that ran side by side.
        measuring_seconds: for the tables.
        machine: where they were made.
        tables: ours.
    """

    command: str
    num_runs: int
    num_seeds: int
    steps: int
    training_seconds: float
    measuring_seconds: float
    machine: Machine
    tables: tuple[Table, ...]

    def save(self, path: Path) -> None:
        """Write the results as JSON."""
        write_json(path, asdict(self))

    @classmethod
    def load(cls, path: Path) -> "Results":
        """Read what `save` wrote.

        Raises:
            UserError: if it is not there or is damaged.
        """
        document = read_json(path)
        with damage_named(path):
            tables = tuple(Table.from_dict(table) for table in document.pop("tables"))
            return cls(**document | {"machine": Machine(**document["machine"]), "tables": tables})


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
