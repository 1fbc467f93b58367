"""Comparisons: the whole job on a tiny set."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

import unknot
from tests.data.pictures import fill
from unknot.common.errors import UserError
from unknot.data.image_set import ImageSet
from unknot.data.load import load_images
from unknot.experiments.compare import compare
from unknot.experiments.experiment import Experiment

TINY = {"steps": 12, "batch_size": 8, "latent_dim": 3}
LINEAR = TINY | {"network": "linear"}


def test_objectives_are_added_to_an_experiment(small_faces: ImageSet, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "out": tmp_path / "e",
        "engine": "inline",
        "network": "linear",
        "steps": 1,
        "batch_size": 8,
        "latent_dim": 2,
        "progress": False,
    }
    compare(small_faces, [1], **options)
    objectives = ["beta_vae", "dip_vae_i"]
    grown = compare(
        small_faces, "auto", objectives=objectives, strengths={"dip_vae_i": [2]}, **options
    )
    assert [run.name for run in grown.runs()] == ["beta-1_seed-0", "dip_vae_i-2_seed-0"]
    added = "objectives: beta_vae [1.0], dip_vae_i [2.0] added"
    assert added in grown.saved_evidence().exploratory
    with pytest.raises(UserError, match="it has the objective dip_vae_i, which is not asked for"):
        compare(small_faces, [1], **options)


def test_the_folder_is_as_designed(trained: Experiment) -> None:
    names = {path.name for path in trained.folder.iterdir()}
    assert names == {
        "experiment.toml",
        "plan.json",
        "environment.json",
        "evidence.json",
        "report.html",
        ".report.sha256",
        "sample.png",
        "beta-0.5_seed-0",
        "beta-2_seed-0",
    }
    run = {path.name for path in (trained.folder / "beta-2_seed-0").iterdir()}
    assert run - {"log.txt"} == {
        "config.toml",
        "images.json",
        "scales.json",
        "weights.safetensors",
        "checkpoint",
        "history.jsonl",
        "tensorboard",
        "frames.npz",
        "evaluation.json",
        "codes.npz",
        "reconstructions.avif",
        "traversals.avif",
        "traversals.png",
        "curves.svg",
        "done",
    }


def test_the_same_call_again_trains_nothing(trained: Experiment, small_faces: ImageSet) -> None:
    before = [run.files.done.stat().st_mtime_ns for run in trained.runs()]
    again = compare(small_faces, [0.5, 2], out=trained.folder, **TINY)
    assert [run.files.done.stat().st_mtime_ns for run in again.runs()] == before


def test_another_experiment_in_the_folder_is_refused(
    trained: Experiment, small_faces: ImageSet
) -> None:
    wrong = TINY | {"latent_dim": 4}
    with pytest.raises(UserError, match="latent_dim is 3 there and 4 here; choose another --out"):
        compare(small_faces, [0.5, 2], out=trained.folder, **wrong)
    with pytest.raises(UserError, match="betas are"):
        compare(small_faces, [0.5, 3], out=trained.folder, **TINY)


@pytest.mark.slow
def test_a_script_without_a_main_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import unknot\n"
        "print('top of the script')\n"
        "images = unknot.load_images(unknot.load_images('faces', num=60, size=32).images)\n"
        "experiment = unknot.compare(images, betas=[1, 2], steps=3, batch_size=4, out='e',\n"
        "                            network='linear')\n"
        "print(len(experiment.runs()))\n"
    )
    ended = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ended.stdout.split("\n") == ["top of the script", "2", ""]


def test_networks_of_ones_own(small_faces: ImageSet, tmp_path: Path) -> None:
    def network(shape: tuple[int, int, int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
        num = int(np.prod(shape))
        encoder = nn.Sequential(nn.Flatten(), nn.Linear(num, 2 * latent_dim))
        return encoder, nn.Sequential(nn.Linear(latent_dim, num), nn.Unflatten(1, shape))

    experiment = compare(small_faces, [1], out=tmp_path / "e", network=network, **TINY)
    assert experiment.run(beta=1).encode(small_faces).shape == (200, 3)
    with pytest.raises(UserError, match="network of your own"):
        Experiment(tmp_path / "e").run(beta=1).encode(small_faces)


def test_progress_is_told_of_runs_and_of_the_evidence(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    told: dict[str, tuple[int, int]] = {}
    compare(
        small_faces,
        [1],
        out=tmp_path,
        engine="inline",
        progress=lambda what, done, total: told.update({what: (done, total)}),
        **LINEAR,
    )
    assert told.pop("scores and pictures of beta-1_seed-0") == (1, 1)
    assert told == {"beta-1_seed-0": (12, 12), "evidence": (1, 1), "tests of latents": (1, 1)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": "100"}, "steps is '100'; it must be a whole number"),
        ({"latent_dims": 3}, "did you mean 'latent_dim'"),
        ({"engine": "inline", "stage": "/tmp"}, "have their images open already; leave out stage"),
        ({"engine": "cloud"}, "engine is 'cloud'; it can be local, inline"),
        ({"workers": 0}, "workers is 0; it must be at least 1"),
        ({"stack_runs": 0}, "stack_runs is 0; it must be at least 1"),
        ({"objective": "elbo"}, "objective is 'elbo'"),
        ({"objective_options": {"gamma": 3}}, "objective beta_vae has no option 'gamma'"),
        ({"objective": "dip_vae_i", "batch_size": 1}, "batch_size is 1; the objective dip_vae_i"),
        ({"objective": "info_vae", "objective_options": {"alpha": -1.0}}, "beta is 1; .* here 2"),
        (
            {"objective": "beta_tcvae", "objective_options": {"gamma": -2.0}},
            "gamma of beta_tcvae is -2; it must be a finite number of at least 0",
        ),
        ({"objective": "ada_gvae", "batch_size": 7}, "batch_size is 7; the objective ada_gvae"),
        (
            {"objective": "ada_gvae", "objective_options": {"differ": 9}},
            "differ is 9, and 9 factors vary; .* give at most 8",
        ),
        ({"objective": "ada_gvae", "stack_runs": 2}, "objective ada_gvae cannot be stacked"),
        ({"objective": "capacity", "stack_runs": 2}, "objective capacity cannot be stacked"),
        ({"likelihood": "gaussian_learned", "stack_runs": 2}, "likelihood gaussian_learned cannot"),
        ({"network": "custom"}, "network is one of your own"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(
    options: dict[str, object], message: str, small_faces: ImageSet, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        compare(small_faces, [1], out=tmp_path / "e", **options)
    assert not (tmp_path / "e").exists()


def test_people_are_compared_in_pairs(tmp_path: Path) -> None:
    """Which images make pairs is said before training, whichever call trains."""
    for person in "abcd":
        fill(tmp_path / "people" / person, 8)
    fill(tmp_path / "people" / "alone", 1)
    images = load_images(tmp_path / "people", size=32, group="people")
    options = LINEAR | {"objective": "ada_gvae"}
    said: list[str] = []
    experiment = compare(
        images, [1], out=tmp_path / "e", engine="inline", tell=said.append, **options
    )
    (run,) = experiment.runs()
    assert run.evaluation.as_dict()["strategy"] == "single"
    note = r"note: pairs are two of \d+ training images, of one group(; 1 with no other .*)?"
    assert any(re.fullmatch(note, line) for line in said)
    again = unknot.train(images, out=tmp_path / "run", **options)
    assert np.array_equal(again.encode(images.images), run.encode(images.images))


def test_betas_as_text_are_refused(small_faces: ImageSet) -> None:
    with pytest.raises(UserError, match="betas is 'many'; give a list of numbers"):
        compare(small_faces, "many")  # type: ignore[arg-type]


def test_stacked_runs_are_an_experiment_like_any_other(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    options = LINEAR | {"stack_runs": 2, "out": tmp_path, "engine": "inline"}
    experiment = compare(small_faces, [1.0, 1e38, 4.0], **options)
    assert [run.name for run in experiment.runs()] == ["beta-1_seed-0", "beta-4_seed-0"]
    assert "diverged" in experiment.failures()["beta-1e+38_seed-0"]
    assert experiment.crashed_runs() == []
    # one whose completion was cut off is finished by the same call, also if it is alone
    (tmp_path / "beta-1_seed-0" / "done").unlink()
    (tmp_path / "beta-1_seed-0" / "codes.npz").unlink()
    assert len(compare(small_faces, [1.0, 1e38, 4.0], **options).runs()) == 2


def test_more_seeds_can_be_named_alone(bare_faces: ImageSet, tmp_path: Path) -> None:
    options = TINY | {"out": tmp_path / "e", "engine": "inline", "device": "cpu"}
    compare(bare_faces, [1], [0], **options)
    experiment = compare(bare_faces, [1], [3, 4], **options)
    assert [run.config.seed for run in experiment.runs()] == [0, 3, 4]
    evidence = experiment.saved_evidence()
    assert evidence is not None
    assert evidence.exploratory == ["seeds: 3, 4 added"]
    again = compare(bare_faces, [1], **options)
    assert again.config.seeds == (0, 3, 4)


def test_seeds_are_trained_until_it_is_clear(bare_faces: ImageSet, tmp_path: Path) -> None:
    lines: list[str] = []
    experiment = compare(
        bare_faces,
        [1, 4],
        until_clear=True,
        max_seeds=4,
        budget="3h",
        out=tmp_path / "e",
        engine="inline",
        device="cpu",
        tell=lines.append,
        **TINY,
    )
    assert experiment.config.seeds == (0, 1, 2, 3)
    note, line = lines  # of two betas, three seeds cannot reach their level
    assert note.startswith("note: these betas are probably too small to matter")
    assert line.startswith("after 4 seeds of each beta it is not clear")
    assert line.endswith("and no more were planned")
    plan = json.loads(experiment.files.plan.read_text())["plan"]
    assert plan["seeds"] == [0, 1, 2, 3]
    assert [look["seeds"] for look in plan["looks"]] == [3, 4]
    assert plan["budget"] == "3h"
    evidence = experiment.saved_evidence()
    assert evidence is not None
    assert evidence.exploratory == []


def test_one_beta_cannot_be_trained_until_it_is_clear(bare_faces: ImageSet, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="give two betas or more"):
        compare(bare_faces, [1], until_clear=True, out=tmp_path / "e", **TINY)
    assert not (tmp_path / "e").exists()


LINEAR_HERE = LINEAR | {"engine": "inline", "device": "cpu"}


def test_betas_that_cannot_matter_are_named_once(
    bare_faces: ImageSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warning = "note: this beta is probably too small to matter: on these images a linear model "
    for expected in (1, 0):  # the second time there is nothing left to train
        compare(bare_faces, [0.01], out=tmp_path / "e", **LINEAR_HERE)
        written = capsys.readouterr()
        assert (written.err.count(warning), written.out) == (expected, "")
    lines: list[str] = []
    options = LINEAR_HERE | {"progress": False}
    compare(bare_faces, [0.02], out=tmp_path / "other", tell=lines.append, **options)
    assert [line.startswith(warning) for line in lines] == [True]
    compare(bare_faces, [0.03], out=tmp_path / "quiet", **options)
    assert capsys.readouterr() == ("", "")


def test_progress_is_shown_or_not_or_refused(bare_faces: ImageSet, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="progress is 'bars'; give True, False, or a function"):
        compare(bare_faces, [1], out=tmp_path / "e", progress="bars", **LINEAR)  # type: ignore[arg-type]
    assert not (tmp_path / "e").exists()


def test_more_steps_continue_an_experiment_as_a_hint(copied: Experiment) -> None:
    images, lines = copied.runs()[0].files.open_images(), list[str]()
    experiment = compare(
        images,
        [0.5, 2],
        out=copied.folder,
        engine="inline",
        tell=lines.append,
        **TINY | {"steps": 16},
    )
    assert lines[0].startswith("12 steps were asked for before, and 4 more follow them")
    assert experiment.failures() == {}
    assert [run.history("validation")[-1]["step"] for run in experiment.runs()] == [16, 16]
    evidence = experiment.saved_evidence()
    assert evidence is not None
    assert evidence.exploratory == [
        "12 steps were planned, and the runs were then trained on to 16"
    ]
    again = compare(images, [0.5, 2], out=copied.folder, engine="inline", **TINY | {"steps": 16})
    assert again.config == experiment.config
