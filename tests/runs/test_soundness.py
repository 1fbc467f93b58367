"""A run whose files are damaged is told, opened again, and finished with the same bits."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.common.reading import DamageError
from unknot.data.image_set import ImageSet
from unknot.experiments.compare import compare
from unknot.experiments.experiment import Experiment
from unknot.runs.soundness import check_sound, reopen_if_damaged


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "lost": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "half": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "a flipped bit": _flip,
}


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("name", ["weights", "codes", "evaluation"])
def test_what_is_damaged_is_named_and_the_run_is_finished_again(
    copied: Experiment, name: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = copied.run(2)
    path = getattr(run.files, name)
    DAMAGE[how](path)
    if (name, how) == ("evaluation", "a flipped bit"):
        path.write_bytes(path.read_bytes()[:-1])  # of a blank, so that it is no JSON any more
        path.write_text(path.read_text()[:-2])
    with pytest.raises(DamageError, match=rf"{path.name} is (damaged|missing)"):
        check_sound(run.files, run.config)
    if run.files.is_done:
        reopen_if_damaged(run.files, run.config)
        assert "the run is finished again, from its checkpoint" in caplog.text
    assert not run.files.is_done


def test_a_sound_run_is_left_alone(copied: Experiment) -> None:
    for run in copied.runs():
        check_sound(run.files, run.config)
        reopen_if_damaged(run.files, run.config)
        assert run.files.is_done


def test_another_run_in_its_place_is_refused_and_not_touched(copied: Experiment) -> None:
    first, second = copied.runs()
    shutil.rmtree(first.folder)
    shutil.copytree(second.folder, first.folder)
    with pytest.raises(UserError, match=r"holds another run: beta is 2\.0 there and 0\.5 here"):
        reopen_if_damaged(first.files, first.config)
    assert first.files.is_done
    assert list(copied.failures()) == [first.name]


@pytest.mark.parametrize("name", ["weights", "codes", "evaluation"])
def test_a_file_of_another_run_is_refused(copied: Experiment, name: str) -> None:
    first, second = (run.files for run in copied.runs())
    shutil.copy(getattr(second, name), getattr(first, name))
    with pytest.raises(DamageError, match=r"not as it was when|of the run beta-2_seed-0"):
        check_sound(first, first.read_config())


def test_a_comparison_makes_what_is_damaged_again(
    copied: Experiment, small_faces: ImageSet
) -> None:
    files = copied.run(2).files
    before = {path: path.read_bytes() for path in (files.weights, files.codes)}
    for path in before:
        _flip(path)
    assert list(copied.failures()) == [files.name]
    assert [run.config.beta for run in copied.runs()] == [0.5]
    again = compare(
        small_faces,
        [0.5, 2],
        out=copied.folder,
        engine="inline",
        steps=12,
        batch_size=8,
        latent_dim=3,
    )
    assert len(again.runs()) == 2
    assert {path: path.read_bytes() for path in before} == before
