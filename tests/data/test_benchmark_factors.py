"""Factors that follow from the order of images."""

from math import prod
from pathlib import Path

import numpy as np
from PIL import Image

from unknot.data.benchmark_factors import FALCOR3D, ISAAC3D, MPI3D, folder_factors, order_factors
from unknot.data.load import load_images


def test_the_number_of_images_is_that_of_all_combinations() -> None:
    assert [prod(levels.values()) for levels in MPI3D.values()] == list(MPI3D)
    assert prod(FALCOR3D.values()) == 233_280
    assert prod(ISAAC3D.values()) == 737_280


def test_the_last_factor_changes_fastest() -> None:
    values = order_factors({"a": 2, "b": 3}, np.arange(6))
    assert values.tolist() == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]


def test_pictures_that_are_numbered_otherwise_have_none() -> None:
    assert folder_factors(["photos"], ["000001.png"]) is None
    assert folder_factors(["Falcor3D"], ["a.png"]) is None
    assert folder_factors(["Falcor3D"], ["a/1.png", "b/1.png"]) is None
    assert folder_factors(["Falcor3D"], ["233280.png"]) is None


def test_a_part_of_falcor3d(tmp_path: Path) -> None:
    folder = tmp_path / "Falcor3D_down128" / "images"
    folder.mkdir(parents=True)
    for i in range(20):
        Image.new("L", (32, 32), i).save(folder / f"{i:06d}.png")
    for given in (folder, folder.parent):
        images = load_images(given, size=32)
        assert images.labels.factor_names == tuple(FALCOR3D)
        value = images.images[:, 0, 0, 0]
        assert images.labels.factors[:, -1].tolist() == (value % 6).tolist()
        assert images.labels.factors[:, -2].tolist() == (value // 6).tolist()
