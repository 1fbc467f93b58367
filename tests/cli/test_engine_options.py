"""Options of an engine on the command line."""

import pytest

from unknot.cli.engine_options import engine_options
from unknot.common.errors import UserError


def test_values_have_the_kinds_of_their_defaults() -> None:
    words = ["time=2:00:00", "gpus=1", "sbatch=--constraint=a100 --nice=5"]
    options = {"time": "2:00:00", "gpus": 1, "sbatch": "--constraint=a100 --nice=5"}
    assert engine_options("slurm", words) == options
    assert engine_options("nowhere", []) == {}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("gpus", "--engine-option takes NAME=VALUE, such as .*it was given 'gpus'"),
        ("=1", "--engine-option takes NAME=VALUE"),
        ("gpus=many", "engine option gpus is 'many'; it must be a whole number"),
        ("gpus=²", "engine option gpus is '²'; it must be a whole number"),
    ],
)
def test_what_is_no_option_is_one_line(word: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        engine_options("slurm", [word])


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(UserError, match="engine is 'slurmp'; did you mean 'slurm'"):
        engine_options("slurmp", ["gpus=1"])
