"""The model: `distributions` of latents and pixels, `networks` between them, and the `vae`."""
