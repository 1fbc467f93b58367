"""Where and how an experiment runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unknot.common.toml import build_named, read_table
from unknot.config.checks import at_least


@dataclass(frozen=True)
class ExecutionConfig:
    """Where and how an experiment runs; nothing of it changes what an experiment is."""

    out: str | None = None
    """Folder for the results."""
    device: str = "auto"
    """Where to compute: cpu, cuda, mps, or auto (a GPU where there is one)."""
    workers: int | None = None
    """Runs at a time, a process each."""
    stack_runs: int = 1
    """Runs that each process trains at once, as one batched program; of use on a GPU only."""
    engine: str = "local"
    """Where the runs are executed."""
    detach: bool = False
    """Return once every run is in the queue of the engine's cluster."""
    engine_options: dict[str, Any] = field(default_factory=dict)
    """Options of the engine: the table `[engine]` of a TOML file, whose `name` is the engine."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.workers is not None:
            at_least("workers", self.workers, 1)
        at_least("stack_runs", self.stack_runs, 1)

    @staticmethod
    def upgrade(table: Mapping[str, Any]) -> dict[str, Any]:
        """Turn `together` of 0.1.0 into `stack_runs`, and a table `[engine]` into two fields."""
        upgraded = dict(table)
        if "together" in upgraded:
            upgraded["stack_runs"] = upgraded.pop("together")
        if isinstance(upgraded.get("engine"), dict):
            options = dict(upgraded.pop("engine"))
            upgraded["engine"] = options.pop("name", "local")
            upgraded["engine_options"] = options
        return upgraded


EXECUTION_KEYS = ("out", "device", "workers", "stack_runs", "together", "engine", "detach")


def from_toml_with_execution(kind: type, path: Path) -> tuple[Any, ExecutionConfig]:
    """Read a configuration from a file that may also say where to run.

    Args:
        kind: `ExperimentConfig` or `RunConfig`.
        path: a TOML file.

    Raises:
        UserError: if it cannot be read, has an unknown key, or a value that does not fit.
    """
    table = read_table(path)
    execution = {key: table.pop(key) for key in EXECUTION_KEYS if key in table}
    config = build_named(kind, table, path)
    return config, build_named(ExecutionConfig, execution, path)
