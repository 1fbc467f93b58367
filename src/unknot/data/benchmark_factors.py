"""Benchmarks whose factors follow from the order of their images: MPI3D, Falcor3D, Isaac3D.

MPI3D: Gondal et al. 2019, On the transfer of inductive bias from simulation to the real world.
Falcor3D and Isaac3D: Nie et al. 2020, Semi-supervised StyleGAN for disentanglement learning.
"""

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

_MPI3D_REST = {"object_size": 2, "camera_height": 3, "background_color": 3}
_MPI3D_ARM = {"horizontal_axis": 40, "vertical_axis": 40}
MPI3D = {
    1_036_800: {"object_color": 6, "object_shape": 6, **_MPI3D_REST, **_MPI3D_ARM},
    460_800: {"object_color": 4, "object_shape": 4, **_MPI3D_REST, **_MPI3D_ARM},
}
"""Number of images (the last: real ones of complex shapes) -> factors, levels of each."""

FALCOR3D = {
    "lighting_intensity": 5,
    "lighting_x": 6,
    "lighting_y": 6,
    "lighting_z": 6,
    "camera_x": 6,
    "camera_y": 6,
    "camera_z": 6,
}
ISAAC3D = {
    "object_shape": 3,
    "object_scale": 4,
    "camera_height": 4,
    "robot_x": 8,
    "robot_y": 5,
    "lighting_intensity": 4,
    "lighting_y": 6,
    "object_color": 4,
    "wall_color": 4,
}
FOLDERS = {"falcor3d": FALCOR3D, "isaac3d": ISAAC3D}
"""How the names of folders begin, in small letters -> factors, levels of each."""


def order_factors(levels: Mapping[str, int], numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Derive the factors of images from their numbers; the last factor changes fastest.

    Args:
        levels: of each factor.
        numbers: of the images, shape `(num,)`.

    Returns:
        The place of each image in each factor, from 0, shape `(num, num_factors)`.
    """
    places = np.unravel_index(numbers, tuple(levels.values()))
    return np.stack(places, axis=1).astype(np.float64)


def folder_factors(
    folders: Sequence[str], names: Sequence[str]
) -> tuple[NDArray[np.float64], tuple[str, ...]] | None:
    """Derive factors of pictures that are numbered as these benchmarks' are; None of any others.

    Args:
        folders: names of the folder that the user gave, and of those above it.
        names: of the pictures.
    """
    levels = next((FOLDERS[k] for f in folders for k in FOLDERS if f.lower().startswith(k)), None)
    stems = [name.rsplit("/", 1)[-1].rsplit(".", 1)[0] for name in names]
    if levels is None or not all(stem.isdecimal() for stem in stems):
        return None
    numbers = np.array([int(stem) for stem in stems])
    if len(set(stems)) < len(stems) or numbers.max() >= prod(levels.values()):
        return None
    return order_factors(levels, numbers), tuple(levels)
