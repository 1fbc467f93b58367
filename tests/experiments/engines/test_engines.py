"""Engines are built from their names and options."""

import pytest

from unknot.common.errors import UserError
from unknot.experiments.engines import build_engine


def test_an_engine_is_built_by_its_name() -> None:
    assert build_engine("inline", {}).num_jobs(7, "cpu") == 1
    assert build_engine("local", {}).num_jobs(7, "cpu") == 7


def test_what_is_no_engine_or_option_is_named() -> None:
    with pytest.raises(UserError, match="engine is 'locl'; did you mean 'local'"):
        build_engine("locl", {})
    with pytest.raises(UserError, match="engine local has no option 'partition'; it has none"):
        build_engine("local", {"partition": "gpu"})
