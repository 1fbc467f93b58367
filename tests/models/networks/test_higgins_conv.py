"""The convolutional pair: the paper's shapes."""

from torch import nn

from unknot.models.networks.higgins_conv import higgins_conv


def test_higgins_conv_is_the_papers_table() -> None:
    encoder, decoder = higgins_conv((3, 64, 64), 32)
    assert isinstance(encoder, nn.Sequential)
    assert isinstance(decoder, nn.Sequential)
    down = [m for m in encoder if isinstance(m, nn.Conv2d)]
    assert [m.out_channels for m in down] == [32, 32, 64, 64]
    assert all(m.kernel_size == (4, 4) and m.stride == (2, 2) for m in down)
    up = [m for m in decoder if isinstance(m, nn.ConvTranspose2d)]
    assert [m.out_channels for m in up] == [64, 32, 32, 3]
    assert all(m.kernel_size == (4, 4) and m.stride == (2, 2) for m in up)
    assert [m.out_features for m in encoder if isinstance(m, nn.Linear)] == [256, 64]
    assert [m.out_features for m in decoder if isinstance(m, nn.Linear)] == [256, 1024]
