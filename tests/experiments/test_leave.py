"""Runs that are left to a cluster."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.fake_slurm import FakeSlurm
from unknot.common.errors import UserError
from unknot.data.image_set import ImageSet
from unknot.experiments.compare import compare
from unknot.experiments.engines.slurm_job import finish_experiment
from unknot.experiments.execute import execute_run
from unknot.experiments.experiment import Experiment
from unknot.models.networks import find_network

TINY = {"steps": 12, "batch_size": 8, "latent_dim": 3}
LINEAR = TINY | {"network": "linear"}


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    (tmp_path / "bin").mkdir()
    fake = FakeSlurm(tmp_path / "bin", monkeypatch)
    fake.answer("sbatch", "12\n")
    return fake


def test_runs_are_left_to_a_cluster_and_finished_when_they_are_over(
    small_faces: ImageSet, tmp_path: Path, slurm: FakeSlurm
) -> None:
    lines: list[str] = []
    options: dict[str, Any] = {"out": tmp_path / "e", "progress": False, **LINEAR}
    left = compare(small_faces, [1, 2], engine="slurm", detach=True, tell=lines.append, **options)
    assert lines[-1].startswith("2 jobs are in Slurm's queue (12)")
    assert len(slurm.calls("sbatch")) == 2
    assert not left.files.report.exists()
    execute_run(left.files.run(left.config.runs()[0]))
    finish_experiment(left.files)
    finished = Experiment(left.folder)
    assert list(finished.failures()) == ["beta-2_seed-0"]
    assert "job 12_1 of Slurm ended before its run began" in finished.failures()["beta-2_seed-0"]
    evidence = finished.saved_evidence()
    assert evidence
    assert evidence.runs_included == ["beta-1_seed-0"]
    assert finished.files.report.exists()


def test_what_is_finished_is_not_left_to_a_cluster(
    small_faces: ImageSet, tmp_path: Path, slurm: FakeSlurm
) -> None:
    options: dict[str, Any] = {"out": tmp_path / "e", "progress": False, **LINEAR}
    compare(small_faces, [1], engine="inline", **options)
    done = compare(small_faces, [1], engine="slurm", detach=True, **options)
    assert done.failures() == {}
    assert slurm.calls("sbatch") == []


@pytest.mark.usefixtures("slurm")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "inline"}, "which 'inline' has not: take engine 'slurm'"),
        ({"engine": ThreadPoolExecutor(1)}, "which an executor or a network of your own has not"),
        ({"network": find_network("linear")}, "which an executor or a network of your own has not"),
        ({"until_clear": True}, "it has to wait for them; leave out detach or until_clear"),
    ],
)
def test_what_needs_this_process_cannot_be_left_alone(
    options: dict[str, Any], message: str, small_faces: ImageSet, tmp_path: Path
) -> None:
    asked = {"engine": "slurm"} | options
    with pytest.raises(UserError, match=message):
        compare(small_faces, [1, 2], out=tmp_path / "e", detach=True, **TINY, **asked)
    assert not (tmp_path / "e").exists()
