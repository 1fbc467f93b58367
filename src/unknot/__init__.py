"""unknot: train beta-VAEs at several betas on your own images and see what each latent does.

    import unknot

    images = unknot.load_images("path/to/images")
    experiment = unknot.compare(images, betas=[0.1, 1, 2, 10], latent_dim=6)
    run = experiment.run(beta=2, seed=0)
    codes = run.encode(images)

The names below are imported when they are first used, so that `import unknot` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unknot.comparison import compare, train
    from unknot.data.faces import draw_faces, sample_factors
    from unknot.data.image_set import ImageSet
    from unknot.data.sources import load_images
    from unknot.data.sprites import draw_sprites
    from unknot.errors import Interrupted, UserError
    from unknot.evidence.guide import guide
    from unknot.evidence.labels import label_latents
    from unknot.experiment import Experiment
    from unknot.training.run import Run

__version__ = "0.1.0"

_HOMES = {
    "Experiment": "unknot.experiment",
    "ImageSet": "unknot.data.image_set",
    "Interrupted": "unknot.errors",
    "Run": "unknot.training.run",
    "UserError": "unknot.errors",
    "compare": "unknot.comparison",
    "draw_faces": "unknot.data.faces",
    "draw_sprites": "unknot.data.sprites",
    "guide": "unknot.evidence.guide",
    "label_latents": "unknot.evidence.labels",
    "load_images": "unknot.data.sources",
    "sample_factors": "unknot.data.faces",
    "train": "unknot.comparison",
}

__all__ = [
    "Experiment",
    "ImageSet",
    "Interrupted",
    "Run",
    "UserError",
    "compare",
    "draw_faces",
    "draw_sprites",
    "guide",
    "label_latents",
    "load_images",
    "sample_factors",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'unknot' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
