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
    from unknot.common.errors import Interrupted, UserError
    from unknot.data.image_set import ImageSet
    from unknot.data.load import load_images
    from unknot.data.sources.faces import draw_faces, sample_factors
    from unknot.data.sources.sprites import draw_sprites
    from unknot.evidence.agreement_test import agreement_test
    from unknot.evidence.axis_test import axis_test
    from unknot.evidence.beta_test import beta_test
    from unknot.evidence.collapse import predict_collapse
    from unknot.evidence.computed_labels import computed_labels
    from unknot.evidence.interaction_test import interaction_test
    from unknot.evidence.latent_labels import label_latents
    from unknot.evidence.single_run import evidence_of_run
    from unknot.experiments.compare import compare
    from unknot.experiments.experiment import Experiment
    from unknot.experiments.train import train
    from unknot.report.paper_figures import Figures
    from unknot.runs.run import Run

__version__ = "0.1.0"

_HOMES = {
    "Experiment": "unknot.experiments.experiment",
    "Figures": "unknot.report.paper_figures",
    "ImageSet": "unknot.data.image_set",
    "Interrupted": "unknot.common.errors",
    "Run": "unknot.runs.run",
    "UserError": "unknot.common.errors",
    "beta_test": "unknot.evidence.beta_test",
    "agreement_test": "unknot.evidence.agreement_test",
    "axis_test": "unknot.evidence.axis_test",
    "compare": "unknot.experiments.compare",
    "computed_labels": "unknot.evidence.computed_labels",
    "draw_faces": "unknot.data.sources.faces",
    "draw_sprites": "unknot.data.sources.sprites",
    "evidence_of_run": "unknot.evidence.single_run",
    "interaction_test": "unknot.evidence.interaction_test",
    "label_latents": "unknot.evidence.latent_labels",
    "load_images": "unknot.data.load",
    "predict_collapse": "unknot.evidence.collapse",
    "sample_factors": "unknot.data.sources.faces",
    "train": "unknot.experiments.train",
}

__all__ = [
    "Experiment",
    "Figures",
    "ImageSet",
    "Interrupted",
    "Run",
    "UserError",
    "agreement_test",
    "axis_test",
    "beta_test",
    "compare",
    "computed_labels",
    "draw_faces",
    "draw_sprites",
    "evidence_of_run",
    "interaction_test",
    "label_latents",
    "load_images",
    "predict_collapse",
    "sample_factors",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'unknot' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
