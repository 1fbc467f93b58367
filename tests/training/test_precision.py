"""In which precision the large layers compute."""

from pathlib import Path

import pytest
import torch

from tests.training.tiny import CPU, LINEAR, losses, tiny
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.models.build import build_vae
from unknot.models.layers import TransposedConvolution
from unknot.runs.folder import RunFolder
from unknot.training import precision
from unknot.training.fit import fit
from unknot.training.precision import Precision, computes_in_bfloat16, set_precision

SHAPE = (3, 32, 32)
NOTE = "trained in float32: the network has no layers for bfloat16"


@pytest.mark.parametrize(
    ("wanted", "can", "expected"),
    [
        ("auto", True, "bfloat16"),
        ("auto", False, "float32"),
        ("float32", True, "float32"),
        ("bfloat16", False, "bfloat16"),
    ],
)
@pytest.mark.parametrize("stacked", [False, True])
def test_the_layers_are_set_to_what_is_wanted_or_fits(
    wanted: str, can: bool, expected: str, stacked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "computes_in_bfloat16", lambda device: can)
    model = build_vae("higgins_conv", SHAPE, 2)
    assert set_precision(wanted, model, CPU, stacked=stacked) == Precision(expected)
    dtype = torch.bfloat16 if expected == "bfloat16" else None
    layers = [m for m in model.modules() if isinstance(m, TransposedConvolution)]
    assert {(layer.training_dtype, layer.plain) for layer in layers} == {(dtype, stacked)}


@pytest.mark.parametrize(("wanted", "note"), [("auto", ""), ("float32", ""), ("bfloat16", NOTE)])
def test_a_network_without_such_layers_is_in_single_precision(
    wanted: str, note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "computes_in_bfloat16", lambda device: True)
    model = build_vae("linear", SHAPE, 2)
    assert set_precision(wanted, model, CPU, stacked=False) == Precision("float32", note)


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [({"avx512_bf16": True}, True), ({"amx_bf16": True}, True), ({"avx2": True}, False)],
)
def test_a_processor_is_asked_for_its_instructions(
    capabilities: dict[str, bool], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    assert computes_in_bfloat16(CPU) is expected


@pytest.mark.parametrize("capability", ["DEFAULT", "AVX2"])
def test_instructions_that_torch_may_not_use_count_as_missing(
    capability: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True}, raising=False)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert not computes_in_bfloat16(CPU)
    assert not computes_in_bfloat16(torch.device("meta"))


@pytest.mark.parametrize(("capability", "expected"), [((8, 0), True), ((7, 5), False)])
def test_a_gpu_is_asked_for_its_generation(
    capability: tuple[int, int], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert computes_in_bfloat16(torch.device("cuda", 0)) is expected


def test_bfloat16_follows_single_precision(small_faces: ImageSet, tmp_path: Path) -> None:
    for name in ("float32", "bfloat16"):
        config = RunConfig(1.0, 0, training=tiny(log_every=1, precision=name))
        trained = fit(config, small_faces, RunFolder(tmp_path / name), device="cpu")
        assert trained.precision == Precision(name)
    rough, exact = (losses(tmp_path / name, "train") for name in ("bfloat16", "float32"))
    assert rough != exact
    assert rough == pytest.approx(exact, rel=0.02)


def test_what_could_not_be_had_as_asked_is_noted(small_faces: ImageSet, tmp_path: Path) -> None:
    config = RunConfig(1.0, 0, model=LINEAR, training=tiny(steps=1, precision="bfloat16"))
    trained = fit(config, small_faces, RunFolder(tmp_path), device="cpu")
    assert trained.precision == Precision("float32", NOTE)
