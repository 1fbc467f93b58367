"""P-values of several tests."""

import pytest

from unknot.evidence.corrections import hochberg, holm


def test_holm_corrects_step_by_step() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == pytest.approx([1, 1])


def test_hochberg_corrects_from_the_largest_down() -> None:
    assert hochberg({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx(
        {"a": 0.03, "b": 0.04, "c": 0.04}
    )
    assert hochberg({"a": 0.9, "b": 0.8}) == {"a": 0.9, "b": 0.9}
    assert hochberg({}) == {}
