"""Archives that tests write."""

from pathlib import Path

import h5py
import numpy as np
import pytest


class Trap:
    """Something that must never be unpickled."""

    def __reduce__(self) -> tuple:
        return pytest.fail, ("a pickle was opened",)


def pixels(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def npz(path: Path, **arrays: object) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def h5(path: Path, **arrays: object) -> Path:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array)
    return path


def flat(values: np.ndarray, *shape: int) -> np.ndarray:
    """Images each of which is of one brightness."""
    return np.broadcast_to(values.reshape(-1, *[1] * len(shape)), (len(values), *shape)).astype(
        "u1"
    )


def lying_npy(shape: str) -> bytes:
    """Begin an npy of bytes of any shape, which may be a lie."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


IMAGES = {"images": pixels(20, 32, 32)}
"""Twenty grey images."""
