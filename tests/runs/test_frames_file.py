"""Reconstructions over training are read, or refused in one line."""

import io
from pathlib import Path

import numpy as np
import pytest

from unknot.common.reading import DamageError
from unknot.runs.frames_file import checked_frames

SHAPE = (1, 4, 4)
FRAMES = {
    "steps": np.array([1, 6]),
    "images": np.zeros((3, *SHAPE), np.uint8),
    "reconstructions": np.zeros((2, 3, *SHAPE), np.uint8),
}


def _content(**changes: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **{**FRAMES, **changes})
    return file.getvalue()


def test_frames_come_back() -> None:
    frames = checked_frames(_content(), Path("f.npz"), SHAPE)
    assert {name: array.shape for name, array in frames.items()} == {
        "steps": (2,),
        "images": (3, *SHAPE),
        "reconstructions": (2, 3, *SHAPE),
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": np.array([1, 2, 3])},
        {"steps": np.array(3)},
        {"steps": np.array(["a", "b"])},
        {"images": np.zeros((3, 1, 5, 5), np.uint8)},
        {"images": np.zeros((0, *SHAPE), np.uint8)},
        {"images": np.zeros((3, *SHAPE))},
        {"reconstructions": np.zeros((2, 2, *SHAPE), np.uint8)},
        {"reconstructions": np.zeros((2, 3, *SHAPE), np.float32)},
    ],
)
def test_frames_of_another_run_are_refused(changes: dict[str, np.ndarray]) -> None:
    with pytest.raises(DamageError, match=r"f.npz is damaged \(.*\); everything else") as caught:
        checked_frames(_content(**changes), Path("f.npz"), SHAPE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"half", _content()[:-30], _content()[:100]])
def test_a_damaged_file_is_refused(content: bytes) -> None:
    with pytest.raises(DamageError, match=r"f.npz is damaged"):
        checked_frames(content, Path("f.npz"), SHAPE)
