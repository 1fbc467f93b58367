"""How a step is computed: in which precision, and whether through a compiled graph."""

import os
import shutil
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from unknot.data.cache import cache_folder
from unknot.model.layers import set_up_layers
from unknot.model.vae import VAE, Terms

EAGER, COMPILED, STACKED, PARALLEL = "eager", "compiled", "stacked", "data-parallel"
HALF = ("avx512_bf16", "amx_bf16")  # what a processor has that computes in bfloat16

Step = Callable[[Tensor, Tensor], Terms]
"""Pixels 0..255 and the posterior's noise -> the objective's terms."""


class Mode(NamedTuple):
    """How a step is computed.

    Attributes:
        way: `eager`, `compiled`, `stacked` with other runs, or `data-parallel`: by several
            processes.
        precision: of the large layers, `float32` or `bfloat16`; all else is in single precision.
        note: what could not be had as asked, for the user.
    """

    way: str
    precision: str
    note: str = ""

    @property
    def name(self) -> str:
        """As a checkpoint records it."""
        return f"{self.way} {self.precision}"


def choose_mode(way: str, precision: str, model: VAE, device: torch.device) -> Mode:
    """Settle how a model's steps are to be computed here, and set its layers to it.

    Args:
        way: as of `Mode`.
        precision: as it is wanted: `auto`, `float32` or `bfloat16`.
        model: on its device.
        device: that device.

    Returns:
        The mode; its note says so if the network has no layers that compute in bfloat16.
    """
    asked = precision
    if precision == "auto":
        precision = "bfloat16" if computes_in_bfloat16(device) else "float32"
    dtype = torch.bfloat16 if precision == "bfloat16" else None
    if set_up_layers(model, dtype=dtype, plain=way == STACKED):
        return Mode(way, precision)
    without = "trained in float32: the network has no layers for bfloat16"
    note = without if asked == "bfloat16" else ""
    return Mode(way, "float32", note)


def computes_in_bfloat16(device: torch.device) -> bool:
    """Whether a device has instructions for it, which emulation would be slower without."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in HALF)


def why_not_compiled(device: torch.device) -> str:
    """What a compiled graph lacks here, or an empty string."""
    if device.type == "cpu" and not shutil.which(os.environ.get("CXX", "g++")):
        return "there is no C++ compiler (g++, or the one that CXX names)"
    if device.type not in ("cpu", "cuda"):
        return f"it is not to be had on {device.type}"
    return ""


def make_step(
    model: VAE, mode: Mode, pixels: tuple[int, ...], device: torch.device
) -> tuple[Mode, Step]:
    """From a batch to its terms; a compiled graph is kept in the cache for the next run.

    Args:
        model: on its device.
        mode: how it is wanted.
        pixels: shape of a batch, `(batch, channel, height, width)`.
        device: the model's.

    Returns:
        How it is computed in fact, and the step.
    """

    def step(pixels: Tensor, noise: Tensor) -> Terms:
        terms: Terms = model(model.standardize(pixels), noise)
        return terms

    if mode.way != COMPILED:
        return mode, step
    missing = why_not_compiled(device)
    if not missing:
        folder = str(cache_folder() / COMPILED)
        if " " not in folder:  # the compiler's command line is not quoted
            os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", folder)
        compiled: Step = torch.compile(step, dynamic=False)
        missing = _try(compiled, model, pixels, device)
        if not missing:
            return mode, compiled
    notes = [mode.note, f"trained without a compiled graph: {missing}"]
    return Mode(EAGER, mode.precision, "; ".join(filter(None, notes))), step


def _try(step: Step, model: VAE, pixels: tuple[int, ...], device: torch.device) -> str:
    """Compile by a first step that leaves no trace in the model; what went wrong, if anything."""
    before = {name: value.clone() for name, value in model.named_buffers()}
    noise = torch.zeros(pixels[0], model.latent_dim, device=device)
    try:
        terms = step(torch.zeros(pixels, dtype=torch.uint8, device=device), noise)
        (terms.distortion.sum() + terms.kl.sum()).backward()
    except (RuntimeError, OSError) as error:
        torch.compiler.reset()
        return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
    finally:
        model.zero_grad(set_to_none=True)
        for name, value in model.named_buffers():
            value.copy_(before[name])
    return ""
