"""A trained decoder in the form that the page's own decoder (`decoder.js`) reads."""

import base64
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unknot.common.errors import UserError
from unknot.models.layers import Linear, TransposedConvolution
from unknot.models.likelihoods.bernoulli import BernoulliLikelihood
from unknot.models.vae import VAE

HALF_MAX = 65_504.0
ACTIVATIONS: dict[type[nn.Module], str] = {nn.ReLU: "relu", nn.Tanh: "tanh"}


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
            outputs where they are taken for an image) and `upconv` (inputs, outputs, activation);
            activation is `relu`, `tanh` or empty.
        weights: in half precision, layer by layer, weights before biases, in torch's order.
    """

    layers: list[dict[str, Any]]
    weights: bytes

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a JSON document."""
        return {"layers": self.layers, "weights": encoded(self.weights)}


def browser_model(model: VAE) -> BrowserModel:
    """Take a decoder apart.

    Args:
        model: whose decoder is an `nn.Sequential` of `Linear`, `ReLU`, `Tanh`, `Unflatten` to an
            image, and `ConvTranspose2d` with 4x4 filters, stride 2 and padding 1.

    Raises:
        UserError: if it is something else, or a weight does not fit into half precision.
    """
    if type(model.decoder) is not nn.Sequential:  # a subclass may do anything
        raise UserError(f"the page's decoder knows nn.Sequential, not {_name(model.decoder)}")
    layers: list[dict[str, Any]] = []
    parameters: list[Tensor] = []
    for layer in model.decoder:
        parameters += _add_layer(layers, layer)
    _check_order(layers)
    flat = torch.cat([part.detach().cpu().float().flatten() for part in parameters]).numpy()
    if not np.abs(flat).max(initial=0) < HALF_MAX:
        raise UserError("a weight of the decoder does not fit into half precision")
    return BrowserModel(layers, flat.astype("<f2").tobytes())


def _add_layer(layers: list[dict[str, Any]], layer: nn.Module) -> list[Tensor]:
    """Add a layer of torch's to those of the page, or to the last of them; gives its parameters."""
    if isinstance(layer, nn.Linear) and type(layer) in (nn.Linear, Linear):
        inputs, outputs = layer.in_features, layer.out_features
        layers.append(
            {"kind": "dense", "inputs": inputs, "outputs": outputs, "activation": "", "grid": None}
        )
        return _parameters(layer, outputs)
    if isinstance(layer, nn.ConvTranspose2d) and _is_known(layer):
        inputs, outputs = layer.in_channels, layer.out_channels
        layers.append({"kind": "upconv", "inputs": inputs, "outputs": outputs, "activation": ""})
        return _parameters(layer, outputs)
    if type(layer) in ACTIVATIONS and layers and not layers[-1]["activation"]:
        layers[-1]["activation"] = ACTIVATIONS[type(layer)]
    elif type(layer) is nn.Unflatten and layers and len(layer.unflattened_size) == 3:
        layers[-1]["grid"] = list(layer.unflattened_size)
    else:
        raise UserError(f"the page's decoder does not know {_name(layer)}")
    return []


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


def _parameters(layer: nn.Linear | nn.ConvTranspose2d, outputs: int) -> list[Tensor]:
    return [layer.weight, torch.zeros(outputs) if layer.bias is None else layer.bias]


def _is_known(layer: nn.ConvTranspose2d) -> bool:
    if type(layer) not in (nn.ConvTranspose2d, TransposedConvolution):
        return False  # a class of the user's own may compute anything
    geometry = layer.kernel_size, layer.stride, layer.padding, layer.output_padding, layer.dilation
    return geometry == ((4, 4), (2, 2), (1, 1), (0, 0), (1, 1)) and layer.groups == 1


def _check_order(layers: list[dict[str, Any]]) -> None:
    """Dense layers first, the last of them with the grid, then convolutions."""
    kinds = [layer["kind"] for layer in layers]
    num_dense = kinds.count("dense")
    grids = [layer["grid"] is not None for layer in layers[:num_dense] if layer["kind"] == "dense"]
    if (
        not num_dense
        or "upconv" in kinds[:num_dense]
        or grids != [False] * (num_dense - 1) + [True]
    ):
        raise UserError("the page's decoder knows dense layers, then an image, then convolutions")


def _name(module: nn.Module) -> str:
    return str(module).split("\n")[0].rstrip("(")
