"""The folder of an experiment: the name of every file, and how it is read."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unknot.common.errors import UserError
from unknot.common.files import has_foreign_files, make_folder, write_json, write_text
from unknot.common.locks import Lock
from unknot.common.reading import check_within, damage_named, read_json
from unknot.common.toml import from_toml, to_toml
from unknot.config.experiment import ExperimentConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.runs.differences import other_rows
from unknot.runs.folder import RunFolder
from unknot.runs.own_digest import tell_if_edited, with_own_digest
from unknot.runs.records import checked_environment

PUT_BACK = "put back a copy of it; it cannot be made again"


class ExperimentFolder:
    """The folder of one experiment.

    Args:
        path: may be absent until `create`.

    Attributes:
        path: the folder.
        config: the experiment's description.
        environment: versions, processor, what was known of the data.
        plan: what is compared and by which rule.
        evidence: what was found.
        labels: that were given after training; absent where none were.
        sample: a random sample of the prepared images.
        report: the page.
        served: at which address it was served while it trained; for the user's eyes alone.
        slurm: which runs were submitted to Slurm, as which jobs.
        slurm_log: what jobs of Slurm's printed before their runs began.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "experiment.toml"
        self.environment = self.path / "environment.json"
        self.plan = self.path / "plan.json"
        self.evidence = self.path / "evidence.json"
        self.labels = self.path / "labels.npz"
        self.sample = self.path / "sample.png"
        self.report = self.path / "report.html"
        self.served = self.path / ".served.json"
        self.slurm = self.path / ".slurm.json"
        self.slurm_log = self.path / "slurm.log"

    def __repr__(self) -> str:
        return f"ExperimentFolder({str(self.path)!r})"

    def run(self, config: RunConfig) -> RunFolder:
        """Give the folder of one of its runs."""
        return RunFolder(self.path / config.name, within=self.path)

    @property
    def is_experiment(self) -> bool:
        """Whether an experiment is there."""
        return self.config.is_file()

    def read_config(self) -> ExperimentConfig:
        """Read the experiment's description.

        Raises:
            UserError: if there is none, or it is damaged.
        """
        if not self.is_experiment:
            raise UserError(
                f"{self.path} is not the folder of an experiment; it has no {self.config.name}"
            )
        check_within(self.config, self.path)
        config: ExperimentConfig = from_toml(ExperimentConfig, self.config)
        return config

    def write_config(self, config: ExperimentConfig) -> None:
        """Write the description; last, since where it stands, the other files do too."""
        write_text(self.config, to_toml(config))

    def read_environment(self) -> dict[str, Any]:
        """Read what results depend on besides the description.

        Raises:
            UserError: if it is missing or damaged.
        """
        document = read_json(self.environment, within=self.path, remedy=PUT_BACK, with_nan=False)
        with damage_named(self.environment, PUT_BACK):
            environment = checked_environment(document)
        tell_if_edited(environment, self.environment)
        return environment

    def write_environment(self, environment: Mapping[str, Any]) -> None:
        """Write what results depend on besides the description."""
        write_json(self.environment, with_own_digest(environment))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of what all runs share while the block runs; waits for it, and says so.

        Raises:
            UserError: if the folder is no experiment's, or cannot be written.
        """
        self._check_free()
        make_folder(self.path)
        with Lock(self.path / ".lease", f"at work on {self.path}").waited_for():
            yield

    def _check_free(self) -> None:
        """Refuse a folder with something else in it.

        Raises:
            UserError: if there is something.
        """
        left_by_a_start = (self.environment.name, self.sample.name, self.plan.name)
        if not self.config.exists() and has_foreign_files(self.path, left_by_a_start):
            raise UserError(f"{self.path} exists but holds no experiment; choose another --out")

    def check(self, config: ExperimentConfig, images: ImageSet) -> None:
        """Check that the folder is free, or holds this experiment on these images.

        Objectives, their strengths, seeds and steps may be added to an experiment, and the
        questions asked in another way; what its runs are made of may not change.

        Raises:
            UserError: if the folder holds something else, or the images have changed.
        """
        self._check_free()
        if not self.config.exists():
            return
        other = other_rows(self.read_config(), config)
        if other:
            raise UserError(f"{self.path} holds another experiment: {other}; choose another --out")
        if self.read_environment()["data_fingerprint"] != images.fingerprint:
            raise UserError(
                f"the images have changed since {self.path} was begun; choose another --out"
            )


def trained_runs_in(path: Path) -> list[RunFolder]:
    """List the trained runs that lie in a folder, by beta and seed; none where there is no folder.

    Raises:
        UserError: if the description of one of them is damaged.
    """
    places = path.iterdir() if path.is_dir() else ()
    folders = [RunFolder(place, within=path) for place in places]
    described = [
        (folder.read_config(), folder)
        for folder in folders
        if folder.config.is_file() and folder.is_trained
    ]
    described.sort(key=lambda pair: (pair[0].beta, pair[0].seed, pair[1].name))
    return [folder for _, folder in described]
