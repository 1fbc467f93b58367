"""In which precision the large layers compute while a model trains."""

from typing import NamedTuple

import torch

from unknot.models.layers import set_up_layers
from unknot.models.vae import VAE

BFLOAT16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16")  # of a processor
WITHOUT_BFLOAT16 = ("DEFAULT", "NO AVX", "AVX2")  # what torch limits itself to


class Precision(NamedTuple):
    """In which precision the large layers compute.

    Attributes:
        name: `float32` or `bfloat16`; all else is in single precision.
        note: what could not be had as asked, for the user.
    """

    name: str
    note: str = ""


def set_precision(wanted: str, model: VAE, device: torch.device, *, stacked: bool) -> Precision:
    """Settle in which precision a model's large layers compute here, and set them to it.

    Args:
        wanted: `auto`, `float32` or `bfloat16`.
        model: on its device.
        device: that device.
        stacked: whether the model is computed together with others.

    Returns:
        The precision; its note says so if the network has no layers that compute in bfloat16.
    """
    name = wanted
    if wanted == "auto":
        name = "bfloat16" if computes_in_bfloat16(device) else "float32"
    dtype = torch.bfloat16 if name == "bfloat16" else None
    if set_up_layers(model, dtype=dtype, plain=stacked):
        return Precision(name)
    without = "trained in float32: the network has no layers for bfloat16"
    return Precision("float32", without if wanted == "bfloat16" else "")


def computes_in_bfloat16(device: torch.device) -> bool:
    """Whether a device has instructions for it, which emulation would be slower without.

    A processor has them as far as torch may use them: with `ATEN_CPU_CAPABILITY=avx2` it has none.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False
    if torch.backends.cpu.get_cpu_capability() in WITHOUT_BFLOAT16:
        return False
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in BFLOAT16_INSTRUCTIONS)
