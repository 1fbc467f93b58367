"""Bernoulli pixels against the cross-entropy written out."""

import torch

from unknot.models.likelihoods.bernoulli import BernoulliLikelihood


def test_the_distortion_is_the_cross_entropy() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(5, 1, 4, 4, generator=generator)
    logits = torch.randn(5, 1, 4, 4, generator=generator)
    p = torch.sigmoid(logits)
    expected = -(x * p.log() + (1 - x) * (1 - p).log()).flatten(1).sum(1)
    torch.testing.assert_close(BernoulliLikelihood().distortion(x, logits), expected)
    torch.testing.assert_close(BernoulliLikelihood().mean(logits), p)
