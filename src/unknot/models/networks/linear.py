"""A linear pair."""

import torch
from torch import Tensor, nn


class LinearEncoder(nn.Module):
    """Posterior means linear in the image; one log variance per latent, the same for all images."""

    def __init__(self, num_inputs: int, latent_dim: int) -> None:
        super().__init__()
        self.mean = nn.Linear(num_inputs, latent_dim)
        self.logvar = nn.Parameter(torch.zeros(latent_dim))

    def forward(self, images: Tensor) -> Tensor:
        """Images `(batch, ...)` to means and log variances, `(batch, 2 * latent_dim)`."""
        mean = self.mean(images.flatten(1))
        return torch.cat([mean, self.logvar.expand_as(mean)], dim=1)


def linear(image_shape: tuple[int, int, int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """A linear pair, whose optimum is known: probabilistic PCA (Tipping and Bishop 1999).

    Args:
        image_shape: channels, height, width; any.
        latent_dim: number of latents.
    """
    num_pixels = image_shape[0] * image_shape[1] * image_shape[2]
    decoder = nn.Sequential(nn.Linear(latent_dim, num_pixels), nn.Unflatten(1, image_shape))
    return LinearEncoder(num_pixels, latent_dim), decoder
