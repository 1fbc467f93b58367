"""The model: `distributions` of latents and pixels, `networks` between them, and the `vae`.

`layers` holds the convolutions and the large linear layers that the networks are made of.
"""
