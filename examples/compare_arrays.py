"""Compare betas on images that are already in memory: `python examples/compare_arrays.py`."""

from pathlib import Path

import numpy as np

import unknot


def main(out: Path = Path("runs/arrays"), num: int = 2000, steps: int = 200) -> np.ndarray:
    """Train two betas on drawn faces; returns how each latent correlates with each factor."""
    factors = unknot.sample_factors(num, seed=0)
    pixels = unknot.draw_faces(factors, size=32)
    images = unknot.load_images(pixels, size=32, factors={"skin": factors[:, 0]})
    experiment = unknot.compare(images, betas=[1, 20], latent_dim=4, steps=steps, out=out)
    run = experiment.run(beta=1)
    codes = run.encode(images)
    correlation = np.corrcoef(codes.T, factors.T)[:4, 4:]
    print(np.round(correlation, 2))
    print(experiment.report())
    return correlation


if __name__ == "__main__":
    main()
