"""What a trained run leaves for others: weights, how well it fits, and codes."""

from pathlib import Path

import numpy as np
import torch

from unknot.data.image_set import ImageSet
from unknot.files import write_arrays, write_json, written_beside
from unknot.model.vae import VAE
from unknot.training import checkpoint
from unknot.training.evaluate import encode_images, measure_fit
from unknot.training.history import read_history
from unknot.training.mode import Mode

WEIGHTS, CODES, EVALUATION = "weights.safetensors", "codes.npz", "evaluation.json"


def write_outcome(
    folder: Path, model: VAE, images: ImageSet, *, seed: int, num_validation: int, mode: Mode
) -> None:
    """Write a run's weights, its fit on held-out images, and the codes of these.

    Args:
        folder: the run's, with its history.
        model: trained.
        images: those it was trained on.
        seed: of the posterior noise.
        num_validation: images that the last line of the history was measured on.
        mode: how the steps were computed.
    """
    with written_beside(folder / WEIGHTS) as path:
        checkpoint.save_weights(path, model)
    of_validation, of_test = images.indices("validation"), images.indices("test")
    validation = read_history(folder, "validation")[-1]
    test = measure_fit(model, images.images, of_test, seed=seed)
    write_json(
        folder / EVALUATION,
        {
            "validation": {
                **{key: validation[key] for key in ("distortion", "rate", "kl")},
                "elbo": -(validation["distortion"] + validation["rate"]),
            },
            "test": {
                **{"distortion": test.distortion, "rate": test.rate, "kl": test.kl},
                **{"num": test.num, "elbo": test.elbo},
            },
            "num_validation": num_validation,
            "mode": mode.name,
            "note": mode.note,
        },
    )
    parts = encode_images(model, images.images, of_validation), test.posterior
    mean, logvar = (torch.cat(part).numpy() for part in zip(*parts))
    held_out = np.concatenate([of_validation, of_test])
    labels = images.labels
    arrays = {
        "image": held_out,
        "name": np.array([images.names[i] for i in held_out]),
        "split": labels.split[held_out],
        "posterior_mean": mean,
        "posterior_logvar": logvar,
        "attributes": labels.attributes[held_out],
        "attribute_names": np.array(labels.attribute_names, dtype=np.str_),
        "factors": labels.factors[held_out],
        "factor_names": np.array(labels.factor_names, dtype=np.str_),
        "groups": labels.groups[held_out],
    }
    write_arrays(folder / CODES, arrays)
