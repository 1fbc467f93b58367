"""Encoder, decoder, likelihood, objective.

`vae` samples a `gaussian` posterior between the `networks` (made of `layers`) and scores pixels by
one of the `likelihoods`; `objectives` weigh its terms into a loss, `beta_scales` say what a beta
means elsewhere; `build` makes an untrained model, `device` says where it computes.
"""
