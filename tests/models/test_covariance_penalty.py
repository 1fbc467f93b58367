"""The penalty on a covariance against NumPy."""

import numpy as np
import pytest
import torch

from unknot.models.covariance_penalty import batch_covariance, covariance_penalty

CODES = torch.randn(9, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_it_is_the_covariance_over_the_batch_divided_by_its_size() -> None:
    """Not centered over latents, and not a sum over the batch."""
    np.testing.assert_allclose(batch_covariance(CODES), np.cov(CODES.numpy().T, bias=True))


def test_a_constant_added_to_a_latent_changes_nothing() -> None:
    shifted = CODES + torch.tensor([5.0, 0.0, -3.0, 1.0])
    torch.testing.assert_close(batch_covariance(shifted), batch_covariance(CODES))


def test_sums_of_squares() -> None:
    penalty = covariance_penalty(torch.tensor([[3.0, 0.5], [0.5, 0.0]]))
    assert penalty.off_diagonal.item() == 2 * 0.25
    assert penalty.diagonal.item() == 4 + 1


def test_the_unit_matrix_costs_nothing() -> None:
    assert covariance_penalty(torch.eye(3)) == (0.0, 0.0)


def test_a_batch_of_one_has_no_covariance() -> None:
    assert covariance_penalty(batch_covariance(CODES[:1])).diagonal.item() == pytest.approx(4)
