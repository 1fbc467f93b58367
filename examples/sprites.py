"""Draw the built-in sprites factor by factor: `python examples/sprites.py FOLDER`."""

import sys
from pathlib import Path

import numpy as np

import unknot
from unknot.data.sources.sprites import FACTOR_NAMES, NUM_LEVELS, SHAPES
from unknot.report.figures.animations import save_picture
from unknot.report.figures.sheets import sheet

COLUMNS = 6


def main(folder: Path) -> Path:
    """Write `sprites.png`: a row per shape and factor, the others in the middle or large."""
    rows, labels = [], []
    for shape, name in enumerate(SHAPES):
        for factor in FACTOR_NAMES[1:] if name == "arrow" else FACTOR_NAMES[1:3]:
            column = FACTOR_NAMES.index(factor)
            factors = np.tile((shape, 4, 0, 16, 16), (COLUMNS, 1))
            factors[:, column] = np.linspace(0, NUM_LEVELS[column] - 1, COLUMNS)
            rows.append(unknot.draw_sprites(factors))
            labels.append(f"{name}\n{factor.replace('_', ' ')}")
    path = folder / "sprites.png"
    save_picture(sheet(np.stack(rows), row_labels=labels), path)
    return path


if __name__ == "__main__":
    print(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
