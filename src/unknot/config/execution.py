"""Where and how an experiment runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from unknot.common.plugins import check_choice
from unknot.common.toml import build_named, read_table
from unknot.config.checks import at_least

SCORES, PICTURES = ("none", "quick"), ("none", "all")


class Products(NamedTuple):
    """What is made of each run beside its weights, losses and codes.

    Attributes:
        scores: of its codes: `none` or `quick`.
        pictures: over training and of its end: `none` or `all`.
    """

    scores: str = "quick"
    pictures: str = "all"

    @property
    def has_scores(self) -> bool:
        """Whether codes are scored."""
        return self.scores != "none"

    @property
    def has_pictures(self) -> bool:
        """Whether pictures are drawn."""
        return self.pictures != "none"


ALL_PRODUCTS = Products()


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
    scores: Literal["none", "quick"] = "quick"
    """Scores of each run's codes: quick, or none, which the same command with quick makes later."""
    pictures: Literal["none", "all"] = "all"
    """Pictures of each run: all, or none, which saves time and files where there are many runs."""
    stage: str = ""
    """Folder of each machine's own disk that prepared images are copied to once, and read from."""
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
        check_choice("scores", self.scores, SCORES)
        check_choice("pictures", self.pictures, PICTURES)

    @property
    def products(self) -> Products:
        """What is made of each run beside its weights, losses and codes."""
        return Products(self.scores, self.pictures)

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


EXECUTION_KEYS = (
    "out",
    "device",
    "workers",
    "stack_runs",
    "together",
    "scores",
    "pictures",
    "stage",
    "engine",
    "detach",
)


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
