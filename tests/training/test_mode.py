"""How a step is computed, and that it makes no difference to what comes out."""

import signal
from pathlib import Path

import pytest
import torch

from unknot.config import ModelConfig, RunConfig, TrainingConfig
from unknot.data.image_set import ImageSet
from unknot.errors import Interrupted, UserError
from unknot.files import read_json
from unknot.model.vae import Terms
from unknot.training import mode
from unknot.training.history import read_history
from unknot.training.loop import fit
from unknot.training.recorders import Watch

CPU = torch.device("cpu")


def tiny(**options: object) -> TrainingConfig:
    given = {"steps": 4, "batch_size": 8, "log_every": 1, "checkpoint_every": 2, **options}
    return TrainingConfig(**given)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, of its own parts
@pytest.mark.skipif(
    bool(mode.why_not_compiled(CPU)), reason=f"no compiled graph: {mode.why_not_compiled(CPU)}"
)
def test_compiled_and_eager_agree_after_a_hundred_steps(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a small learning rate: a large one would amplify what is rounded differently."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "graphs"))
    losses = {}
    for way in ("eager", "compiled"):
        training = tiny(steps=100, recipe="higgins", precision="float32", mode=way, log_every=100)
        fit(RunConfig(1.0, 0, training=training), small_faces, tmp_path / way, device="cpu")
        assert read_json(tmp_path / way / "evaluation.json")["mode"] == f"{way} float32"
        losses[way] = [line["loss"] for line in read_history(tmp_path / way)]
    assert losses["compiled"] == pytest.approx(losses["eager"], rel=1e-4)
    assert any((tmp_path / "graphs").iterdir())


def test_without_a_compiler_it_is_eager_and_says_so(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    training = tiny(mode="compiled", precision="float32")
    fit(RunConfig(1.0, 0, training=training), small_faces, tmp_path, device="cpu")
    found = read_json(tmp_path / "evaluation.json")
    assert found["mode"] == "eager float32"
    assert "no C++ compiler" in found["note"]


def test_a_compiler_that_fails_is_told_of(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(step: mode.Step, dynamic: bool) -> mode.Step:
        def broken(pixels: torch.Tensor, noise: torch.Tensor) -> Terms:
            step(pixels, noise)
            raise RuntimeError("omp.h is missing\nand much more")

        return broken

    monkeypatch.setattr(mode, "why_not_compiled", lambda device: "")
    monkeypatch.setattr(torch, "compile", failing)
    model = ModelConfig(likelihood="gaussian_learned")
    for name, way in (("a", "compiled"), ("b", "eager")):
        config = RunConfig(1.0, 0, model=model, training=tiny(mode=way))
        fit(config, small_faces, tmp_path / name, device="cpu")
    assert "omp.h is missing" in read_json(tmp_path / "a" / "evaluation.json")["note"]
    losses = [[line["loss"] for line in read_history(tmp_path / name)] for name in ("a", "b")]
    assert losses[0] == losses[1]


def test_a_resume_refuses_a_change_of_precision(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mode, "computes_in_bfloat16", lambda device: True)

    def stop(step: int, steps: int) -> None:
        signal.raise_signal(signal.SIGTERM)

    config = RunConfig(1.0, 0, training=tiny())
    with pytest.raises(Interrupted):
        fit(config, small_faces, tmp_path, device="cpu", on_step=stop)
    monkeypatch.setattr(mode, "computes_in_bfloat16", lambda device: False)
    with pytest.raises(UserError, match="eager bfloat16 and would go on in mode eager float32"):
        fit(config, small_faces, tmp_path, device="cpu")


def test_a_run_with_no_steps_left_is_finished_in_any_mode(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mode, "computes_in_bfloat16", lambda device: True)
    fit(RunConfig(1.0, 0, training=tiny()), small_faces, tmp_path, device="cpu")
    (tmp_path / "evaluation.json").unlink()
    monkeypatch.setattr(mode, "computes_in_bfloat16", lambda device: False)
    fit(RunConfig(1.0, 0, training=tiny()), small_faces, tmp_path, device="cpu")
    assert read_json(tmp_path / "evaluation.json")["mode"] == "eager bfloat16"


def test_bfloat16_follows_single_precision(small_faces: ImageSet, tmp_path: Path) -> None:
    losses = []
    for precision in ("float32", "bfloat16"):
        training = tiny(steps=30, precision=precision)
        fit(RunConfig(1.0, 0, training=training), small_faces, tmp_path / precision, device="cpu")
        losses.append([line["loss"] for line in read_history(tmp_path / precision, "train")])
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


def test_a_network_without_convolutions_is_in_single_precision(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    config = RunConfig(
        1.0, 0, model=ModelConfig(network="linear"), training=tiny(precision="bfloat16")
    )
    fit(config, small_faces, tmp_path, device="cpu")
    assert read_json(tmp_path / "evaluation.json")["mode"] == "eager float32"


def test_what_goes_astray_is_found_when_somebody_looks() -> None:
    watch = Watch(first_loss=float("nan"))
    for step, loss in enumerate((3.0, 2.0, float("nan"), 1.0)):
        watch.add(step, torch.tensor(loss), [torch.ones(2)])
    found = watch.look()
    assert found is not None
    assert found.step == 2
    assert watch.first_loss == 3.0
    assert watch.look() is None
