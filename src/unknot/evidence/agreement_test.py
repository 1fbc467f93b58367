"""Do seeds find the same latents, beyond what rotations of each one's codes would agree in?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.evidence.rotation_test import (
    ActiveCodes,
    RotationTest,
    check_draws,
    compare_with_rotations,
    read_codes,
    void_test,
    whiten_symmetrically,
)
from unknot.metrics.agreement import udr
from unknot.metrics.nulls import random_rotation

FloatArray = NDArray[np.float64]


def agreement_test(
    list_of_codes: Sequence[Any],
    *,
    rotations: int = 200,
    active_above: float = 0.0,
    seed: int = 0,
) -> RotationTest:
    """Test whether models of several seeds agree in their latents more than rotations would.

    The statistic is the mean over all pairs of models of UDR with rank correlations
    (`unknot.metrics.udr`; Duan et al. 2020) of the symmetrically whitened codes: about 1 where each
    latent of one model has one partner in the other. It is compared with that of codes each of
    which is rotated at random by itself (Haar), so that the p-value is exact. Fewer latents raise
    UDR, but not this test: rotations have as few.

    Agreement says that something in the data or the training sets the axes, not that they mean
    anything: axes of PCA agree too. It is void where fewer than two models have two active latents.
    It costs about 2 CPU seconds for three models, six latents, 3,000 images and 200 rotations.

    Args:
        list_of_codes: posterior means of the same held-out images by two models or more, each of
            shape `(num, latent_dim)`.
        rotations: draws of the null; the least p-value is `1 / (1 + rotations)`.
        active_above: latents whose variance is not above this are left out; 0.01 is right for
            posterior means of a VAE.
        seed: of the rotations.

    Raises:
        UserError: if an argument does not fit.
    """
    models = _read_models(list_of_codes, active_above)
    check_draws(rotations, seed)
    excluded = {
        f"model {i}, {latent}": reason
        for i, model in enumerate(models)
        for latent, reason in model.excluded.items()
    }
    if sum(model.too_few is None for model in models) < 2:
        reason = "fewer than two models have two latents in use"
        return void_test(reason, rotations, excluded)
    white = [whiten_symmetrically(model.latents) for model in models]
    rng = np.random.default_rng([seed, *b"agreement test"])
    draws = np.array([mean_agreement(_turn_each(white, rng)) for _ in range(rotations)])
    return compare_with_rotations(mean_agreement(white), draws, excluded)


def mean_agreement(list_of_codes: Sequence[FloatArray]) -> float:
    """Average UDR with rank correlations over all pairs of models.

    Args:
        list_of_codes: of the same images, each of shape `(num, num_latents)`.

    Returns:
        From 0 to about 1.
    """
    return float(np.nanmean(udr(list_of_codes, similarity="spearman").pairs))


def _turn_each(white: Sequence[FloatArray], rng: np.random.Generator) -> list[FloatArray]:
    return [codes @ random_rotation(codes.shape[1], rng) for codes in white]


def _read_models(list_of_codes: Sequence[Any], active_above: float) -> list[ActiveCodes]:
    models = [read_codes(f"codes {i}", c, active_above) for i, c in enumerate(list_of_codes)]
    num_images = [len(model.values) for model in models]
    if len(models) < 2 or len(set(num_images)) > 1:
        raise UserError(
            f"codes of {len(models)} models were given, with {num_images} images; give two or "
            "more, of the same images"
        )
    return models
