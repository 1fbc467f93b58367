"""The fully connected pair of Higgins et al.: the paper's layers."""

import pytest
from torch import nn

from unknot.common.errors import UserError
from unknot.models.networks.mlp import mlp


def test_mlp_has_the_papers_layers() -> None:
    encoder, decoder = mlp((1, 64, 64), 10)
    sizes = [m.out_features for m in encoder.modules() if isinstance(m, nn.Linear)]
    assert sizes == [1200, 1200, 20]
    sizes = [m.out_features for m in decoder.modules() if isinstance(m, nn.Linear)]
    assert sizes == [1200, 1200, 1200, 4096]
    assert sum(isinstance(m, nn.ReLU) for m in encoder.modules()) == 2
    assert sum(isinstance(m, nn.Tanh) for m in decoder.modules()) == 3


def test_mlp_has_the_papers_number_of_parameters() -> None:
    square = 1200 * 1200 + 1200
    encoder = (4096 * 1200 + 1200) + square + (1200 * 20 + 20)
    decoder = (10 * 1200 + 1200) + square + square + (1200 * 4096 + 4096)
    pair = mlp((1, 64, 64), 10)
    assert [sum(p.numel() for p in m.parameters()) for m in pair] == [encoder, decoder]


@pytest.mark.parametrize("shape", [(1, 24, 24), (5, 32, 32)])
def test_mlp_refuses_smaller_images_and_more_channels(shape: tuple[int, int, int]) -> None:
    with pytest.raises(UserError, match="mlp takes images of any size from 28 pixels on, of 1 to"):
        mlp(shape, 4)


def test_mlp_takes_images_that_are_not_square() -> None:
    encoder, decoder = mlp((4, 30, 45), 2)
    assert encoder[1].in_features == 4 * 30 * 45  # type: ignore[index]
    assert decoder[-1].unflattened_size == (4, 30, 45)  # type: ignore[index]
