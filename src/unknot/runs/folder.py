"""The folders of runs and experiments: the name of every file, and who may write them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from unknot.common.errors import UserError, explain_os_error
from unknot.common.files import has_foreign_files, make_folder, write_json, write_text
from unknot.common.locks import locked
from unknot.common.reading import read_json
from unknot.common.toml import first_difference, from_toml, to_toml
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import BETA_VAE
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet, open_image_set
from unknot.data.load import load_images

LOCK_SECONDS = 8.0  # a little longer than one who is asked to stop may take
EXPERIMENT_LOCK_SECONDS = 2.0
ERROR = "error: "  # how the last line of a log begins if a user can mend what stopped the run
PARTS_OF_RUNS = ("data", "model", "training")  # of an experiment's description
NOT_COMPARED = ("source",)  # one folder has many names; the images' fingerprint tells


class ImagesRecord(NamedTuple):
    """Which images a run was trained on, as `images.json` holds it.

    Attributes:
        fingerprint: of their content, preparation and splits.
        shape: `(num, channel, height, width)`.
        prepared: the folder in the cache where they were.
    """

    fingerprint: str
    shape: tuple[int, ...]
    prepared: str


class RunFolder:
    """The folder of one run.

    Args:
        path: may be absent until `create`.

    Attributes:
        path: the folder.
        config: the run's description.
        images: which images it was trained on.
        scales: its beta on other scales.
        checkpoint: folder of weights, optimizer and state, replaced as one.
        history: a line per logged step.
        frames: reconstructions of the same test images over training.
        newest_frame: the last of them while the run trains; it goes when the run is done.
        weights: of the trained model.
        codes: of validation and test images.
        evaluation: losses on held-out images, and scores.
        curves: training curves.
        report: a page of this run alone, where it lies in no experiment.
        log: what its process printed.
        done: written last.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "config.toml"
        self.images = self.path / "images.json"
        self.scales = self.path / "scales.json"
        self.checkpoint = self.path / "checkpoint"
        self.history = self.path / "history.jsonl"
        self.tensorboard = self.path / "tensorboard"
        self.frames = self.path / "frames.npz"
        self.newest_frame = self.path / "newest_frame.npz"
        self.weights = self.path / "weights.safetensors"
        self.codes = self.path / "codes.npz"
        self.evaluation = self.path / "evaluation.json"
        self.traversals = self.path / "traversals.png"
        self.curves = self.path / "curves.svg"
        self.report = self.path / "report.html"
        self.log = self.path / "log.txt"
        self.done = self.path / "done"
        self._lock = self.path / ".lock"

    def __repr__(self) -> str:
        return f"RunFolder({str(self.path)!r})"

    @property
    def name(self) -> str:
        """The folder's own name, `beta-2_seed-0`."""
        return self.path.name

    def create(self, config: RunConfig, images: ImageSet) -> None:
        """Write the run's description, or check that the one there is the same.

        A run that gets more steps than it was to have is open again: it is no longer done, and
        training goes on from its checkpoint.

        Raises:
            UserError: if the folder holds another run, or this one on other images.
        """
        if self.config.exists():
            before = self.read_config()
            is_continued = config.training.continues(before.training)
            if is_continued:
                before = replace(before, training=config.training)
            difference = _difference(before, config, NOT_COMPARED)
            if difference:
                raise UserError(
                    f"{self.path} holds another run: {difference}; choose another --out"
                )
            self._check_fingerprint(images)
            if is_continued:
                self._reopen(config)
        elif has_foreign_files(self.path, (self.images.name,)):
            raise UserError(f"{self.path} exists but holds no run; choose another --out")
        record = ImagesRecord(images.fingerprint, images.images.shape, str(images.folder))
        write_json(self.images, record._asdict())
        write_text(self.config, to_toml(config))

    def _reopen(self, config: RunConfig) -> None:
        """Describe a run with more steps, in an order that can be stopped anywhere."""
        with self.locked():
            self.done.unlink(missing_ok=True)
            write_text(self.config, to_toml(config))
            self.weights.unlink(missing_ok=True)

    def read_config(self) -> RunConfig:
        """Read the run's description.

        Raises:
            UserError: if there is none, or it is damaged.
        """
        if not self.config.is_file():
            raise UserError(f"{self.path} is not the folder of a run; it has no {self.config.name}")
        config: RunConfig = from_toml(RunConfig, self.config)
        return config

    def read_images(self) -> ImagesRecord:
        """Read which images the run was trained on."""
        record = ImagesRecord(**read_json(self.images))
        return record._replace(shape=tuple(record.shape))

    def open_images(self) -> ImageSet:
        """Open the run's images: from the cache, or prepared again from their source.

        Raises:
            UserError: if they are gone or have changed.
        """
        data = self.read_config().data
        prepared = Path(self.read_images().prepared)
        if prepared.is_dir():
            return self.open_prepared_images()
        if data.source == "array":
            raise UserError(f"the images given from Python are gone from the cache ({prepared})")
        images = load_images(data.source, **data.load_options())
        self._check_fingerprint(images)
        return images

    def open_prepared_images(self) -> ImageSet:
        """Open the run's images from the cache alone, which takes no time.

        Raises:
            UserError: if they are gone from there or have changed.
        """
        prepared = Path(self.read_images().prepared)
        if not prepared.is_dir():
            raise UserError(f"the prepared images are gone from the cache ({prepared})")
        images = open_image_set(prepared)
        self._check_fingerprint(images)
        return images

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run's lock while the block runs.

        Raises:
            UserError: if another process holds it and goes on to.
        """
        with locked(self._lock, f"training {self.path}", LOCK_SECONDS):
            yield

    @contextmanager
    def scores_locked(self) -> Iterator[None]:
        """Hold the lock of the run's scores, which several processes may add to, during the block.

        Raises:
            UserError: if another process holds it and goes on to.
        """
        path = self.path / ".evaluation.lock"
        with locked(path, f"writing the scores of {self.path}", LOCK_SECONDS):
            yield

    @property
    def is_trained(self) -> bool:
        """Whether the run has the weights of its end."""
        return self.weights.is_file()

    @property
    def is_done(self) -> bool:
        """Whether the run is finished; one whose codes or scores were lost makes them again."""
        return self.done.exists() and self.codes.exists() and self.evaluation.exists()

    def mark_done(self) -> None:
        """Note that the run is finished."""
        write_text(self.done, datetime.now(UTC).isoformat(timespec="seconds") + "\n")
        self.newest_frame.unlink(missing_ok=True)

    def append_log(self, text: str) -> None:
        """Add a line to what the run's process printed.

        Raises:
            UserError: if the system refuses it.
        """
        try:
            with self.log.open("a", encoding="utf-8") as log:
                log.write(f"{text}\n")
        except OSError as error:
            raise UserError(explain_os_error(error, self.log)) from None

    def last_log_line(self) -> str:
        """Read the last line of the log, or an empty string."""
        if not self.log.exists():
            return ""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def _check_fingerprint(self, images: ImageSet) -> None:
        if self.read_images().fingerprint != images.fingerprint:
            raise UserError(
                f"the images have changed since {self.path} was begun; choose another --out"
            )


def trained_runs_in(path: Path) -> list[RunFolder]:
    """List the trained runs that lie in a folder, by beta and seed; none where there is no folder.

    Raises:
        UserError: if the description of one of them is damaged.
    """
    folders = [RunFolder(place) for place in path.iterdir()] if path.is_dir() else []
    described = [
        (folder.read_config(), folder)
        for folder in folders
        if folder.config.is_file() and folder.is_trained
    ]
    described.sort(key=lambda pair: (pair[0].beta, pair[0].seed, pair[1].name))
    return [folder for _, folder in described]


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

    def __repr__(self) -> str:
        return f"ExperimentFolder({str(self.path)!r})"

    def run(self, config: RunConfig) -> RunFolder:
        """Give the folder of one of its runs."""
        return RunFolder(self.path / config.name)

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
        config: ExperimentConfig = from_toml(ExperimentConfig, self.config)
        return config

    def write_config(self, config: ExperimentConfig) -> None:
        """Write the description; last, since where it stands, the other files do too."""
        write_text(self.config, to_toml(config))

    def read_environment(self) -> dict[str, Any]:
        """Read what results depend on besides the description."""
        environment: dict[str, Any] = read_json(self.environment)
        return environment

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the experiment's lock while the block runs: one comparison is at work in a folder.

        Raises:
            UserError: if another process holds it and goes on to, or the folder is no experiment's.
        """
        self._check_free()
        make_folder(self.path)
        path = self.path / ".lock"
        with locked(path, f"at work on {self.path}", EXPERIMENT_LOCK_SECONDS):
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
        difference = _other_rows(self.read_config(), config)
        if difference:
            raise UserError(
                f"{self.path} holds another experiment: {difference}; choose another --out"
            )
        if self.read_environment()["data_fingerprint"] != images.fingerprint:
            raise UserError(
                f"the images have changed since {self.path} was begun; choose another --out"
            )


def _other_rows(before: ExperimentConfig, after: ExperimentConfig) -> str | None:
    """Name what an experiment has that another has not; None where the other has it all."""
    rows = {row.training.objective: row for row in after.rows()}
    for row in before.rows():
        here = rows.get(row.training.objective)
        if here is None:
            return f"it has the objective {row.training.objective}, which is not asked for here"
        difference = _other_row(row, here)
        if difference:
            return difference
    return None


def _other_row(before: ExperimentConfig, after: ExperimentConfig) -> str | None:
    """Name what the experiment of one objective has that another of the same has not."""
    objective = before.training.objective
    strengths = "betas" if objective == BETA_VAE else f"strengths of {objective}"
    for name, called in (("betas", strengths), ("seeds", "seeds")):
        there, here = getattr(before, name), getattr(after, name)
        if not set(there) <= set(here):
            return f"{called} are {there} there and {here} here"
    if after.training.continues(before.training):
        before = replace(before, training=after.training)
    asked = {item.name: getattr(after, item.name) for item in fields(after)}
    others = {name: value for name, value in asked.items() if name not in PARTS_OF_RUNS}
    return _difference(replace(before, **others), after, NOT_COMPARED)


def _difference(
    before: RunConfig | ExperimentConfig,
    after: RunConfig | ExperimentConfig,
    ignored: tuple[str, ...],
) -> str | None:
    """Name a difference of two descriptions; more steps only where they differ in nothing else."""
    there, here = before.training.recipe, after.training.recipe
    if there != here:
        return f"recipe is {there!r} there and {here!r} here (--recipe {there} goes on with it)"
    more_steps = after.training.part_ends[-1] > before.training.part_ends[-1]
    if more_steps:
        steps, parts = after.training.steps, after.training.continued_from
        training = replace(before.training, steps=steps, continued_from=parts)
        other = first_difference(replace(before, training=training), after, ignored)
        if other:
            return other
    return first_difference(before, after, ignored)
