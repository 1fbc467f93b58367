"""Whatever bytes a file of a run or an experiment holds, it is read or refused in one line."""

import json
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unknot.common.errors import UserError
from unknot.evidence.evidence import Evidence
from unknot.evidence.preregistration import planned_blind_seed, read_plan
from unknot.experiments.experiment import Experiment
from unknot.runs.held_out import read_codes
from unknot.runs.history import HistoryTail, read_history_end
from unknot.runs.run import Run
from unknot.training.checkpoint import read_training_state, threads_before

Reader = Callable[[Experiment, Run], object]

READERS: dict[str, list[Reader]] = {
    "beta-2_seed-0/images.json": [lambda experiment, run: run.files.read_images()],
    "beta-2_seed-0/evaluation.json": [lambda experiment, run: run.evaluation],
    "beta-2_seed-0/done": [
        lambda experiment, run: run.files.read_done(),
        lambda experiment, run: run.files.is_done,
        lambda experiment, run: experiment.failures(),
    ],
    "beta-2_seed-0/history.jsonl": [
        lambda experiment, run: run.history(),
        lambda experiment, run: read_history_end(run.files.history),
        lambda experiment, run: HistoryTail(run.files.history).read(),
    ],
    "beta-2_seed-0/frames.npz": [lambda experiment, run: run.frames()],
    "beta-2_seed-0/codes.npz": [lambda experiment, run: read_codes(run.files)],
    "beta-2_seed-0/weights.safetensors": [lambda experiment, run: Run(run.files).model],
    "beta-2_seed-0/log.txt": [lambda experiment, run: run.files.last_log_line()],
    "beta-2_seed-0/checkpoint/state.json": [
        lambda experiment, run: read_training_state(run.files, run.config),
        lambda experiment, run: threads_before(run.files),
    ],
    "environment.json": [lambda experiment, run: experiment.files.read_environment()],
    "evidence.json": [
        lambda experiment, run: Evidence.load(experiment.files.evidence),
        lambda experiment, run: experiment.saved_evidence(),
    ],
    "plan.json": [
        lambda experiment, run: read_plan(experiment.files),
        lambda experiment, run: planned_blind_seed(experiment.files),
    ],
}
"""File -> what reads it."""
DOCUMENTS = [name for name in READERS if name.endswith(".json")]
BINARY = [name for name in READERS if name.endswith((".npz", ".safetensors"))]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def unmarked(trained: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """A copy whose runs have no digests, so that their files are parsed whatever they hold."""
    folder = tmp_path_factory.mktemp("unmarked") / "experiment"
    shutil.copytree(trained.folder, folder)
    experiment = Experiment(folder)
    for run in experiment.runs():
        run.files.done.unlink()
        run.files.log.write_text("a line\n")
    return experiment


def _read(experiment: Experiment, name: str, content: bytes) -> None:
    """Read a file with another content by all that reads it, and put it back."""
    path = experiment.folder / name
    before = path.read_bytes() if path.exists() else None
    path.write_bytes(content)
    run = Run(experiment.files.run(experiment.config.runs()[1]), device="cpu")
    try:
        for reader in READERS[name]:
            try:
                reader(experiment, run)
            except UserError as error:
                assert "\n" not in str(error)  # noqa: PT017
                assert "Error" not in str(error)  # noqa: PT017
    finally:
        path.unlink()
        if before is not None:
            path.write_bytes(before)


@pytest.mark.parametrize("name", READERS)
@given(content=st.binary(max_size=200))
def test_any_bytes(name: str, content: bytes, unmarked: Experiment) -> None:
    _read(unmarked, name, content)


@pytest.mark.parametrize("name", DOCUMENTS)
@given(data=st.data())
def test_any_value_in_the_place_of_another(
    name: str, data: st.DataObject, unmarked: Experiment
) -> None:
    document = json.loads((unmarked.folder / name).read_text())
    document.pop("sha256", None)
    places = list(_places(document))
    keys = data.draw(st.sampled_from(places))
    inner = document
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = data.draw(VALUES)
    _read(unmarked, name, json.dumps(document).encode())


@pytest.mark.parametrize("name", DOCUMENTS)
@given(document=VALUES)
def test_any_document(name: str, document: Any, unmarked: Experiment) -> None:
    _read(unmarked, name, json.dumps(document).encode())


@pytest.mark.parametrize("name", BINARY)
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), size=st.integers(0, 9))
def test_other_bytes_somewhere(
    name: str, place: float, byte: int, size: int, unmarked: Experiment
) -> None:
    content = bytearray((unmarked.folder / name).read_bytes())
    start = int(place * len(content))
    content[start : start + size] = bytes([byte]) * min(size, 3)
    _read(unmarked, name, bytes(content))


@given(lines=st.lists(VALUES.map(json.dumps) | st.text(max_size=9), max_size=4))
def test_any_lines_of_a_history(lines: list[str], unmarked: Experiment) -> None:
    content = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")
    _read(unmarked, "beta-2_seed-0/history.jsonl", content)


def _places(value: Any, keys: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a document; of each list the first alone."""
    items = value.items() if isinstance(value, dict) else []
    if isinstance(value, list):
        items = enumerate(value[:1])
    for key, item in items:
        yield (*keys, key)
        yield from _places(item, (*keys, key))
