"""Do models that differ in their seed alone find the same latents? (Duan et al. 2020)."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.metrics.estimators.ranks import mid_ranks
from unknot.metrics.inputs import numbers, vary

FloatArray = NDArray[np.float64]

LASSO_PENALTY = 0.1


class Agreement(NamedTuple):
    """How well models agree.

    Attributes:
        pairs: of each model with each other, symmetric, NaN on the diagonal, shape
            `(num_models, num_models)`.
        models: each model's median over the others, shape `(num_models,)`.
    """

    pairs: FloatArray
    models: FloatArray

    @property
    def value(self) -> float:
        """The mean over the models."""
        return float(self.models.mean())


def udr(
    codes: Sequence[NDArray[np.floating]],
    *,
    similarity: Literal["lasso", "spearman"] = "lasso",
    active_above: float = 0.0,
) -> Agreement:
    """Unsupervised disentanglement ranking: latents that can be matched one to one across seeds.

    For each pair of models, the similarity matrix R of their active latents: absolute weights of a
    Lasso (penalty 0.1) from standardized latents of one to each of the other, or absolute rank
    correlations. The pair's score is the mean over rows and columns of `max(R)^2 / sum(R)` (Duan et
    al. 2020, eq. 3). Identical codes score 0.90 with the Lasso, not 1, and PCA of two halves of the
    data scores about the same: compare with PCA's before reading anything into it.

    Args:
        codes: of the same images by each model, each of shape `(num, latent_dim)`.
        similarity: which R.
        active_above: latents whose standard deviation is not above this are left out.

    Returns:
        0 for models without an active latent; for correlated latents it can pass 1 a little.

    Raises:
        UserError: with fewer than two models or different numbers of images.
    """
    if len(codes) < 2 or len({len(c) for c in codes}) > 1:
        raise UserError(
            f"udr was given {len(codes)} models with {[len(c) for c in codes]} images; give two or "
            "more with codes of the same images"
        )
    if similarity not in ("lasso", "spearman"):
        raise UserError(f"similarity is {similarity!r}; it can be lasso, spearman")
    standard = [_standardize(numbers("codes", c), active_above) for c in codes]
    if similarity == "spearman":
        standard = [_standardize(mid_ranks(c), 0.0) if c.size else c for c in standard]
    pairs = np.full((len(codes), len(codes)), np.nan)
    for i, first in enumerate(standard):
        for j, second in enumerate(standard[:i]):
            there = match(_similarity(first, second, similarity))
            back = match(_similarity(second, first, similarity))
            pairs[i, j] = pairs[j, i] = (there + back) / 2
    return Agreement(pairs=pairs, models=np.nanmedian(pairs, axis=1))


def match(similarity: FloatArray) -> float:
    """Average `max^2 / sum` over rows and columns: 1 if each latent has one partner alone.

    Args:
        similarity: not negative, shape `(num_latents, num_other_latents)`.
    """
    if not similarity.size:
        return 0.0
    sides = [_one_partner(similarity), _one_partner(similarity.T)]
    return float(np.concatenate(sides).mean())


def _one_partner(similarity: FloatArray) -> FloatArray:
    total, most = similarity.sum(1), similarity.max(1)
    return np.divide(most**2, total, out=np.zeros_like(total), where=total > 0)


def _standardize(codes: FloatArray, active_above: float) -> FloatArray:
    deviation = codes.std(0)
    active = vary(codes) & (deviation > active_above)
    return (codes[:, active] - codes[:, active].mean(0)) / deviation[active]


def _similarity(first: FloatArray, second: FloatArray, kind: str) -> FloatArray:
    if not (first.shape[1] and second.shape[1]):
        return np.zeros((first.shape[1], second.shape[1]))
    if kind == "spearman":
        return np.abs(first.T @ second) / len(first)
    from sklearn.linear_model import Lasso  # half a second, which only this needs

    model = Lasso(alpha=LASSO_PENALTY, fit_intercept=False)
    return np.abs(np.stack([model.fit(first, latent).coef_ for latent in second.T], axis=1))
