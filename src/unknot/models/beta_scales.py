"""What a beta means on the scales that papers and code bases use."""

from typing import NamedTuple


class BetaScales(NamedTuple):
    """One beta on the scales that papers and code bases use.

    Attributes:
        beta_eff: the beta of the same problem with unit sigma, `beta * sigma^2`; None for
            Bernoulli pixels and for a learned sigma, where it moves during training.
        beta_norm: `beta * latent_dim / num_pixels`, Higgins et al. 2017, section 4.2.
    """

    beta_eff: float | None
    beta_norm: float


def beta_scales(
    beta: float, *, sigma: float | None, latent_dim: int, num_pixels: int
) -> BetaScales:
    """The same beta on other scales.

    Args:
        beta: weight of the rate where the distortion is summed over pixels.
        sigma: the fixed standard deviation of Gaussian pixels, or None.
        latent_dim: number of latents.
        num_pixels: channels x height x width.
    """
    beta_eff = None if sigma is None else beta * sigma**2
    return BetaScales(beta_eff, beta * latent_dim / num_pixels)


def effective_beta(squared_error_weight: float, kl_weight: float) -> float:
    """The beta that a loss `c * SSE + w * KL` really trains, `w / (2 c)`.

    Args:
        squared_error_weight: `c`, the weight of the squared error summed over pixels.
        kl_weight: `w`, the weight of the KL divergence summed over latents.
    """
    return kl_weight / (2 * squared_error_weight)
