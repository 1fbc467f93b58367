"""How a step is computed: in which precision, and whether through a compiled graph."""

import os
import shutil
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from unknot.config import TrainingConfig
from unknot.data.cache import cache_folder
from unknot.model.layers import set_up_layers
from unknot.model.vae import VAE, Terms

COMPILED = "compiled"  # its folder in the cache
HALF = ("avx512_bf16", "amx_bf16")  # what a processor has that computes in bfloat16

Step = Callable[[Tensor, Tensor], Terms]
"""Pixels 0..255 and the posterior's noise -> the objective's terms."""


class Mode(NamedTuple):
    """How a step is computed.

    Attributes:
        way: `eager`, `compiled`, or `stacked` with other runs.
        precision: of the convolutions, `float32` or `bfloat16`; all else is in single precision.
        note: what could not be had as asked, for the user.
    """

    way: str
    precision: str
    note: str = ""

    @property
    def name(self) -> str:
        """As a checkpoint records it."""
        return f"{self.way} {self.precision}"


def choose_mode(
    training: TrainingConfig, model: VAE, device: torch.device, *, stacked: bool = False
) -> Mode:
    """Settle how a model's steps are computed here, and set its layers to it.

    Args:
        training: says what is wanted.
        model: on its device.
        device: that device.
        stacked: whether several runs are computed as one.
    """
    precision = training.precision
    if precision == "auto":
        precision = "bfloat16" if computes_in_bfloat16(device) else "float32"
    dtype = torch.bfloat16 if precision == "bfloat16" else None
    if not set_up_layers(model, dtype=dtype, plain=stacked):
        precision = "float32"  # the network has no layers that could compute otherwise
    if stacked or training.mode == "eager":
        return Mode("stacked" if stacked else "eager", precision)
    missing = why_not_compiled(device)
    note = f"trained without a compiled graph: {missing}" if missing else ""
    return Mode("eager" if missing else "compiled", precision, note)


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


def make_step(model: VAE, mode: Mode) -> Step:
    """From a batch to its terms; a compiled graph is kept in the cache for the next run."""

    def step(pixels: Tensor, noise: Tensor) -> Terms:
        terms: Terms = model(model.standardize(pixels), noise)
        return terms

    if mode.way != "compiled":
        return step
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache_folder() / COMPILED))
    compiled: Step = torch.compile(step, dynamic=False)
    return compiled
