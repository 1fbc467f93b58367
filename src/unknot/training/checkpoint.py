"""Exact resume: weights, optimizer and state, replaced as one folder."""

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from torch import nn

from unknot.common.errors import UserError
from unknot.common.files import recover_folder, replace_folder
from unknot.common.reading import UnfitError, damage, damage_named, parse_json
from unknot.config.run import RunConfig
from unknot.runs.evaluation import OLD_STRATEGIES
from unknot.runs.field_types import check_fields, check_finite, check_least
from unknot.runs.folder import RunFolder
from unknot.runs.own_digest import OWN_DIGEST, is_as_written, with_own_digest
from unknot.runs.records import content_digest
from unknot.runs.weights import fitting_tensors, load_weights, to_bytes
from unknot.training.adversary import Adversary
from unknot.training.optimizers import Optimizer

WEIGHTS, OPTIMIZER, STATE = "weights.safetensors", "optimizer.safetensors", "state.json"
DIGESTS = "digests"
"""The key of a table in the state: name of each other file -> its SHA-256."""
MOST_THREADS = 65_536
ADVERSARY = "adversary_"  # before the names of an adversary's weights and optimizer


class TrainingState(NamedTuple):
    """Where a run stands.

    Attributes:
        step: updates done.
        seconds: time spent on them.
        threads: with how many threads; a resume uses as many, for equal bits.
        strategy: how gradients are computed: `single`, `data_parallel` or `stacked`.
        precision: of the large layers.
        first_loss: the loss of the first step, against which an explosion is judged.
        sums: of the training terms since the last line of the history.
        num_summed: how many steps are in them.
        run: its name by its description; empty in version 0.1.0.
        hardware: that took the last step, as `hardware_text` names it; empty where it is not known.
    """

    step: int
    seconds: float
    threads: int
    strategy: str
    precision: str
    first_loss: float
    sums: tuple[float, ...] = ()
    num_summed: int = 0
    run: str = ""
    hardware: str = ""

    def check(self, config: RunConfig | None) -> None:
        """Refuse what cannot be, and what is of another run.

        Args:
            config: the run's description, if it is known.

        Raises:
            UnfitError: names the field.
        """
        check_fields(self)
        check_least("step", 0, self.step)
        check_least("seconds", 0, self.seconds)
        check_least("threads", 1, self.threads)
        check_least("num_summed", 0, self.num_summed)
        check_finite("seconds", self.seconds)
        check_finite("sums", *self.sums)
        if self.threads > MOST_THREADS:
            raise UnfitError(f"field 'threads' is {self.threads:,}")
        if config is None:
            return
        steps = config.training.optimization().steps
        if self.step > steps:
            raise UnfitError(f"step {self.step:,} of a run of {steps:,}")
        if self.run not in ("", config.name):
            raise UnfitError(f"it is of the run {self.run}")


def save_checkpoint(
    folder: RunFolder,
    model: nn.Module,
    optimizer: Optimizer,
    state: TrainingState,
    adversary: Adversary | None = None,
) -> None:
    """Write a run's checkpoint beside its place and rename it there."""
    beside = folder.path / f".{folder.checkpoint.name}.{os.getpid()}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        digests = _save(beside, model, optimizer)
        if adversary:
            digests |= _save(beside, adversary.network, adversary.optimizer, ADVERSARY)
        document = with_own_digest(state._asdict() | {DIGESTS: digests})
        (beside / STATE).write_text(json.dumps(document))
        replace_folder(beside, folder.checkpoint)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def read_training_state(folder: RunFolder, config: RunConfig | None = None) -> TrainingState | None:
    """Read where a run's checkpoint stands; None if it has none.

    Also clears what a killed process left half written.

    Args:
        folder: the run's.
        config: its description, to which the state must fit.

    Raises:
        UserError: if it is damaged.
    """
    for left_over in folder.path.glob(f".{folder.checkpoint.name}.*"):
        shutil.rmtree(left_over, ignore_errors=True)
    if not recover_folder(folder.checkpoint):
        return None
    path, remedy = folder.checkpoint / STATE, _remedy(folder)
    document = _read_state(folder)
    with damage_named(path, remedy):
        if not is_as_written(document):
            raise UnfitError("it is not as it was written")
        state = TrainingState(
            **{k: v for k, v in document.items() if k not in (OWN_DIGEST, DIGESTS)}
        )
        state.check(config)
    return state._replace(sums=tuple(state.sums))


def threads_before(folder: RunFolder) -> int:
    """Read with how many threads a run was begun; 0 where no checkpoint says so.

    Nothing is cleared, so that the run may be training; what is damaged is left to the run to name.
    """
    with suppress(UserError, KeyError, TypeError):
        threads = _read_state(folder)["threads"]
        return threads if isinstance(threads, int) and 0 < threads <= MOST_THREADS else 0
    return 0


def device_before(folder: RunFolder) -> str:
    """Read on what kind of device a run took its last step: `cpu`, `cuda`; empty if not known.

    Nothing is cleared, so that the run may be training; what is damaged is left to the run to name.
    """
    with suppress(UserError, KeyError, TypeError):
        hardware = _read_state(folder)["hardware"]
        return hardware.split(" ")[0] if isinstance(hardware, str) else ""
    return ""


def load_checkpoint(
    folder: RunFolder, model: nn.Module, optimizer: Optimizer, adversary: Adversary | None = None
) -> None:
    """Bring a model, its optimizer and its adversary, if any, to where the checkpoint stands.

    Raises:
        UserError: if a file is missing, damaged or of another model.
    """
    _load(folder, model, optimizer)
    if adversary:
        _load(folder, adversary.network, adversary.optimizer, ADVERSARY)


def _read_state(folder: RunFolder) -> dict[str, Any]:
    path, remedy = folder.checkpoint / STATE, _remedy(folder)
    document = parse_json(folder.content(path, remedy), path, remedy=remedy)
    with damage_named(path, remedy):
        if "mode" in document:  # of version 0.1.0
            strategy, document["precision"] = document.pop("mode").split(" ", 1)
            document["strategy"] = OLD_STRATEGIES.get(strategy, strategy)
        return dict(document)


def _save(folder: Path, model: nn.Module, optimizer: Optimizer, prefix: str = "") -> dict[str, str]:
    """Write weights and optimizer; gives the digest of each file."""
    contents = {
        f"{prefix}{WEIGHTS}": to_bytes(model.state_dict()),
        f"{prefix}{OPTIMIZER}": to_bytes(optimizer.state()),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: content_digest(content) for name, content in contents.items()}


def _load(folder: RunFolder, model: nn.Module, optimizer: Optimizer, prefix: str = "") -> None:
    weights, other = (folder.checkpoint / f"{prefix}{name}" for name in (WEIGHTS, OPTIMIZER))
    load_weights(_content(folder, weights), weights, model, _remedy(folder))
    expected = optimizer.state()
    tensors = fitting_tensors(_content(folder, other), other, expected, _remedy(folder))
    for name, tensor in expected.items():
        tensor.copy_(tensors[name])


def _content(folder: RunFolder, path: Path) -> bytes:
    """Read a file of the checkpoint, which must be as it was written."""
    content = folder.content(path, _remedy(folder))
    digests = _read_state(folder).get(DIGESTS, {})  # version 0.1.0 had none
    if digests and digests.get(path.name) != content_digest(content):
        raise damage(path, "not as it was written", _remedy(folder))
    return content


def _remedy(folder: RunFolder) -> str:
    return (
        f"put back a copy of it, or delete {folder.checkpoint} and run the same command again to "
        "train the run from its start"
    )
