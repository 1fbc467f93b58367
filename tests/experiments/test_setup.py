"""The beginning of an experiment."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.config.execution import ExecutionConfig
from unknot.config.parts import TrainingConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.evidence.collapse import suggest_betas
from unknot.evidence.preregistration import digest
from unknot.experiments.experiment import Experiment
from unknot.experiments.setup import (
    check_trainable,
    continuation_note,
    continued_training,
    create_experiment_folder,
    default_folder,
    default_run_folder,
    environment,
    experiment_config,
    pairing_note,
    resolve_config,
    with_suggested_betas,
    with_what_is_there,
)
from unknot.runs.experiment_folder import ExperimentFolder


def test_default_folders_are_safe(small_faces: ImageSet) -> None:
    config = experiment_config(small_faces, [1], [0])
    for source, expected in (
        ("faces", "faces"),
        ("/a/my images/../<b> ünsafe", "b---nsafe"),
        ("/data/celeba.zip", "celeba"),
        ("/data/3dshapes.h5", "3dshapes"),
        ("/", "images"),
    ):
        from_there = replace(config, data=replace(config.data, source=source))
        assert default_folder(from_there) == Path("runs") / expected
    assert default_run_folder(config) == Path("runs/faces_beta-1_seed-0")


def test_plain_values_become_a_description(small_faces: ImageSet) -> None:
    config = experiment_config(small_faces, [1, 2], [3], latent_dim=4, steps=7)
    assert config.betas == (1.0, 2.0)
    assert (config.seeds, config.model.latent_dim, config.training.steps) == ((3,), 4, 7)
    assert (config.data.source, config.data.size) == ("faces", 32)
    with pytest.raises(UserError, match="did you mean 'latent_dim'"):
        experiment_config(small_faces, [1], [0], latent_dims=4)
    resolved = resolve_config(config, small_faces).training
    assert resolved.batch_size == 32


def test_a_device_that_is_not_there_is_refused(small_faces: ImageSet) -> None:
    config = experiment_config(small_faces, [1], [0])
    check_trainable(config, small_faces.image_shape, ExecutionConfig(device="cpu"), None)
    with pytest.raises(UserError, match="device 'tpu9'"):
        check_trainable(config, small_faces.image_shape, ExecutionConfig(device="tpu9"), None)


def test_a_device_that_is_elsewhere_is_looked_for_there(small_faces: ImageSet) -> None:
    config = experiment_config(small_faces, [1], [0], batch_size=10**12)
    elsewhere = ExecutionConfig(device="cuda", engine="slurm")
    check_trainable(config, small_faces.image_shape, elsewhere, None)


def test_images_that_the_network_does_not_take_are_refused(small_faces: ImageSet) -> None:
    config = experiment_config(small_faces, [1], [0])
    with pytest.raises(UserError, match=r"higgins_conv takes .* not 48x48 .* images: .*linear"):
        check_trainable(config, (3, 48, 48), ExecutionConfig(), None)


def test_pairs_are_described_before_training_or_refused(
    small_faces: ImageSet, bare_faces: ImageSet
) -> None:
    alone = experiment_config(small_faces, [1], [0])
    assert pairing_note(alone, bare_faces) == ""
    options = {"objective": "ada_gvae", "objective_options": {"differ": 2}}
    in_pairs = experiment_config(small_faces, [1], [0], **options)
    assert pairing_note(in_pairs, small_faces).startswith("pairs differ in 2 of 9 factors; ")
    with pytest.raises(UserError, match="nothing says which images belong together"):
        pairing_note(in_pairs, bare_faces)


def test_a_plan_may_change_before_the_first_step_and_not_after(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    folder = ExperimentFolder(tmp_path / "e")
    config = resolve_config(experiment_config(small_faces, [1, 2], [0]), small_faces)
    create_experiment_folder(config, small_faces, folder)
    assert folder.sample.exists()
    more = replace(config, betas=(1.0, 2.0, 3.0))
    create_experiment_folder(more, small_faces, folder)
    plan = json.loads(folder.plan.read_text())
    assert plan["plan"]["betas"] == [1.0, 2.0, 3.0]
    assert plan["sha256"] == digest(plan["plan"]) == folder.read_environment()["plan_sha256"]
    begun = folder.run(RunConfig(1.0, 0))
    begun.path.mkdir()
    begun.history.write_text('{"split": "train", "step": 10}\n')
    create_experiment_folder(replace(more, seeds=(0, 1)), small_faces, folder)
    assert json.loads(folder.plan.read_text()) == plan
    assert folder.read_config().seeds == (0, 1)
    begun.history.unlink()
    begun.checkpoint.mkdir()  # its history was lost
    create_experiment_folder(replace(more, seeds=(0, 1, 2)), small_faces, folder)
    assert json.loads(folder.plan.read_text()) == plan


def test_an_interrupted_start_does_not_lock_the_folder(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    folder = ExperimentFolder(tmp_path / "e")
    folder.path.mkdir()
    folder.environment.write_text("{}")
    (folder.path / ".experiment.123.toml").write_text("betas")
    config = resolve_config(experiment_config(small_faces, [1], [0]), small_faces)
    create_experiment_folder(config, small_faces, folder)
    assert folder.is_experiment


def test_the_environment_says_what_results_depend_on(
    trained: Experiment, small_faces: ImageSet
) -> None:
    written = trained.files.read_environment()
    assert written.items() >= environment(small_faces).items()
    assert set(written["versions"]) >= {"python", "unknot", "torch", "numpy"}
    assert sum(written["data"]["splits"].values()) == 200


def test_seeds_and_looks_of_the_folder_are_gone_on_from(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    folder = ExperimentFolder(tmp_path / "e")
    asked = resolve_config(experiment_config(small_faces, [1, 4], [5]), small_faces)
    assert with_what_is_there(asked, folder) == asked
    there = replace(asked, seeds=(0, 1), until_clear=True, max_seeds=3, budget="2h")
    create_experiment_folder(there, small_faces, folder)
    both = with_what_is_there(asked, folder)
    assert both.seeds == (0, 1, 5)
    assert (both.until_clear, both.max_seeds, both.budget) == (True, 3, "2h")
    more = with_what_is_there(replace(asked, seeds=(2, 3, 4)), folder)
    assert (more.seeds, more.max_seeds) == ((0, 1, 2, 3, 4), 5)


@pytest.mark.parametrize(
    ("betas", "seeds", "message"),
    [
        (4, [0], r"betas is 4; give a list of numbers, such as \[1, 4\]"),
        ([1, "x"], [0], "betas is"),
        ([1], 2, "seeds is 2"),
        ([1], None, "seeds is None"),
    ],
)
def test_what_is_no_list_of_numbers(
    betas: object, seeds: object, message: str, small_faces: ImageSet
) -> None:
    with pytest.raises(UserError, match=message):
        experiment_config(small_faces, betas, seeds)


def test_a_path_is_no_image_set() -> None:
    with pytest.raises(UserError, match=r"images is str; load them first: load_images\(...\)"):
        experiment_config("photos", [1], [0])


def test_betas_are_those_of_the_folder_or_those_that_can_matter(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    config = resolve_config(experiment_config(small_faces, [1], [0]), small_faces)
    suggested, note = with_suggested_betas(config, small_faces, tmp_path / "e")
    assert suggested.betas == suggest_betas(config, small_faces)[0]
    assert note == ""
    there = replace(config, betas=(2.0, 3.0))
    create_experiment_folder(there, small_faces, ExperimentFolder(tmp_path / "e"))
    assert with_suggested_betas(config, small_faces, tmp_path / "e")[0].betas == (2, 3)


SHORT = TrainingConfig(steps=1000).resolved()


@pytest.mark.parametrize(
    ("asked", "continued_from", "steps"),
    [
        (TrainingConfig(steps=2000), (1000,), 2000),
        (TrainingConfig(steps=1000), (), 1000),
        (TrainingConfig(steps=500), (), 500),
        (TrainingConfig(steps=2000, batch_size=8), (), 2000),
    ],
)
def test_more_steps_and_nothing_else_continue_a_training(
    asked: TrainingConfig, continued_from: tuple[int, ...], steps: int
) -> None:
    training = continued_training(asked.resolved(), SHORT)
    assert (training.continued_from, training.steps) == (continued_from, steps)
    assert training.continues(SHORT) == bool(continued_from)


def test_a_continued_training_is_recognized_and_continued_again() -> None:
    longer = continued_training(TrainingConfig(steps=2000).resolved(), SHORT)
    assert continued_training(TrainingConfig(steps=2000).resolved(), longer) == longer
    longest = continued_training(TrainingConfig(steps=2500).resolved(), longer)
    assert longest.part_ends == (1000, 2000, 2500)
    assert longest.continues(longer)
    assert longest.continues(SHORT)
    assert not longer.continues(longest)


def test_a_short_warmup_of_beta_stays_as_it_was() -> None:
    tiny = TrainingConfig(steps=100).resolved()
    assert continued_training(TrainingConfig(steps=2000).resolved(), tiny).beta_warmup == 50
    other = TrainingConfig(steps=2000, beta_warmup=70).resolved()
    assert not continued_training(other, tiny).continues(tiny)


def test_a_continuation_is_told_in_one_line() -> None:
    longer = continued_training(TrainingConfig(steps=2000).resolved(), SHORT)
    assert continuation_note(SHORT, longer) == (
        "1,000 steps were asked for before, and 1,000 more follow them: the learning rate rises "
        "and falls once more, so the result is not the one that 2,000 steps from the start would "
        "give"
    )
    assert continuation_note(longer, longer) == ""
    constant = TrainingConfig(recipe="higgins", steps=10).resolved()
    note = continuation_note(constant, continued_training(replace(constant, steps=15), constant))
    assert note.endswith("5 more follow them, at the same learning rate")
