"""In what two descriptions differ."""

from dataclasses import replace

from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import DataConfig, TrainingConfig
from unknot.config.run import RunConfig
from unknot.runs.differences import difference, other_rows

RUN = RunConfig(2.0, 1, training=TrainingConfig(steps=10))


def test_a_difference_of_runs_is_named() -> None:
    assert difference(RUN, RUN) is None
    assert difference(RUN, replace(RUN, beta=3.0)) == "beta is 2.0 there and 3.0 here"
    elsewhere = replace(RUN, data=DataConfig(source="/elsewhere"))
    assert difference(RUN, elsewhere) is None  # one folder has many names
    other = difference(RUN, replace(RUN, training=TrainingConfig(steps=10, batch_size=7)))
    assert other is not None
    assert other.startswith("batch_size is")


def test_strengths_and_seeds_may_be_added_to_an_experiment() -> None:
    before = ExperimentConfig(betas=(1.0,), seeds=(0,))
    assert other_rows(before, replace(before, betas=(1.0, 4.0), seeds=(0, 1))) is None
    assert other_rows(before, replace(before, betas=(4.0,))) == (
        "betas are (1.0,) there and (4.0,) here"
    )
