"""The model: `distributions` of latents and pixels, `networks` between them, and the `vae`.

`layers` holds the convolutions that the networks are made of.
"""
