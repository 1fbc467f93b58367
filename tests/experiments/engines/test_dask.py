"""Dask: options, errors, and two workers of which one is killed."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.experiments.engines.lost_nodes import (
    OPTIONS,
    check_that_a_lost_node_costs_nothing,
    check_that_ctrl_c_leaves_nothing,
    descendants,
    kill_tree,
    one_thread,
)
from unknot.common.errors import UserError
from unknot.data.image_set import ImageSet
from unknot.experiments.compare import compare
from unknot.experiments.engines import build_engine, dask
from unknot.training.checkpoint import threads_before

pytest.importorskip("distributed", reason="Dask is not installed")
__all__ = ["one_thread"]

QUICK = OPTIONS | {"steps": 4}


def test_resources() -> None:
    assert dask.resources_of("GPU=1  MEMORY=4e9") == {"GPU": 1.0, "MEMORY": 4e9}
    assert dask.resources_of("") == {}


def test_options_that_do_not_fit_are_refused() -> None:
    for options, words in (
        ({"cores": 0}, "cores"),
        ({"retries": -1}, "retries"),
        ({"address": "a:1", "resources": "GPU"}, "resources is 'GPU'; give names and amounts"),
        ({"resources": "GPU=1"}, "give its address too"),
    ):
        with pytest.raises(UserError, match=words):
            build_engine("dask", options)


def test_as_many_jobs_at_a_time_as_the_cluster_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "num_cores", lambda: 8)
    assert build_engine("dask", {"cores": 2}).num_jobs(None, "cpu") == 4
    assert build_engine("dask", {"address": "head:1"}).num_jobs(5, "cpu") == 5


def test_an_address_that_does_not_answer_is_one_line() -> None:
    engine = build_engine("dask", {"address": "tcp://127.0.0.1:9"})
    with pytest.raises(UserError, match=r"no Dask cluster answers at tcp://127\.0\.0\.1:9: "):
        engine.start(1, None)


def test_where_it_is_not_installed_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unknot.experiments.engines.clusters.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"engine dask needs distributed: pip install 'unknot\[d"):
        build_engine("dask", {})


class DaskProcesses:
    """A scheduler and two workers of one thread each, as a user starts them.

    Args:
        file: by which they find each other.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.scheduler = self._start("scheduler", "--host=127.0.0.1", "--port=0")
        began = time.monotonic()
        while not file.exists() and time.monotonic() - began < 60:
            time.sleep(0.1)
        self.address: str = json.loads(file.read_text())["address"]
        self.workers = [self._start("worker", "--no-nanny", "--nthreads=1") for _ in range(2)]

    def _start(self, kind: str, *options: str) -> "subprocess.Popen[bytes]":
        common = ["--no-dashboard", f"--scheduler-file={self._file}"]
        return subprocess.Popen(
            [sys.executable, "-m", "dask", kind, *common, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._file.parent,
        )

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            kill_tree(process.pid)
            process.wait()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[DaskProcesses]:
    made = DaskProcesses(tmp_path / "scheduler.json")
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_what_a_killed_worker_was_at_ends_elsewhere_with_the_same_bits(
    bare_faces: ImageSet, tmp_path: Path, processes: DaskProcesses
) -> None:
    worker = processes.workers[1].pid

    def lose(holder: int) -> bool:
        is_there = holder in descendants(worker)
        if is_there:
            kill_tree(worker)
        return is_there

    address = {"address": processes.address}
    check_that_a_lost_node_costs_nothing(bare_faces, tmp_path, "dask", address, lose)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_an_executor_of_dask_serves(
    bare_faces: ImageSet, tmp_path: Path, processes: DaskProcesses
) -> None:
    from distributed import Client

    with Client(processes.address, set_as_default=False) as client:
        executor = client.get_executor(pure=False)
        experiment = compare(
            bare_faces, [1], out=tmp_path / "e", engine=executor, **QUICK, progress=False
        )
    assert not experiment.failures()
    assert threads_before(experiment.run(1).files) == 1


@pytest.mark.slow
def test_ctrl_c_ends_the_cluster_that_was_started_here(tmp_path: Path) -> None:
    check_that_ctrl_c_leaves_nothing(tmp_path / "e", "dask")
