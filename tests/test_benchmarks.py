"""The benchmark of a GPU, as far as it goes without one."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from unknot.data.image_set import ImageSet

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)


def sleeping(setting: Any, seconds: float) -> dict[str, Any]:
    """Take so long; a task that others are tested with."""
    time.sleep(seconds)
    return {f"{seconds}": {"slept": seconds}}


def failing(setting: Any) -> dict[str, Any]:
    """Go wrong."""
    raise RuntimeError("out of | memory")


def dying(setting: Any) -> dict[str, Any]:
    """Take the process along."""
    os._exit(1)


@pytest.mark.parametrize("runs", [1, 2])
def test_a_step_on_inputs_that_lie_still_is_the_trainers(
    runs: int, small_faces: ImageSet, tmp_path: Path
) -> None:
    import gpu_steps

    setting = gpu_steps.Setting("cpu", str(tmp_path), quick=True)
    side = gpu_steps.Side(gpu_steps.PARTS, "float32", runs)
    trainers = gpu_steps.trainers_of(side, setting, small_faces)
    step = gpu_steps.LATEST_STEP
    expected = [trainer.compute_gradients(step)[0].item() for trainer in trainers]
    before = [next(trainer.model.parameters()).clone() for trainer in trainers]
    still = gpu_steps.StillStep(trainers, small_faces)
    still.feed(step)
    still.compute()
    assert still.losses.tolist() == pytest.approx(expected, rel=1e-5)
    for trainer, weight in zip(trainers, before):
        assert not torch.equal(next(trainer.model.parameters()), weight)
        trainer.close()


def test_without_a_gpu_it_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import gpu

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    with pytest.raises(SystemExit) as caught:
        gpu.main()
    assert caught.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("no CUDA device here; --device cpu ")


def test_what_fails_leaves_the_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each that fails takes its process along; results are saved after each task."""
    import gpu
    from gpu_steps import Setting

    ended: list[str] = []

    class Worker:
        def __init__(self, setting: Any) -> None:
            """Begin."""

        def do(self, task: Any, seconds: float) -> dict[str, Any]:
            if task.name == "fails":
                raise gpu.Failed("out of memory")
            row: dict[str, Any] = task.job(None, *task.arguments)
            return row

        def close(self) -> None:
            ended.append("closed")

        def kill(self) -> None:
            ended.append("killed")

    monkeypatch.setattr(gpu, "Worker", Worker)
    everything = [
        gpu.Task("equality", "fails", failing),
        gpu.Task("equality", "works", sleeping, (0,)),
        gpu.Task("decoding", "works too", sleeping, (0.01,)),
    ]
    saved: list[str] = []
    results = gpu.measure(
        Setting("cpu", ""), everything, 600.0, lambda results: saved.append(json.dumps(results))
    )
    assert results["equality"] == {"0": {"slept": 0}}
    assert results["decoding"] == {"0.01": {"slept": 0.01}}
    assert results["failed"] == {"equality, fails": "out of memory"}
    assert results["left_out"] == ""
    assert set(results["seconds"]) == {"equality", "decoding"}
    assert ended == ["killed", "closed"]
    assert len(saved) == len(everything)
    assert json.loads(saved[0])["failed"] == results["failed"]


@pytest.mark.slow
def test_a_process_that_fails_dies_or_hangs_says_so(tmp_path: Path) -> None:
    import gpu
    from gpu_steps import Setting

    setting = Setting("cpu", str(tmp_path))
    for job, arguments, error in (
        (failing, (), "RuntimeError: out of / memory"),
        (dying, (), "its process died"),
        (sleeping, (300,), "not done within 1 s"),
    ):
        worker = gpu.Worker(setting)
        assert worker.do(gpu.Task("data", "begins", sleeping, (0,)), 60) == {"0": {"slept": 0}}
        with pytest.raises(gpu.Failed, match=error):
            worker.do(gpu.Task("data", "ends", job, arguments), 60 if job != sleeping else 1)
        worker.kill()
        with pytest.raises(gpu.Failed, match="its process died"):
            worker.do(gpu.Task("data", "begins", sleeping, (0,)), 60)


def test_the_reason_is_what_went_wrong_first() -> None:
    import gpu

    def capture() -> None:
        try:
            raise RuntimeError("not permitted\nwhen capturing")
        finally:
            raise RuntimeError("the capture is broken")

    with pytest.raises(RuntimeError) as caught:
        capture()
    assert gpu.reason(caught.value) == "RuntimeError: not permitted when capturing"


def test_what_there_is_no_time_for_is_named(tmp_path: Path) -> None:
    import gpu
    from gpu_steps import Setting

    tasks = [gpu.Task("steps", name, sleeping, (0,)) for name in ("first", "second")]
    results = gpu.measure(Setting("cpu", str(tmp_path)), tasks, 0.0, lambda results: None)
    assert results["left_out"] == "first; second"
    assert results["steps"] == {}


def test_the_verdict_is_the_best_stack_over_the_best_without() -> None:
    import gpu

    def rows(**rates: float) -> dict[str, dict[str, float]]:
        names = {"one": "one run", "four": "4 processes", "stack": "8 stacked runs"}
        return {
            f"{names[name]}, trainer, float32": {"images_per_second": rate}
            for name, rate in rates.items()
        }

    goes = gpu.verdict(rows(one=100, four=250, stack=400), "cuda:1")
    assert goes.startswith("stacking wins 1.60 times (8 stacked runs, trainer, float32: 400 image")
    assert "; 4 processes, trainer, float32: 250), it goes" in goes
    assert "it stays" in gpu.verdict(rows(one=100, stack=200), "cuda")
    assert "this is no GPU" in gpu.verdict(rows(one=100, stack=200), "cpu")
    assert gpu.verdict(rows(one=100), "cuda") == "stacking: not measured"


@pytest.mark.slow
def test_the_whole_script_on_the_processor(tmp_path: Path) -> None:
    import publish

    out = tmp_path / "gpu.json"
    command = [sys.executable, str(BENCHMARKS / "gpu.py"), "--device", "cpu", "--quick"]
    command += ["--minutes", "20", "--out", str(out), "--json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    results = json.loads(answer.stdout)
    assert json.loads(out.read_text()) == results
    assert results["failed"] == {}
    assert results["left_out"] == ""
    assert {row["equal"] for row in results["equality"].values()} == {"yes"}
    assert answer.stderr.splitlines()[-1] == results["stacking"]
    assert "no GPU" in results["stacking"]
    assert results["comparison"]["as it is"]["failures"] == 0
    page = publish.section("gpu", [out])
    assert "| 2 processes, trainer, bfloat16 |" in page


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="faults are made as Linux has them")
@pytest.mark.parametrize(
    "command",
    [
        "robust_faults.py --only write_20_once working_folder_gone",
        "torture.py --kills 2 --signals 2",
    ],
)
def test_what_a_system_does_gives_one_line_and_loses_nothing(command: str) -> None:
    """A subset of `make torture`."""
    words = [word.replace("_", " ") if "--" not in word else word for word in command.split()]
    words[0] = str(BENCHMARKS / command.split()[0])
    ended = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("\n") > 2
