"""A trained decoder in the form that the page's own decoder (`decoder.js`) reads."""

import base64
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unknot.errors import UserError
from unknot.model.distributions import BernoulliLikelihood
from unknot.model.layers import Linear, TransposedConvolution
from unknot.model.vae import VAE

HALF_MAX = 65_504.0


@dataclass(frozen=True)
class BrowserModel:
    """A decoder for the page.

    Attributes:
        layers: `dense` (inputs, outputs, relu, grid: channels, height and width of its outputs
            where they are taken for an image) and `upconv` (inputs, outputs, relu).
        weights: in half precision, layer by layer, weights before biases, in torch's order.
    """

    layers: list[dict[str, Any]]
    weights: bytes

    def as_dict(self) -> dict[str, Any]:
        """For the page."""
        return {"layers": self.layers, "weights": encoded(self.weights)}


def browser_model(model: VAE) -> BrowserModel:
    """Take a decoder apart.

    Args:
        model: whose decoder is an `nn.Sequential` of `Linear`, `ReLU`, `Unflatten` to an image, and
            `ConvTranspose2d` with 4x4 filters, stride 2 and padding 1.

    Raises:
        UserError: if it is something else, or a weight does not fit into half precision.
    """
    if type(model.decoder) is not nn.Sequential:  # a subclass may do anything
        raise UserError(f"the page's decoder knows nn.Sequential, not {_name(model.decoder)}")
    layers: list[dict[str, Any]] = []
    parts: list[Tensor] = []
    for layer in model.decoder:
        if isinstance(layer, nn.Linear) and type(layer) in (nn.Linear, Linear):
            sizes = {"inputs": layer.in_features, "outputs": layer.out_features}
            layers.append({"kind": "dense", **sizes, "relu": False, "grid": None})
            parts += _parameters(layer, layer.out_features)
        elif type(layer) is nn.ReLU and layers:
            layers[-1]["relu"] = True
        elif type(layer) is nn.Unflatten and layers and len(layer.unflattened_size) == 3:
            layers[-1]["grid"] = list(layer.unflattened_size)
        elif isinstance(layer, nn.ConvTranspose2d) and _is_known(layer):
            sizes = {"inputs": layer.in_channels, "outputs": layer.out_channels}
            layers.append({"kind": "upconv", **sizes, "relu": False})
            parts += _parameters(layer, layer.out_channels)
        else:
            raise UserError(f"the page's decoder does not know {_name(layer)}")
    _check_order(layers)
    flat = torch.cat([part.detach().cpu().float().flatten() for part in parts]).numpy()
    if not np.abs(flat).max(initial=0) < HALF_MAX:
        raise UserError("a weight of the decoder does not fit into half precision")
    return BrowserModel(layers, flat.astype("<f2").tobytes())


def pixel_scale(model: VAE) -> dict[str, Any]:
    """How the decoder's outputs become pixels in [0, 1]; the same for every run on some images."""
    mean, std = (buffer.cpu().numpy() for buffer in (model.pixel_mean, model.pixel_std))
    return {
        "shape": list(mean.shape),
        "mean": encoded(mean.astype("<f2").tobytes()),
        "std": encoded(std.astype("<f2").tobytes()),
        "sigmoid": isinstance(model.likelihood, BernoulliLikelihood),
    }


def kernel() -> str:
    """The compiled kernel, for the page."""
    return encoded(resources.files("unknot.report").joinpath("kernel.wasm").read_bytes())


def encoded(content: bytes) -> str:
    """Bytes as text."""
    return base64.b64encode(content).decode()


def _parameters(layer: nn.Linear | nn.ConvTranspose2d, outputs: int) -> list[Tensor]:
    return [layer.weight, torch.zeros(outputs) if layer.bias is None else layer.bias]


def _is_known(layer: nn.ConvTranspose2d) -> bool:
    if type(layer) not in (nn.ConvTranspose2d, TransposedConvolution):
        return False  # a class of the user's own may compute anything
    found = layer.kernel_size, layer.stride, layer.padding, layer.output_padding, layer.dilation
    return found == ((4, 4), (2, 2), (1, 1), (0, 0), (1, 1)) and layer.groups == 1


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
