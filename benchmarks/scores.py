"""Scores of trained models beside an untrained network and PCA, on the built-in data.

    python benchmarks/scores.py [--data faces sprites] [--steps 3000] [--out runs/scores] [--json]

For each data set, a model at beta 1 and one at the tenth eigenvalue of the standardised images
(rounded down to a whole number), the largest beta at which a linear model keeps all ten latents.
Runs that are there already are not trained again. PCA is fitted on 5,000 training images.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA

import unknot
from unknot.data.standardize import fit_standardizer
from unknot.metrics import NullSettings, score
from unknot.metrics.posterior import ACTIVE_VARIANCE
from unknot.runs.held_out import HeldOutCodes
from unknot.runs.inference import encode_images
from unknot.training.untrained import build_untrained

LATENTS = 10
PCA_IMAGES = 5_000
COLUMNS = (
    "dci_disentanglement",
    "dci_completeness",
    "dci_informativeness",
    "infomec_modularity",
    "infomec_compactness",
    "infomec_explicitness",
    "mig",
    "sap",
    "modularity",
    "factor_vae_score",
    "beta_vae_score",
)
NULLS = NullSettings(permutations=0, rotations=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=["faces", "sprites"])
    parser.add_argument("--steps", type=int, default=3_000)
    parser.add_argument("--out", type=Path, default=Path("runs/scores"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = {name: measure_data(name, options.steps, options.out / name) for name in options.data}
    if options.json:
        print(json.dumps(results, indent=2))
        return
    for name, rows in results.items():
        print(f"\n{name}\n\n{as_markdown(rows)}")


def measure_data(name: str, steps: int, folder: Path) -> dict[str, dict[str, Any]]:
    """Every row of one data set's table: code -> scores."""
    images = unknot.load_images(name)
    pca, eigenvalues = fit_pca(images)
    betas = [1.0, float(np.floor(eigenvalues[LATENTS - 1]))]
    experiment = unknot.compare(images, betas, latent_dim=LATENTS, steps=steps, out=folder)
    codes = {}
    for beta in betas:
        codes[f"beta {beta:g}"] = HeldOutCodes.load(experiment.run(beta=beta).files).posterior_mean
    untrained = build_untrained(experiment.run(beta=betas[0]).config, images)
    test = images.indices("test")
    codes["untrained"] = encode_images(untrained, images.images, test).mean.numpy()
    codes["PCA"] = pca(test)
    return {row: measure_codes(row, of, images, test) for row, of in codes.items()}


def fit_pca(images: unknot.ImageSet) -> tuple[Any, np.ndarray]:
    """A function from image positions to components, and the eigenvalues."""
    standardizer = fit_standardizer("per_pixel", images.training_moments())

    def pixels(rows: np.ndarray) -> np.ndarray:
        plain = images.images[rows].astype(np.float32) / 255
        return ((plain - standardizer.mean) / standardizer.std).reshape(len(rows), -1)

    fitted = PCA(LATENTS, svd_solver="randomized", random_state=0)
    fitted.fit(pixels(images.indices("train")[:PCA_IMAGES]))

    def components(rows: np.ndarray) -> np.ndarray:
        parts = np.array_split(rows, max(1, len(rows) // 1_000))
        return np.concatenate([fitted.transform(pixels(part)) for part in parts])

    return components, fitted.explained_variance_


def measure_codes(
    row: str, codes: np.ndarray, images: unknot.ImageSet, test: np.ndarray
) -> dict[str, Any]:
    """The scores of one code on the test images."""
    trained = row.startswith("beta")
    scores = score(
        codes,
        images.labels.factors[test],
        factor_names=images.labels.factor_names,
        nulls=NULLS,
        active_above=ACTIVE_VARIANCE**0.5 if trained else 0.0,
        workers=os.cpu_count() or 1,
    )
    return {key: scores[key].as_dict() for key in COLUMNS}


def as_markdown(rows: dict[str, dict[str, Any]]) -> str:
    """A row per score, a column per code: value, and percentile among random rotations."""
    lines = [f"| score | {' | '.join(rows)} |", "|---" * (len(rows) + 1) + "|"]
    for key in COLUMNS:
        cells = []
        for scores in rows.values():
            null = scores[key]["null_rotation"]
            if scores[key]["value"] is None:
                cells.append("void")
                continue
            cells.append(
                f"{scores[key]['value']:.2f}" + (f" ({null['percentile']:.0f})" if null else "")
            )
        lines.append(f"| `{key}` | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
