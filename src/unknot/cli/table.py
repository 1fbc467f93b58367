"""The command that writes one table of all runs."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro

from unknot.cli.options import OutputOptions
from unknot.cli.paths import check_output_file


@dataclass(frozen=True)
class TableOptions:
    """Write one table of all runs of an experiment: a row each, with its losses and scores.

    Example: unknot table runs/demo --out runs.csv
    """

    experiment: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="EXPERIMENT")]
    """Folder of the experiment."""
    out: Path = Path("runs.csv")
    """The file to write: .csv, or .parquet (the extra: pip install 'unknot[parquet]')."""
    output: OutputOptions = field(default_factory=OutputOptions)


def table_command(options: TableOptions) -> tuple[str, Any]:
    """Write one table of all runs."""
    from unknot.experiments.run_table import check_table_path, run_table

    check_table_path(options.out)
    check_output_file("out", options.out)
    table = run_table(options.experiment)
    table.write(options.out)
    text = f"{len(table.rows):,} runs, {len(table.columns)} columns: {options.out}"
    return text, {"table": str(options.out), "num": len(table.rows), "columns": table.columns}
