"""A paper's runs from the first step to results.json, by tiny settings."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.experiments.papers.conftest import INLINE, tiny
from unknot.common.errors import UserError
from unknot.data.image_set import ImageSet
from unknot.experiments.experiment import Experiment
from unknot.experiments.papers.reproduce import measure_paper, train_paper, unfinished_runs
from unknot.experiments.papers.results import Results


def test_finished_runs_are_left_alone(sprites: ImageSet, vaes: dict[str, Experiment]) -> None:
    (experiment,) = vaes.values()
    weights = [run.files.weights for run in experiment.runs()]
    before = [path.stat().st_mtime_ns for path in weights]
    again = train_paper(tiny("higgins-2017"), sprites, experiment.folder.parent, INLINE)
    assert [path.stat().st_mtime_ns for path in weights] == before
    assert [run.name for run in again["beta_vae"].runs()] == [run.name for run in experiment.runs()]


def test_what_is_left_to_do(sprites: ImageSet, vaes: dict[str, Experiment], tmp_path: Path) -> None:
    configs = tiny("higgins-2017")
    (experiment,) = vaes.values()
    assert len(unfinished_runs(configs, sprites, tmp_path)) == 4
    assert not unfinished_runs(configs, sprites, experiment.folder.parent)
    more = {"beta_vae": replace(configs["beta_vae"], seeds=(0, 1, 2))}
    unfinished = unfinished_runs(more, sprites, experiment.folder.parent)
    assert {run.seed for run in unfinished} == {2}


def test_runs_of_other_steps_are_not_continued(
    sprites: ImageSet, vaes: dict[str, Experiment]
) -> None:
    (experiment,) = vaes.values()
    config = tiny("higgins-2017")["beta_vae"]
    longer = {"beta_vae": replace(config, training=replace(config.training, steps=20))}
    with pytest.raises(UserError) as refused:
        train_paper(longer, sprites, experiment.folder.parent, INLINE)
    assert "holds runs of 10 steps, and 20 were asked for; give another --out" in str(refused.value)


def test_a_run_that_fails_is_one_line(sprites: ImageSet, tmp_path: Path) -> None:
    config = tiny("higgins-2017")["beta_vae"]
    training = replace(config.training, learning_rate=1e15, optimizer="adam")
    configs = {"beta_vae": replace(config, seeds=(0,), betas=(1.0,), training=training)}
    with pytest.raises(UserError) as refused:
        train_paper(configs, sprites, tmp_path, INLINE)
    assert str(refused.value).startswith(f"{tmp_path / 'beta_vae' / 'beta-1_seed-0'} failed: ")


def test_results_say_how_they_were_made(
    sprites: ImageSet, vaes: dict[str, Experiment], tmp_path: Path
) -> None:
    results = measure_paper("rolinek-2019", vaes, sprites, tmp_path, "unknot reproduce x")
    assert Results.load(tmp_path / "results.json") == results
    assert (results.num_runs, results.num_seeds, results.steps) == (4, 2, 10)
    assert results.command == "unknot reproduce x"
    assert results.training_seconds >= 0
