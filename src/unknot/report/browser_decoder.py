"""A trained decoder in the form that the page's own decoder (`decoder.js`) reads."""

import base64
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from unknot.common.errors import UserError
from unknot.models.layers import (
    Linear,
    SameConvolution,
    TransposedConvolution,
    UpsampledConvolution,
)
from unknot.models.likelihoods.bernoulli import BernoulliLikelihood
from unknot.models.map_layers import Broadcast, Crop, Residual
from unknot.models.vae import VAE

HALF_MAX = 65_504.0
LARGEST_MB = 50
"""A decoder that takes more of the page is left out, even where it is the only one."""
ACTIVATIONS: dict[type[nn.Module], str] = {nn.ReLU: "relu", nn.Tanh: "tanh"}
DOUBLING = ((4, 4), (2, 2), (1, 1), (0, 0), (1, 1))
KEEPING = ((3, 3), (1, 1), (1, 1), (0, 0), (1, 1))
GEOMETRIES: dict[type[nn.Module], tuple[tuple[int, int], ...]] = {
    nn.ConvTranspose2d: DOUBLING,
    TransposedConvolution: DOUBLING,
    UpsampledConvolution: KEEPING,
    nn.Conv2d: KEEPING,
    SameConvolution: KEEPING,
}
"""Kernel, stride, padding, output padding and dilation of each convolution that the page knows."""
ORDER = r"((dense )*dense:grid|broadcast)( upconv| conv| residual)*( crop)?"

PageLayer = dict[str, Any]


class _Weighted(NamedTuple):
    """A layer with weights, as torch has them."""

    kind: str
    inputs: int
    outputs: int
    weight: Tensor
    bias: Tensor | None

    def page_layer(self) -> PageLayer:
        return {
            "kind": self.kind,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "activation": "",
        }

    def parameters(self) -> list[Tensor]:
        return [self.weight, torch.zeros(self.outputs) if self.bias is None else self.bias]


@dataclass(frozen=True)
class PixelScale:
    """How a decoder's outputs become pixels in [0, 1].

    Attributes:
        shape: channels, height, width.
        mean: of the pixels, in half precision as base64; empty for a page without decoders.
        std: likewise.
        sigmoid: whether outputs are logits.
    """

    shape: tuple[int, int, int]
    mean: str
    std: str
    sigmoid: bool


@dataclass(frozen=True)
class BrowserModel:
    """A decoder for the page.

    Attributes:
        layers: `dense` (inputs, outputs, activation, grid: channels, height and width of its
            outputs where they are taken for an image) or `broadcast` (inputs, height, width), then
            `upconv`, `conv` (inputs, outputs, activation) and `residual` (branch: layers, with
            `activation` before the first; activation), at last `crop` (height, width); an
            activation is `relu`, `tanh` or empty.
        weights: in half precision, layer by layer, weights before biases, in torch's order.
    """

    layers: list[PageLayer]
    weights: bytes

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a JSON document."""
        return {"layers": self.layers, "weights": encoded(self.weights)}


def browser_model(model: VAE) -> BrowserModel:
    """Take a decoder apart.

    Args:
        model: whose decoder is an `nn.Sequential` of `Linear`, `ReLU`, `Tanh`, `Unflatten` to an
            image, `ConvTranspose2d` with 4x4 filters, stride 2 and padding 1, `Conv2d` with 3x3
            filters and padding 1, `UpsampledConvolution`, `Broadcast`, `Residual` and `Crop`.

    Raises:
        UserError: if it is something else or too large, or a weight does not fit into half
            precision.
    """
    _check_size(model)
    if type(model.decoder) is not nn.Sequential:  # a subclass may do anything
        raise UserError(f"the page's decoder knows nn.Sequential, not {_name(model.decoder)}")
    layers: list[PageLayer] = []
    parameters: list[Tensor] = []
    for layer in model.decoder:
        parameters += _add_layer(layers, layer, model.latent_dim)
    _check_order(layers)
    flat = torch.cat([part.detach().cpu().float().flatten() for part in parameters]).numpy()
    if not np.abs(flat).max(initial=0) < HALF_MAX:
        raise UserError("a weight of the decoder does not fit into half precision")
    return BrowserModel(layers, flat.astype("<f2").tobytes())


def _check_size(model: VAE) -> None:
    megabytes = encoded_size(model) / 1e6
    if megabytes > LARGEST_MB:
        raise UserError(
            f"the decoder would take {megabytes:,.0f} MB of the page, which has room for "
            f"{LARGEST_MB} MB"
        )


def _add_layer(layers: list[PageLayer], layer: nn.Module, latent_dim: int) -> list[Tensor]:
    """Add a layer of torch's to those of the page, or to the last of them; gives its parameters."""
    weighted = _weighted(layer)
    if weighted:
        layers.append(weighted.page_layer())
        return weighted.parameters()
    if type(layer) is Residual:
        layers.append({"kind": "residual", "branch": [], "activation": ""})
        return _branch(layers[-1]["branch"], layer)
    if type(layer) in ACTIVATIONS and layers and layers[-1].get("activation") == "":
        layers[-1]["activation"] = ACTIVATIONS[type(layer)]
    elif type(layer) is nn.Unflatten and layers and len(layer.unflattened_size) == 3:
        layers[-1]["grid"] = list(layer.unflattened_size)
    elif type(layer) is Broadcast:
        height, width = layer.places.shape[2:]
        layers.append({"kind": "broadcast", "inputs": latent_dim, "height": height, "width": width})
    elif type(layer) is Crop:
        layers.append({"kind": "crop", "height": layer.height, "width": layer.width})
    else:
        raise UserError(f"the page's decoder does not know {_name(layer)}")
    return []


def _branch(branch: list[PageLayer], residual: Residual) -> list[Tensor]:
    """Fill in a sum's branch: convolutions and activations, which may stand first."""
    parameters: list[Tensor] = []
    for layer in residual.branch:
        weighted = _weighted(layer)
        if weighted and weighted.kind == "conv":
            branch.append(weighted.page_layer())
            parameters += weighted.parameters()
        elif type(layer) in ACTIVATIONS and not (branch and branch[-1]["activation"]):
            if not branch:
                branch.append({"kind": "activation", "activation": ""})
            branch[-1]["activation"] = ACTIVATIONS[type(layer)]
        else:
            raise UserError(f"the page's decoder does not know {_name(layer)} in a residual sum")
    return parameters


def _weighted(layer: nn.Module) -> _Weighted | None:
    """A layer with weights; None for others, and for what the page does not know."""
    if isinstance(layer, nn.Linear) and type(layer) in (nn.Linear, Linear):
        return _Weighted("dense", layer.in_features, layer.out_features, layer.weight, layer.bias)
    if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) or not _is_known(layer):
        return None
    kind = "conv" if type(layer) in (nn.Conv2d, SameConvolution) else "upconv"
    weight = layer.folded() if isinstance(layer, UpsampledConvolution) else layer.weight
    return _Weighted(kind, layer.in_channels, layer.out_channels, weight, layer.bias)


def encoded_size(model: VAE) -> int:
    """Count the characters that a decoder's weights would take in the page."""
    num_weights = sum(parameter.numel() for parameter in model.decoder.parameters())
    return 4 * -(-2 * num_weights // 3)


def pixel_scale(model: VAE) -> PixelScale:
    """Tell how the decoder's outputs become pixels; the same for every run on some images."""
    mean, std = (buffer.cpu().numpy() for buffer in (model.pixel_mean, model.pixel_std))
    channels, height, width = mean.shape
    return PixelScale(
        shape=(channels, height, width),
        mean=encoded(mean.astype("<f2").tobytes()),
        std=encoded(std.astype("<f2").tobytes()),
        sigmoid=isinstance(model.likelihood, BernoulliLikelihood),
    )


def kernel() -> str:
    """Read the compiled kernel, for the page."""
    return encoded(resources.files("unknot.report").joinpath("assets", "kernel.wasm").read_bytes())


def encoded(content: bytes) -> str:
    """Write bytes as text, in base64."""
    return base64.b64encode(content).decode()


def _is_known(layer: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    """Whether the page computes such a convolution; a class of the user's own may do anything."""
    of_class = GEOMETRIES.get(type(layer))
    geometry = layer.kernel_size, layer.stride, layer.padding, layer.output_padding, layer.dilation
    return geometry == of_class and layer.groups == 1 and layer.padding_mode == "zeros"


def _check_order(layers: list[PageLayer]) -> None:
    """Dense layers, the last of them with the grid, or a broadcast; then maps; then a crop."""
    kinds = " ".join(layer["kind"] + (":grid" if layer.get("grid") else "") for layer in layers)
    if not re.fullmatch(ORDER, kinds):
        raise UserError(
            "the page's decoder knows dense layers, then an image, then convolutions; or a "
            "broadcast, then convolutions; and last a crop"
        )


def _name(module: nn.Module) -> str:
    return str(module).split("\n")[0].rstrip("(")
