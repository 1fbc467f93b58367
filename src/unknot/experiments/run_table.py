"""One table of all runs: how far each is, its losses and its scores, from its folder alone."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from unknot.common.errors import UserError
from unknot.common.files import written_beside
from unknot.common.text import on_one_line
from unknot.config.run import RunConfig
from unknot.data.text_cells import quoted_cell
from unknot.experiments.status import RunStatus, run_status
from unknot.metrics.registry import SCORES
from unknot.report.live_runs import FAILED, FINISHED
from unknot.runs.evaluation import Evaluation
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.folder import RunFolder

Row = Mapping[str, Any]
ENDINGS = (".csv", ".parquet")
COLUMNS = (
    "run",
    "objective",
    "strength",
    "seed",
    "state",
    "problem",
    "step",
    "steps",
    "train_loss",
    "train_rate",
    "validation_distortion",
    "validation_rate",
    "validation_elbo",
    "test_distortion",
    "test_rate",
    "test_elbo",
    "active_latents",
    "seconds",
    "strategy",
    "precision",
    "finished",
    "images",
    "weights_sha256",
)
"""Before those of the scores that a run has: `mig`, `dci_disentanglement`, ..."""


@dataclass(frozen=True)
class RunTable:
    """A row for each run.

    Attributes:
        columns: their names.
        rows: name of a column -> its value; columns that a row lacks are empty there.
    """

    columns: Sequence[str]
    rows: Sequence[Row]

    def column(self, name: str) -> list[Any]:
        """The values of a column, None where it is empty."""
        return [row.get(name) for row in self.rows]

    def write(self, path: Path) -> None:
        """Write the table.

        Args:
            path: `.csv`, in which text that a spreadsheet would compute is quoted, or `.parquet`.

        Raises:
            UserError: if pyarrow is missing, for parquet.
        """
        check_table_path(path)
        if path.suffix == ".parquet":
            self._write_parquet(path)
            return
        with (
            written_beside(path) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(self.columns)
            writer.writerows([_cell(row.get(name)) for name in self.columns] for row in self.rows)

    def _write_parquet(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.table({name: self.column(name) for name in self.columns})
        with written_beside(path) as temporary:
            pq.write_table(table, temporary)

    def data_frame(self) -> Any:
        """Give the table as a pandas `DataFrame`.

        Raises:
            UserError: if pandas is missing.
        """
        if find_spec("pandas") is None:
            raise UserError(
                "a data frame needs pandas: pip install pandas; unknot table writes a csv without"
            )
        pandas = import_module("pandas")
        return pandas.DataFrame({name: self.column(name) for name in self.columns})


def check_table_path(path: Path) -> None:
    """Refuse a file that no table is written to.

    Raises:
        UserError: if its ending is another, or what writes it is missing.
    """
    if path.suffix not in ENDINGS:
        raise UserError(f"out is {path}; its ending must be {' or '.join(ENDINGS)}")
    if path.suffix == ".parquet" and find_spec("pyarrow") is None:
        raise UserError(
            f"{path} needs pyarrow; install it with pip install 'unknot[parquet]', or write a .csv"
        )


def run_table(path: Path) -> RunTable:
    """Put all runs of an experiment in a table, also those that are not finished.

    Args:
        path: of the experiment's folder.

    Raises:
        UserError: if no experiment is there, or its description is damaged.
    """
    folder = ExperimentFolder(path)
    rows = [_row(folder.run(config), config) for config in folder.read_config().runs()]
    scores = [key for key in SCORES if any(key in row for row in rows)]
    return RunTable([*COLUMNS, *scores], rows)


def _row(folder: RunFolder, config: RunConfig) -> dict[str, Any]:
    """Say of a run what its folder tells; what cannot be read is its problem."""
    status = run_status(folder, config)
    row = _described(status, config)
    if status.state == FINISHED:
        try:
            row |= _finished(folder, config)
        except UserError as error:
            row |= {"state": FAILED, "problem": on_one_line(str(error))}
    return row


def _described(status: RunStatus, config: RunConfig) -> dict[str, Any]:
    return {
        "run": status.name,
        "objective": config.training.objective,
        "strength": config.beta,
        "seed": config.seed,
        "state": status.state,
        "problem": status.problem,
        "step": status.step,
        "steps": status.steps,
        "train_loss": status.loss,
        "train_rate": status.rate,
        "seconds": status.seconds,
    }


def _finished(folder: RunFolder, config: RunConfig) -> dict[str, Any]:
    """Say of a finished run how good it is, and what it was made of."""
    evaluation, done = Evaluation.load(folder.evaluation, config), folder.read_done()
    assert done, "the run is finished"
    scores = evaluation.scores
    values = {key: score.value for key, score in scores.scores.items()} if scores else {}
    losses = {
        f"{split}_{name}": getattr(loss, name)
        for split, loss in (("validation", evaluation.validation), ("test", evaluation.test))
        for name in ("distortion", "rate", "elbo")
    }
    return {
        **losses,
        "active_latents": len(scores.active_latents) if scores else None,
        "strategy": evaluation.strategy,
        "precision": evaluation.precision,
        "finished": done.finished,
        "images": done.images,
        "weights_sha256": done.digests.get(folder.weights.name),
        **values,
    }


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return quoted_cell(on_one_line(value)) if isinstance(value, str) else value
