"""The command `doctor`: what this machine has, and what is missing."""

import importlib.util
import platform
import shutil
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from unknot import __version__
from unknot.cli.common import check_cache
from unknot.cli.options import OutputOptions
from unknot.common.machine import num_cores, processor

EXTRAS = {
    "h5": ("h5py", "to read HDF5 archives such as 3D Shapes"),
    "parquet": ("pyarrow", "to read tables and images in parquet files"),
    "heic": ("pillow_heif", "to read the HEIC pictures of telephones"),
    "zarr": ("zarr", "to read zarr arrays"),
    "zstd": ("zstandard", "to read tars packed with zstd"),
    "tensorboard": ("tensorboardX", "to follow training in TensorBoard"),
    "watch": ("uvicorn", "to see reconstructions form in a browser while runs train"),
    "onnx": ("onnxscript", "to export networks as ONNX"),
    "ray": ("ray", "for runs on a Ray cluster"),
    "dask": ("distributed", "for runs on a Dask cluster"),
    "dev": ("pytest", "to run the tests"),
    "docs": ("sphinx", "to build the documentation"),
}


def examine() -> dict[str, str]:
    """Name -> finding, a line each."""
    import torch

    from unknot.data.cache import cache_folder, cache_size
    from unknot.models.device import choose_device
    from unknot.training.precision import computes_in_bfloat16

    root = cache_folder()
    size = cache_size()
    place = next(p for p in (root, *root.parents) if p.exists())
    in_half = computes_in_bfloat16(choose_device())
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none found"
    findings = {
        "unknot": __version__,
        "python": f"{platform.python_version()} on {platform.platform()}",
        "processor": f"{processor()}, {num_cores()} cores for this process",
        "torch": f"{torch.__version__}, {torch.get_num_threads()} threads by default",
        "gpu": gpu,
        "training": f"large layers in {'bfloat16' if in_half else 'float32'}",
        "pillow": f"{_version('pillow')}, {_formats()}",
        "cache": f"{root}, {size / 2**20:,.0f} MiB used, "
        f"{shutil.disk_usage(place).free / 2**30:,.0f} GiB free",
    }
    for extra, (module, purpose) in EXTRAS.items():
        there = importlib.util.find_spec(module) is not None
        findings[f"[{extra}]"] = (
            "installed" if there else f"pip install 'unknot[{extra}]' {purpose}"
        )
    return findings


def _formats() -> str:
    from PIL import features

    return ", ".join(
        f"{name} {'yes' if features.check(name) else 'NO'}" for name in ("avif", "webp")
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


@dataclass(frozen=True)
class DoctorOptions:
    """Show what this machine has, and what each extra would add."""

    output: OutputOptions = field(default_factory=OutputOptions)


def doctor_command(options: DoctorOptions) -> tuple[str, Any]:
    """What this machine has."""
    check_cache()
    findings = examine()
    return "\n".join(f"{name:14} {value}" for name, value in findings.items()), findings
