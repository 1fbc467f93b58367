"""Simple predictors of a factor: one latent alone, or a linear model of all."""

import warnings

import numpy as np
from numpy.typing import NDArray

from unknot.metrics.estimators.ranks import mid_ranks

FloatArray = NDArray[np.float64]

MAX_HESSIAN = 600  # rows of the largest Hessian that Newton's method may need
WEAK_PENALTY = 1e4  # inverse strength: a perfect latent may tell its levels apart sharply


def squared_correlations(codes: FloatArray, values: FloatArray) -> FloatArray:
    """Compute the R2 of a factor by each latent alone, shape `(num_latents,)`.

    Args:
        codes: shape `(num, num_latents)`.
        values: of the factor, shape `(num,)`.
    """
    centered = codes - codes.mean(0)
    target = values - values.mean()
    scale = (centered**2).sum(0) * (target**2).sum()
    product = (target @ centered) ** 2
    return np.divide(product, scale, out=np.zeros_like(product), where=scale > 0)


def class_probabilities(
    codes: FloatArray, classes: NDArray[np.int64], num_classes: int, training: NDArray[np.bool_]
) -> FloatArray:
    """Predict classes by multinomial logistic regression, at the points it was not fitted on.

    Args:
        codes: of unit variance, shape `(num, num_latents)`.
        classes: from 0, shape `(num,)`.
        num_classes: how many.
        training: which points to fit on, shape `(num,)`.

    Returns:
        Shape `(num_tested, num_classes)`; classes without a training point get next to nothing.
    """
    from sklearn.exceptions import ConvergenceWarning  # half a second, which only this needs
    from sklearn.linear_model import LogisticRegression

    many = codes.shape[1] * num_classes > MAX_HESSIAN
    solver, steps = ("lbfgs", 500) if many else ("newton-cholesky", 50)
    model = LogisticRegression(C=WEAK_PENALTY, solver=solver, max_iter=steps)
    probabilities = np.full((int((~training).sum()), num_classes), 1e-12)
    present = np.unique(classes[training])
    if len(present) == 1:
        probabilities[:, present] = 1.0
        return probabilities
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # separable classes never converge
        model.fit(codes[training], classes[training])
    probabilities[:, present] = np.maximum(model.predict_proba(codes[~training]), 1e-12)
    return probabilities


def explained_entropy(probabilities: FloatArray, classes: NDArray[np.int64]) -> float:
    """Compute the share of a factor's entropy that predictions take away, from 0 to 1.

    Args:
        probabilities: shape `(num, num_classes)`.
        classes: what was to be predicted, shape `(num,)`.
    """
    counts = np.bincount(classes)
    shares = counts[counts > 0] / len(classes)
    most = -(shares * np.log(shares)).sum()
    left = -np.log(probabilities[np.arange(len(classes)), classes]).mean()
    return float(np.clip(1 - left / most, 0, 1)) if most > 0 else 0.0


def mean_auroc(probabilities: FloatArray, classes: NDArray[np.int64]) -> float:
    """Average the area under the curve of each class against the rest over the classes.

    Returns:
        0.5 for guesses, 1 for a perfect order.
    """
    areas = []
    for level in np.unique(classes):
        is_level = classes == level
        num, num_others = is_level.sum(), (~is_level).sum()
        if num and num_others:
            ranks = mid_ranks(probabilities[:, level])
            wins = ranks[is_level].sum() - num * (num + 1) / 2
            areas.append(wins / (num * num_others))
    return float(np.mean(areas)) if areas else 0.5


def explained_variance(codes: FloatArray, values: FloatArray, training: NDArray[np.bool_]) -> float:
    """Compute the R2 of a linear regression at the points it was not fitted on, from 0 to 1."""
    inputs = np.column_stack([codes, np.ones(len(codes))])
    weights = np.linalg.lstsq(inputs[training], values[training], rcond=None)[0]
    truth = values[~training]
    error = np.mean((truth - inputs[~training] @ weights) ** 2)
    return float(np.clip(1 - error / truth.var(), 0, 1)) if truth.var() > 0 else 0.0
