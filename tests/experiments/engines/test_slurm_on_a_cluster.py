"""Runs on a real Slurm of one node: disturbed, cancelled, left alone, and equal to local ones."""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

import unknot
from tests.one_node_slurm import missing_programs, one_node_slurm
from unknot.common.files import write_arrays
from unknot.config.execution import ExecutionConfig
from unknot.data.image_set import ImageSet
from unknot.data.load import load_images
from unknot.experiments.compare import compare
from unknot.experiments.dispatch import train_all
from unknot.experiments.engines.slurm_queue import cancel_jobs, job_states
from unknot.experiments.experiment import Experiment
from unknot.experiments.status import experiment_status
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.folder import RunFolder
from unknot.runs.history import last_step

pytestmark = pytest.mark.slow
TINY = {"network": "linear", "latent_dim": 2, "batch_size": 4, "device": "cpu", "progress": False}
BARE = {"scores": "none", "pictures": "none"}
DEADLINE = 150.0
CONFIG = """
betas = [1]
out = "{out}"
device = "cpu"
scores = "none"
pictures = "none"
[engine]
name = "slurm"
time = "10"
memory = "1G"
setup = "export MPLBACKEND=agg"
[data]
source = "{source}"
[model]
network = "linear"
latent_dim = 2
[training]
steps = 1000
batch_size = 4
"""


@pytest.fixture(scope="module", autouse=True)
def cluster(own_cache: Path) -> Iterator[None]:
    """A real Slurm of one node with two cores, whose commands this process can call."""
    missing = missing_programs()
    if missing:
        pytest.skip(
            f"no {', '.join(missing)} here; `make slurm` installs Slurm where it can be had"
        )
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory() as folder,
        one_node_slurm(Path(folder)) as environment,
    ):
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setenv("PYTHONPATH", str(Path(unknot.__file__).parents[1]))
        yield


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As many threads in this process as each job has cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def wait_until(condition: Callable[[], object]) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < DEADLINE, "it takes too long"
        time.sleep(0.05)


def runs_of(experiment: Experiment) -> dict[str, RunFolder]:
    return {config.name: experiment.files.run(config) for config in experiment.config.runs()}


def times_stopped(folder: RunFolder) -> int:
    text = folder.log.read_text() if folder.log.exists() else ""
    return text.count("stopped at step")


def disturb(experiment: Experiment, *command: str) -> RunFolder:
    """Disturb jobs that are at work, until one of them is met in the middle of its steps.

    Args:
        experiment: theirs.
        *command: of Slurm's, which takes the job as its last word.
    """
    tried: set[str] = set()
    runs = runs_of(experiment)

    def in_the_middle() -> list[str]:
        return [
            name
            for name, folder in runs.items()
            if name not in tried
            and last_step(folder.history)
            and not (folder.is_trained or times_stopped(folder))
        ]

    while True:
        wait_until(in_the_middle)
        name = in_the_middle()[0]
        tried.add(name)
        folder = runs[name]
        job = job_states(experiment.files)[name].job
        with subprocess.Popen([*command, job], stderr=subprocess.DEVNULL) as process:
            wait_until(lambda run=folder: run.is_done or times_stopped(run))
            process.kill()  # `scancel` goes on for a minute where a job has just begun
        if times_stopped(folder):
            return folder


def is_as_local(experiment: Experiment, images: ImageSet, place: Path) -> bool:
    """Train the same runs in this process; whether they end with the same bits."""
    local = ExperimentFolder(place)
    place.mkdir()
    execution = ExecutionConfig(engine="inline", device="cpu", **BARE)
    train_all(experiment.config, images, local, execution, None, None, None)
    pairs = [
        (experiment.files.run(config), local.run(config)) for config in experiment.config.runs()
    ]
    return all(
        getattr(run, name).read_bytes() == getattr(other, name).read_bytes()
        for run, other in pairs
        for name in ("weights", "codes")
    )


def test_twelve_runs_that_are_disturbed_and_cancelled_end_as_local_ones(
    bare_faces: ImageSet, tmp_path: Path, one_thread: None
) -> None:
    def leave() -> Experiment:
        return compare(
            bare_faces,
            [0.5, 1, 2, 4],
            [0, 1, 2],
            out=tmp_path / "slurm",
            engine="slurm",
            detach=True,
            steps=250,
            **TINY,
            **BARE,
        )

    experiment = leave()
    assert len(job_states(experiment.files)) == 12
    queued = [run.job for run in experiment_status(experiment.folder).runs]
    assert {job.state for job in queued if job} <= {"PENDING", "RUNNING"}
    assert len(list(filter(None, queued))) == 12
    preempted = disturb(experiment, "scontrol", "requeue")
    timed_out = disturb(experiment, "scancel", "--batch", "--signal=USR1")
    assert "it goes on from here when its turn comes again" in timed_out.log.read_text()
    stopped = cancel_jobs(experiment.files)
    assert "PENDING" in stopped.values()
    assert not experiment.files.report.exists()
    assert not all(folder.is_done for folder in runs_of(experiment).values())

    leave()
    wait_until(experiment.files.report.exists)
    assert experiment.failures() == {}
    evidence = experiment.saved_evidence()
    assert evidence
    assert len(evidence.runs_included) == 12
    assert times_stopped(preempted) == 1
    assert is_as_local(experiment, bare_faces, tmp_path / "local")


def test_a_comparison_that_waits_stops_its_jobs_with_itself_and_goes_on(
    bare_faces: ImageSet, tmp_path: Path, one_thread: None
) -> None:
    write_arrays(tmp_path / "faces.npz", {"images": bare_faces.images})
    out, config = tmp_path / "50% of 'Slurm's", tmp_path / "compare.toml"
    config.write_text(CONFIG.format(out=out, source=tmp_path / "faces.npz"))
    command = [sys.executable, "-m", "unknot", "compare", str(tmp_path / "faces.npz")]
    command += ["--config", str(config), "--quiet"]
    waiting = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    run = RunFolder(out / "beta-1_seed-0")
    wait_until(lambda: last_step(run.history))
    waiting.send_signal(signal.SIGINT)
    _, errors = waiting.communicate(timeout=DEADLINE)
    assert waiting.returncode == 130, errors
    assert "every run is saved" in errors
    states = {state.state for state in job_states(ExperimentFolder(out)).values()}
    assert states == {"CANCELLED"}
    assert times_stopped(run) == 1
    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0
    experiment = Experiment(out)
    assert experiment.files.report.exists()
    assert is_as_local(experiment, load_images(tmp_path / "faces.npz"), tmp_path / "local")
