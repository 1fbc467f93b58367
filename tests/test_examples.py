"""The examples run, and README's."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import unknot

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


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


@pytest.mark.slow
def test_the_readme_on_a_folder_without_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pictures = tmp_path / "path" / "to" / "images"
    pictures.mkdir(parents=True)
    for i, pixels in enumerate(unknot.draw_faces(unknot.sample_factors(150, seed=0), size=32)):
        Image.fromarray(pixels.transpose(1, 2, 0)).save(pictures / f"{i}.png")
    first, second = re.findall("```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    short = 'seeds=[0], engine="inline", steps=100, batch_size=8'
    names: dict[str, object] = {}
    exec(first.replace("seeds=[0]", short), names)
    assert (tmp_path / "traversals.pdf").is_file()
    names["factors"] = unknot.sample_factors(150, seed=0)
    exec(second, names)
    assert "mig" in names["scores"]  # type: ignore[operator]
