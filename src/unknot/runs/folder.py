"""The folder of a run: the name of every file, how it is read, and who may write them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from unknot.common.errors import UserError
from unknot.common.files import has_foreign_files, write_json, write_text
from unknot.common.locks import Lock, locked
from unknot.common.notices import give_notice
from unknot.common.reading import (
    DamageError,
    check_within,
    damage,
    damage_named,
    parse_json,
    read_file,
)
from unknot.common.toml import from_toml, to_toml
from unknot.config.run import RunConfig
from unknot.data.image_set import DamagedEntryError, ImageSet
from unknot.data.load import load_images
from unknot.data.stage import open_staged
from unknot.runs.differences import difference
from unknot.runs.log_file import append_line, log_end
from unknot.runs.records import DoneRecord, ImagesRecord, content_digest

LOCK_SECONDS = 8.0  # a little longer than one who is asked to stop may take
MOST_DONE_BYTES = 65_536
ARRAY = "array"  # as the source of images that were given from Python
ERROR = "error: "  # how the last line of a log begins if a user can mend what stopped the run
TRAIN_AGAIN = "run the command that trained it again: it makes the file again from the checkpoint"


class RunFolder:
    """The folder of one run.

    Its files are read here, or through what reads here: none that a link leads out of the folder
    to, and none that `done` has another digest of.

    Args:
        path: may be absent until `create`.
        within: the folder of the experiment, in which the run's must lie once links are followed.

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

    def __init__(self, path: str | Path, *, within: Path | None = None) -> None:
        self.path, self._root = Path(path), within
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
        self._held: Lock | None = None

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
            other = difference(before, config)
            if other:
                raise UserError(f"{self.path} holds another run: {other}; choose another --out")
            self._check_same_images(images, before.data.source == config.data.source)
            if is_continued:
                self._continue(config)
        elif has_foreign_files(self.path, (self.images.name,)):
            raise UserError(f"{self.path} exists but holds no run; choose another --out")
        write_json(self.images, _record_of(images)._asdict())
        write_text(self.config, to_toml(config))

    def reopen(self) -> None:
        """Take the mark of a finished run away, so that it is finished again."""
        with self.locked():
            self.done.unlink(missing_ok=True)

    def _continue(self, config: RunConfig) -> None:
        """Describe a run with more steps, in an order that can be stopped anywhere."""
        with self.locked():
            self.done.unlink(missing_ok=True)
            write_text(self.config, to_toml(config))
            self.weights.unlink(missing_ok=True)

    def content(self, path: Path, remedy: str = TRAIN_AGAIN) -> bytes:
        """Read a file of the run; of those that stay as they are, `done` has the digest.

        Args:
            path: one of the attributes.
            remedy: what to do if it is damaged.

        Raises:
            DamageError: if it is missing, or another than when the run was finished.
            UserError: if it may not be read, or is no file of this folder.
        """
        self._check_place()
        content = read_file(path, within=self.path, remedy=remedy)
        record = self.read_done()
        digest = record.digests.get(path.name) if record else None
        if digest and digest != content_digest(content):
            raise damage(path, "not as it was when the run was finished", remedy)
        if record and not record.digests and path in (self.weights, self.codes):
            give_notice(
                f"{self._root or self.path} was written by an early version of unknot, which kept "
                "no digests: whether weights and codes are as they were cannot be told"
            )
        return content

    def read_config(self) -> RunConfig:
        """Read the run's description.

        Raises:
            UserError: if there is none, or it is damaged.
        """
        if not self.config.is_file():
            raise UserError(f"{self.path} is not the folder of a run; it has no {self.config.name}")
        self._check_place()
        check_within(self.config, self.path)
        config: RunConfig = from_toml(RunConfig, self.config)
        return config

    def read_done(self) -> DoneRecord | None:
        """Read when the run was finished, and with which content; None before.

        Raises:
            DamageError: if that is not what was written.
            UserError: if it may not be read, or is no file of this folder.
        """
        self._check_place()
        if not self.done.exists():
            return None
        content = read_file(self.done, within=self.path, most_bytes=MOST_DONE_BYTES)
        with damage_named(self.done, TRAIN_AGAIN):
            return DoneRecord.from_text(content.decode("utf-8"))

    def read_images(self) -> ImagesRecord:
        """Read which images the run was trained on.

        What is damaged or missing is made again, where the images' source still gives the images
        that `done` names.

        Raises:
            UserError: if it cannot be.
        """
        try:
            return self._read_images()
        except DamageError as error:
            images = self._images_of_source()
            if images is None:
                raise
            give_notice(f"{error.what}; it is made again from {images.info['source']}")
            record = _record_of(images)
            with suppress(PermissionError):
                write_json(self.images, record._asdict())
            return record

    def _read_images(self) -> ImagesRecord:
        remedy = "put back a copy of it, or the images where they were: it is made again from them"
        document = parse_json(self.content(self.images, remedy), self.images, remedy=remedy)
        with damage_named(self.images, remedy):
            record = ImagesRecord.from_dict(document)
        done = self.read_done()
        if done and done.images not in ("", record.text):
            raise damage(self.images, "of other images than when the run was finished", remedy)
        return record

    def _images_of_source(self) -> ImageSet | None:
        """Load the images that the run was trained on from their source; None if that is gone."""
        data, done = self.read_config().data, self.read_done()
        if data.source == ARRAY or done is None or not done.images:
            return None
        try:
            images = load_images(data.source, **data.load_options())
        except UserError:
            return None
        return images if _record_of(images).text == done.images else None

    def open_images(self) -> ImageSet:
        """Open the run's images: from the cache, or prepared again from their source.

        Raises:
            UserError: if they are gone or have changed.
        """
        data = self.read_config().data
        prepared = Path(self.read_images().prepared)
        if os.path.isdir(prepared):
            try:
                return self.open_prepared_images()
            except DamagedEntryError as error:
                if data.source == ARRAY:
                    raise
                give_notice(f"{error.why}; the images are prepared again from {data.source}")
        if data.source == ARRAY:
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
        if not os.path.isdir(prepared):
            raise UserError(f"the prepared images are gone from the cache ({prepared})")
        images = open_staged(prepared)
        self._check_fingerprint(images)
        return images

    @contextmanager
    def locked(self, seconds: float = LOCK_SECONDS) -> Iterator[None]:
        """Hold the run's lock while the block runs.

        Args:
            seconds: to wait for it.

        Raises:
            HeldError: if another process holds it and goes on to.
        """
        self._held = self.lock()
        try:
            with self._held.held(seconds):
                yield
        finally:
            self._held = None

    def lock(self) -> Lock:
        """Give the run's lock, which its process holds while it trains."""
        return Lock(self.path / ".lease", f"training {self.path}")

    def check_held(self) -> None:
        """Refuse to write on where another process has taken the run over.

        Raises:
            UserError: if it has: this one did nothing for minutes.
        """
        if self._held:
            self._held.check_held()

    @contextmanager
    def scores_locked(self) -> Iterator[None]:
        """Hold the lock of the run's scores, which several processes may add to, during the block.

        Raises:
            HeldError: if another process holds it and goes on to.
        """
        path = self.path / ".evaluation.lease"
        with locked(path, f"writing the scores of {self.path}", LOCK_SECONDS):
            yield

    @property
    def is_trained(self) -> bool:
        """Whether the run has the weights of its end."""
        return self.weights.is_file()

    @property
    def is_done(self) -> bool:
        """Whether the run is finished; one whose codes or scores were lost makes them again."""
        try:
            is_marked = self.read_done() is not None
        except UserError:
            return False
        return is_marked and self.codes.exists() and self.evaluation.exists()

    def mark_done(self) -> None:
        """Note that the run is finished, with the digests of what stays as it is."""
        kept = (self.weights, self.codes, self.frames, self.history)
        record = DoneRecord(
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            images=self.read_images().text if self.images.exists() else "",
            digests={
                path.name: content_digest(read_file(path, within=self.path))
                for path in kept
                if path.exists()
            },
        )
        write_text(self.done, record.as_text())
        self.newest_frame.unlink(missing_ok=True)

    def append_log(self, text: str) -> None:
        """Add a line to what the run's process printed."""
        append_line(self.log, text)

    def last_log_line(self) -> str:
        """Read the last line of the log that is no notice, or an empty string."""
        return log_end(self.log).rpartition("\n")[2]

    def _check_place(self) -> None:
        """Refuse a folder that a link leads out of the experiment to."""
        if self._root is not None:
            check_within(self.path, self._root)

    def _check_same_images(self, images: ImageSet, is_same_source: bool) -> None:
        """Refuse other images than the run was begun on."""
        try:
            self._check_fingerprint(images)
        except DamageError as error:
            if self.is_done or not is_same_source or images.info["source"] == ARRAY:
                raise
            give_notice(f"{error.what}; it is made again from {images.info['source']}")

    def _check_fingerprint(self, images: ImageSet) -> None:
        if self.read_images().fingerprint != images.fingerprint:
            raise UserError(
                f"the images have changed since {self.path} was begun; choose another --out"
            )


def _record_of(images: ImageSet) -> ImagesRecord:
    return ImagesRecord(images.fingerprint, images.images.shape, str(images.folder))
