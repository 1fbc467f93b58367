"""Two strips change the picture equally."""

import numpy as np
import pytest

from tests.report.blind.small import decode, made_codes
from unknot.report.blind.strips import (
    NUM_PICTURES,
    REACH,
    Lines,
    equal_strips,
    latent_lines,
    mean_changes,
)


def test_the_mean_change_of_a_straight_decoder_is_known() -> None:
    ends = np.array([[[-3.0, 0.0], [3.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]])

    def straight(codes: np.ndarray) -> np.ndarray:
        return 100 + codes[:, :1] * np.ones((1, 5))

    assert NUM_PICTURES == 7
    assert mean_changes(straight, ends) == pytest.approx([2.0, 0.0])  # of 3 2 1 1 2 3


def test_what_lies_beyond_white_is_not_counted() -> None:
    ends = np.array([[[0.0], [200.0]]])
    assert mean_changes(lambda codes: codes + 255, ends) == [0.0]


def test_a_line_along_a_latent_leaves_the_others() -> None:
    codes = made_codes().mean
    lines = latent_lines(decode, codes, np.array([3, 5]), [1, 0], np.array([1.0, -1.0]))
    first, last = lines.ends(np.full(2, REACH)).swapaxes(0, 1)
    mean, std = codes.mean(0), codes.std(0)
    assert first[0, 1] == pytest.approx(mean[1] - REACH * std[1])
    assert first[1, 0] == pytest.approx(mean[0] + REACH * std[0])
    assert np.array_equal(first[0, [0, 2, 3]], codes[3, [0, 2, 3]])
    assert np.array_equal(last[1, 1:], codes[5, 1:])


def test_strips_are_shortened_to_the_same_change_and_never_prolonged() -> None:
    codes = made_codes().mean
    rows, ones = np.arange(8), np.ones(8)
    first = latent_lines(decode, codes, rows, [0, 1, 2, 3] * 2, ones)
    second = Lines(decode=decode, centers=codes[rows], moves=np.tile([0.4, -0.2, 0.3, 0.9], (8, 1)))
    strips = equal_strips(first, second)
    assert mean_changes(decode, strips.first) == pytest.approx(strips.change, rel=0.01)
    assert mean_changes(decode, strips.second) == pytest.approx(strips.change, rel=0.01)
    longest = [lines.ends(np.full(8, REACH)) for lines in (first, second)]
    lengths = [
        np.linalg.norm(s[:, 1] - s[:, 0], axis=1) / np.linalg.norm(w[:, 1] - w[:, 0], axis=1)
        for s, w in zip((strips.first, strips.second), longest)
    ]
    assert np.max(lengths) <= 1 + 1e-9
    assert np.max(lengths, axis=0) == pytest.approx(1)  # one of the two is as long as it can be
    assert np.min(lengths) < 0.9
