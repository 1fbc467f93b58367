"""Runs that are trained for an experiment: by an executor, and where one of them fails."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
import torch

from unknot.common.errors import Interrupted
from unknot.data.image_set import ImageSet
from unknot.experiments import core_plan, dispatch
from unknot.experiments.compare import compare
from unknot.experiments.dispatch import JobTurns
from unknot.experiments.engines import Job, local
from unknot.experiments.engines.worker import EXIT_HELD
from unknot.experiments.experiment import Experiment
from unknot.models.networks import find_network
from unknot.report.live_runs import STOPPED, TRAINING, WAITING
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.training.checkpoint import threads_before
from unknot.training.gradients import can_share

TINY = {"steps": 12, "batch_size": 8, "latent_dim": 3}
LINEAR = TINY | {"network": "linear"}


def test_a_failing_run_of_ones_own_network_leaves_the_others(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    wild = TINY | {"learning_rate": 1e9, "schedule": "constant"}
    network = find_network("linear")
    experiment = compare(small_faces, [1, 2], out=tmp_path, network=network, **wild)
    assert set(experiment.failures()) == {"beta-1_seed-0", "beta-2_seed-0"}
    assert "diverged" in experiment.failures()["beta-2_seed-0"]
    assert experiment.crashed_runs() == []


def test_a_failing_run_leaves_the_others_alone_and_is_named(
    bare_faces: ImageSet, tmp_path: Path
) -> None:
    """Weights of another shape in its checkpoint stop one run."""
    other = compare(
        bare_faces, [1], out=tmp_path / "other", engine="inline", **LINEAR | {"latent_dim": 2}
    )
    out = tmp_path / "experiment"
    experiment = compare(bare_faces, [2], out=out, engine="inline", **LINEAR)
    config = replace(experiment.config, betas=(1.0,)).runs()[0]
    broken = experiment.files.run(config)
    broken.create(config, bare_faces)
    shutil.copytree(other.run(beta=1).files.checkpoint, broken.checkpoint)
    state = json.loads((broken.checkpoint / "state.json").read_text())
    del state["sha256"]
    (broken.checkpoint / "state.json").write_text(json.dumps(state | {"step": 5}))
    experiment = compare(bare_faces, [1, 2], out=out, engine="inline", **LINEAR)
    assert [run.name for run in experiment.runs()] == ["beta-2_seed-0"]
    assert list(experiment.failures()) == ["beta-1_seed-0"]
    assert "is of another model" in experiment.failures()["beta-1_seed-0"]
    assert "is of another model" in experiment.files.report.read_text()


def test_any_executor_serves(
    bare_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Takes some ten seconds: it starts a worker process, as every user's comparison does.

    Batches of 16 images are divided among two cores, and among no more of three.
    """
    for module in (core_plan, dispatch, local):
        monkeypatch.setattr(module, "num_cores", lambda: 3)
    options = LINEAR | {"batch_size": 16, "device": "cpu", "workers": 1, "progress": False}
    lines: list[str] = []
    with ThreadPoolExecutor(1) as executor:
        experiment = compare(
            bare_faces, [1], out=tmp_path / "e", engine=executor, tell=lines.append, **options
        )
    (run,) = experiment.runs()
    is_divided = can_share(16, 2, torch.device("cpu"))
    assert threads_before(run.files) == (2 if is_divided else 3)
    assert lines[-1] == f"3 cores: 1 run at a time, {2 if is_divided else 3} cores each"


def test_a_job_that_a_signal_has_stopped_stops_the_others() -> None:
    class Runner:
        stops = 0

        def submit(self, job: Job) -> "Future[int]":
            future: Future[int] = Future()
            if Path(job.folders[0]).name == "a":
                future.set_result(143)
            return future

        def stop(self) -> None:
            self.stops += 1

        def close(self) -> None:
            assert self.stops == 1

    jobs = [Job(folders=(f"/e/{name}",), device="cpu", jobs_per_machine=1) for name in "ab"]
    turns = JobTurns(jobs)
    with pytest.raises(Interrupted, match="every run is saved in e") as caught:
        dispatch._follow(Runner(), turns, ExperimentFolder("e"), None, None)
    assert caught.value.number == 15


def test_whose_turn_it_is() -> None:
    """Also where each job is executed as it is submitted, the next one then."""
    names = [("/e/a",), ("/e/b", "/e/c"), ("/e/d",)]
    jobs = [Job(folders=folders, device="cpu", jobs_per_machine=1) for folders in names]
    turns = JobTurns(jobs)
    assert turns.now() == {"a": TRAINING, "b": WAITING, "c": WAITING, "d": WAITING}
    over: Future[int] = Future()
    over.set_result(0)
    turns.futures.append(over)
    assert turns.now() == {"a": STOPPED, "b": TRAINING, "c": TRAINING, "d": WAITING}
    running: Future[int] = Future()
    running.set_running_or_notify_cancel()
    turns.futures += [running, Future()]
    assert turns.now() == {"a": STOPPED, "b": TRAINING, "c": TRAINING, "d": WAITING}


def test_a_run_of_another_process_is_waited_for(bare_faces: ImageSet, tmp_path: Path) -> None:
    """The other ends without having finished it, so it is trained here."""
    experiment = compare(bare_faces, [1], out=tmp_path, engine="inline", **LINEAR)
    other = experiment.files.run(replace(experiment.config, betas=(2.0,)).runs()[0])
    other.path.mkdir()
    freed: list[float] = []

    def hold() -> None:
        with other.lock().held(1):
            is_held.set()
            assert has_told.wait(20)
            assert not other.is_done
        freed.append(1)

    is_held, has_told = Event(), Event()
    lines: list[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        if "another process" in line:
            has_told.set()

    holder = Thread(target=hold)
    holder.start()
    assert is_held.wait(5)
    experiment = compare(bare_faces, [1, 2], out=tmp_path, engine="inline", tell=tell, **LINEAR)
    holder.join()
    assert freed
    assert other.is_done
    assert not experiment.failures()
    assert "a run is being trained by another process, which is waited for" in lines


def test_a_run_that_another_process_finishes_is_left_to_it() -> None:
    submitted: list[str] = []

    class Runner:
        def submit(self, job: Job) -> "Future[int]":
            submitted.extend(job.folders)
            future: Future[int] = Future()
            future.set_result(EXIT_HELD)
            return future

    turns = JobTurns([Job(folders=("/e/a",), device="cpu", jobs_per_machine=1)])
    turns.futures.append(Runner().submit(turns.jobs[0]))
    assert (turns.num_held, turns.are_over, turns.now()) == (1, False, {"a": TRAINING})
    assert submitted == ["/e/a"]


TWO_SUBMITTERS = """
import os, sys
from unknot.experiments import execute
train = execute.fit
def fit(config, images, folder, **options):
    with open(sys.argv[1], "a") as file:
        file.write(f"{os.getpid()} {folder.name}\\n")
    return train(config, images, folder, **options)
execute.fit = fit
import unknot
unknot.compare(
    unknot.load_images("faces", size=32, num=300), [1, 2, 3, 4, 5, 6], out=sys.argv[2],
    engine="inline", steps=60, batch_size=8, latent_dim=3, network="linear", progress=False,
)
"""


@pytest.mark.slow
def test_two_submitters_share_the_runs(tmp_path: Path) -> None:
    trained = tmp_path / "trained.txt"
    command = [sys.executable, "-c", TWO_SUBMITTERS, trained, tmp_path / "experiment"]
    submitters = [subprocess.Popen(command) for _ in range(2)]
    assert [submitter.wait() for submitter in submitters] == [0, 0]
    pids, names = zip(*(line.split() for line in trained.read_text().splitlines()))
    assert sorted(names) == [f"beta-{beta}_seed-0" for beta in range(1, 7)]
    assert len(set(pids)) == 2
    assert Experiment(tmp_path / "experiment").saved_evidence() is not None
    assert (tmp_path / "experiment" / "report.html").is_file()
