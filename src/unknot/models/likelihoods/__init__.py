"""How pixels scatter round the reconstruction: one likelihood a file, named in `LIKELIHOODS`.

An entry is an `nn.Module`, built from the standard deviation that a user asks for. Everything is in
nats; sums over pixels, never means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from unknot.common.plugins import load_plugin

if TYPE_CHECKING:  # the names below must be had without torch
    from torch import Tensor

LIKELIHOODS = {
    "gaussian": "unknot.models.likelihoods.gaussian:GaussianLikelihood",
    "gaussian_learned": "unknot.models.likelihoods.gaussian_learned:LearnedSigmaLikelihood",
    "bernoulli": "unknot.models.likelihoods.bernoulli:BernoulliLikelihood",
}
"""Name -> `module:class`. The class is called with `sigma`, which `gaussian` alone uses."""

PIXELS = (1, 2, 3)
"""An image's dimensions in a batch: summed over as they are, since to flatten would be to copy."""


class Likelihood(Protocol):
    """Distribution of the pixels given what the decoder gave; also an `nn.Module`.

    Attributes:
        needs_whole_batch: whether an image's distortion depends on the others of its batch; such a
            batch is never divided among processes, nor is the run stacked with others.
    """

    needs_whole_batch: ClassVar[bool]

    def distortion(self, x: Tensor, output: Tensor) -> Tensor:
        """`-log p(x|z)` in nats per image.

        Args:
            x: standardized images, shape `(batch, channel, height, width)`.
            output: what the decoder gave, same shape.

        Returns:
            Shape `(batch,)`.
        """

    def mean(self, output: Tensor) -> Tensor:
        """The expected standardized image, same shape as `output`."""


def build_likelihood(name: str, sigma: float) -> Likelihood:
    """Build a likelihood.

    Args:
        name: in `LIKELIHOODS`.
        sigma: standard deviation of the pixels, in standardized units; `gaussian` alone uses it.

    Raises:
        UserError: if there is no such likelihood.
    """
    likelihood: Likelihood = load_plugin("likelihood", name, LIKELIHOODS)(sigma)
    return likelihood
