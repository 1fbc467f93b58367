"""unknot: train beta-VAEs at several betas on your own images and see what each latent does."""

__version__ = "0.1.0"
