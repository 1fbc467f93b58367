"""Draw each factor of the built-in faces from 0 to 1: `python examples/faces.py FOLDER`."""

import sys
from pathlib import Path

import numpy as np

import unknot
from unknot.data.sources.faces import FACTOR_NAMES
from unknot.report.figures.animations import save_picture
from unknot.report.figures.sheets import sheet

COLUMNS = 9


def main(folder: Path) -> Path:
    """Write `factors.png`: a row per factor, the others fixed at values that show a face well."""
    values = dict.fromkeys(FACTOR_NAMES, 0.5)
    values |= {"skin_tone": 0.25, "light_level": 0.75, "light_azimuth": 0.4, "hair_length": 0.6}
    rows = []
    for name in FACTOR_NAMES:
        factors = np.tile([values[other] for other in FACTOR_NAMES], (COLUMNS, 1))
        factors[:, FACTOR_NAMES.index(name)] = np.linspace(0, 1, COLUMNS)
        rows.append(unknot.draw_faces(factors))
    path = folder / "factors.png"
    labels = [name.replace("_", "\n") for name in FACTOR_NAMES]
    save_picture(sheet(np.stack(rows), row_labels=labels), path)
    return path


if __name__ == "__main__":
    print(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
