"""The convolutions and the large linear layers, computed as fast as the libraries allow.

Parameters have torch's names, shapes and initialization, so weights on disk have the plain layout.
While a model trains, a layer may compute in `bfloat16`; evaluation is always in single precision.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

KERNEL, STRIDE, PADDING = 4, 2, 1
SAME_KERNEL = 3
ROWS = [[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]]
"""Which rows of a 3x3 filter add up, after upsampling, to each row of a 4x4 one."""
FEW_CHANNELS = 4  # up to here torch's transposed convolution has next to no parallel work


class Convolution(nn.Conv2d):
    """A 4x4 or 2x2 convolution that halves the image."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int = KERNEL) -> None:
        padding = (kernel - STRIDE) // 2
        super().__init__(in_channels, out_channels, kernel, STRIDE, padding)
        self.training_dtype: torch.dtype | None = None
        self.plain = False

    def forward(self, input: Tensor) -> Tensor:
        """Shape `(batch, in, height, width)` to `(batch, out, height / 2, width / 2)`."""
        x, weight, bias = _in_precision(self, input)
        if self.plain or x.device.type != "cpu":
            return functional.conv2d(x, weight, bias, STRIDE, self.padding)
        output: Tensor = _Halving.apply(x, weight, bias, self.padding[0])
        return output


class SameConvolution(nn.Conv2d):
    """A 3x3 convolution that keeps the image's size."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, SAME_KERNEL, padding=1)
        self.training_dtype: torch.dtype | None = None

    def forward(self, input: Tensor) -> Tensor:
        """Shape `(batch, in, height, width)` to `(batch, out, height, width)`."""
        x, weight, bias = _in_precision(self, input)
        return functional.conv2d(x, weight, bias, padding=1)


class TransposedConvolution(nn.ConvTranspose2d):
    """A 4x4 transposed convolution that doubles the image."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, KERNEL, STRIDE, PADDING)
        self.training_dtype: torch.dtype | None = None
        self.plain = False

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Shape `(batch, in, height, width)` to `(batch, out, 2 height, 2 width)`."""
        return _transposed(self, *_in_precision(self, input))


class UpsampledConvolution(nn.Conv2d):
    """A 3x3 convolution of the image at twice its size, each pixel repeated (Odena et al. 2016).

    Two of the filter's three rows fall on the same pixel of the small image, and so do two of its
    columns: with their weights added up it is a transposed convolution of 4x4, of 4/9 the work.

    Attributes:
        rows: as `ROWS`; not kept with the weights.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, SAME_KERNEL, padding=1)
        self.training_dtype: torch.dtype | None = None
        self.plain = False
        self.register_buffer("rows", torch.tensor(ROWS, dtype=torch.float32), persistent=False)
        self.rows: Tensor

    def folded(self) -> Tensor:
        """The transposed convolution's weight, `(in, out, 4, 4)`."""
        return (self.rows @ self.weight @ self.rows.T).transpose(0, 1)

    def forward(self, input: Tensor) -> Tensor:
        """Shape `(batch, in, height, width)` to `(batch, out, 2 height, 2 width)`."""
        return _transposed(self, *_in_precision(self, input, self.folded()))


class Linear(nn.Linear):
    """A linear layer that takes any precision and gives single."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__(in_features, out_features)
        self.training_dtype: torch.dtype | None = None

    def forward(self, input: Tensor) -> Tensor:
        """Shape `(batch, in)` to `(batch, out)`."""
        x, weight, bias = _in_precision(self, input)
        return single_precision(functional.linear(x, weight, bias))


def single_precision(x: Tensor) -> Tensor:
    """What was computed in half precision, any shape; anything else stays as it is."""
    return x.float() if x.dtype == torch.bfloat16 else x


Upward = TransposedConvolution | UpsampledConvolution
Layer = Convolution | SameConvolution | Upward | Linear


def set_up_layers(model: nn.Module, *, dtype: torch.dtype | None, plain: bool = False) -> bool:
    """Choose how a model's layers of this module compute.

    Args:
        model: with any layers.
        dtype: while it trains; None for that of the weights.
        plain: torch's own convolutions, the only ones that can be batched over models.

    Returns:
        Whether the model has any of them.
    """
    layers = [m for m in model.modules() if isinstance(m, Layer)]
    for layer in layers:
        layer.training_dtype = dtype
        if isinstance(layer, Convolution | Upward):
            layer.plain = plain
    return bool(layers)


def corner_convolution(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The transposed convolution as a 2x2 convolution over the corners between pixels.

    Output rows `2p - 1` and `2p` see the same two input rows, `p - 1` through kernel rows 2 and 3
    and `p` through 0 and 1; columns likewise. The four outputs round each corner are therefore
    channels of one convolution of the same work, which a library computes three times as fast when
    there are few output channels.

    Args:
        x: shape `(batch, in, height, width)`.
        weight: as torch keeps it, `(in, out, 4, 4)`.
        bias: shape `(out,)`.

    Returns:
        Shape `(batch, out, 2 height, 2 width)`.
    """
    batch, channels, height, width = x.shape
    out = weight.shape[1]
    taps = weight.reshape(channels, out, 2, 2, 2, 2).flip(2, 4)  # (in, out, near, dy, near, dx)
    kernel = taps.permute(3, 5, 1, 0, 2, 4).reshape(4 * out, channels, 2, 2)
    kernel = kernel.contiguous(memory_format=torch.channels_last)
    corners = functional.conv2d(x, kernel, bias.repeat(4), padding=1)
    parts = corners.permute(0, 2, 3, 1).reshape(batch, height + 1, width + 1, 2, 2, out)
    whole = parts.transpose(2, 3).reshape(batch, 2 * height + 2, 2 * width + 2, out)
    return whole[:, 1:-1, 1:-1].permute(0, 3, 1, 2)


class _Halving(torch.autograd.Function):
    """A convolution of stride 2 whose bias has its gradient from a sum.

    In the library's kernel for both gradients the bias costs as much as a third of the weight.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, padding: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.padding = padding
        return functional.conv2d(x, weight, bias, STRIDE, padding)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None]:
        x, weight = ctx.saved_tensors
        (grad,) = grads
        needs_grad_x = ctx.needs_input_grad[0]
        grad_x, grad_weight = _convolution_gradients(grad, x, weight, ctx.padding, needs_grad_x)
        return grad_x, grad_weight, grad.sum((0, 2, 3)), None


class _Transposed(torch.autograd.Function):
    """The transposed convolution with the gradients of the convolution that it transposes.

    Its gradient by the weights is that convolution's with input and output exchanged, for which
    oneDNN has the faster kernels.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        if weight.shape[1] <= FEW_CHANNELS:
            return corner_convolution(x, weight, bias)
        return functional.conv_transpose2d(x, weight, bias, STRIDE, PADDING)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        grad = grads[0].contiguous(memory_format=torch.channels_last)
        grad_x = functional.conv2d(grad, weight, None, STRIDE, PADDING)
        _, grad_weight = _convolution_gradients(x, grad, weight, PADDING, False)
        return grad_x, grad_weight, grad.sum((0, 2, 3))


def _convolution_gradients(
    grad: Tensor, x: Tensor, weight: Tensor, padding: int, needs_grad_x: bool
) -> tuple[Tensor | None, Tensor]:
    """Gradients of a convolution of stride 2 by its input, where needed, and by its weight."""
    grad_x, grad_weight, _ = torch.ops.aten.convolution_backward(
        grad,
        x,
        weight,
        None,
        stride=[STRIDE, STRIDE],
        padding=[padding, padding],
        dilation=[1, 1],
        transposed=False,
        output_padding=[0, 0],
        groups=1,
        output_mask=[needs_grad_x, True, False],
    )
    return grad_x, grad_weight


def _transposed(layer: Upward, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The transposed convolution, as fast as it can be had here."""
    if layer.plain or x.device.type != "cpu":
        return functional.conv_transpose2d(x, weight, bias, STRIDE, PADDING)
    output: Tensor = _Transposed.apply(x, weight, bias)
    return output


def _in_precision(
    layer: Layer, input: Tensor, weight: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Input, weight (the layer's, unless given) and bias as the layer computes with them now."""
    weight = layer.weight if weight is None else weight
    dtype = (layer.training_dtype if layer.training else None) or weight.dtype
    assert layer.bias is not None
    return input.to(dtype), weight.to(dtype), layer.bias.to(dtype)
