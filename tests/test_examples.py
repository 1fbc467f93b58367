"""The examples run."""

import runpy
from pathlib import Path

import numpy as np
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_faces(tmp_path: Path) -> None:
    path = runpy.run_path(str(EXAMPLES / "faces.py"))["main"](tmp_path)
    with Image.open(path) as picture:
        assert picture.size[1] > 9 * 64


def test_sprites(tmp_path: Path) -> None:
    path = runpy.run_path(str(EXAMPLES / "sprites.py"))["main"](tmp_path)
    with Image.open(path) as picture:
        assert picture.size[1] > 8 * 64


def test_compare_arrays(tmp_path: Path) -> None:
    main = runpy.run_path(str(EXAMPLES / "compare_arrays.py"))["main"]
    correlation = main(tmp_path / "arrays", num=100, steps=5)
    assert correlation.shape == (4, 9)
    assert np.isfinite(correlation).all()
