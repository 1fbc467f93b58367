"""Do models that differ in their seed alone find the same codes? (Duan et al. 2020)."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.linear_model import Lasso

from unknot.errors import UserError
from unknot.measure.checks import numbers, vary

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
    """Unsupervised disentanglement ranking: codes that can be matched one to one across seeds.

    For each pair of models, the similarity matrix R of their active codes: absolute weights of a
    Lasso (penalty 0.1) from standardised codes of one to each of the other, or absolute rank
    correlations. The pair's score is the mean over rows and columns of `max(R)^2 / sum(R)` (Duan et
    al. 2020, eq. 3). Identical codes score 0.90 with the Lasso, not 1, and PCA of two halves of the
    data scores about the same: compare with PCA's before reading anything into it.

    Args:
        codes: of the same images by each model, each of shape `(num, latent_dim)`.
        similarity: which R.
        active_above: codes whose standard deviation is not above this are left out.

    Returns:
        0 for models without an active code; for correlated codes it can pass 1 a little.

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
    standard = [_standardise(numbers("codes", c), active_above) for c in codes]
    if similarity == "spearman":
        standard = [_standardise(rankdata(c, axis=0), 0.0) if c.size else c for c in standard]
    pairs = np.full((len(codes), len(codes)), np.nan)
    for i, first in enumerate(standard):
        for j, second in enumerate(standard[:i]):
            pairs[i, j] = pairs[j, i] = (
                match(_similarity(first, second, similarity))
                + match(_similarity(second, first, similarity))
            ) / 2
    return Agreement(pairs, np.nanmedian(pairs, axis=1))


def match(similarity: FloatArray) -> float:
    """Mean over rows and columns of `max^2 / sum`: 1 if each code has one partner alone.

    Args:
        similarity: not negative, shape `(num_codes, num_other_codes)`.
    """
    if not similarity.size:
        return 0.0
    sides = [similarity, similarity.T]
    found = [_one_partner(side) for side in sides]
    return float(np.concatenate(found).mean())


def _one_partner(table: FloatArray) -> FloatArray:
    total, most = table.sum(1), table.max(1)
    return np.divide(most**2, total, out=np.zeros_like(total), where=total > 0)


def _standardise(codes: FloatArray, active_above: float) -> FloatArray:
    deviation = codes.std(0)
    active = vary(codes) & (deviation > active_above)
    return (codes[:, active] - codes[:, active].mean(0)) / deviation[active]


def _similarity(first: FloatArray, second: FloatArray, kind: str) -> FloatArray:
    if not (first.shape[1] and second.shape[1]):
        return np.zeros((first.shape[1], second.shape[1]))
    if kind == "spearman":
        return np.abs(first.T @ second) / len(first)
    model = Lasso(alpha=LASSO_PENALTY, fit_intercept=False)
    return np.abs(np.stack([model.fit(first, code).coef_ for code in second.T], axis=1))
