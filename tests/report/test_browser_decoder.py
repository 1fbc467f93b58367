"""A decoder taken apart, and decoded by both kernels of the page as torch decodes it."""

import base64
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.report.watched_page import WatchedPage
from unknot.common.errors import UserError
from unknot.data.standardize import Standardizer
from unknot.data.visible_channels import visible
from unknot.models.likelihoods.bernoulli import BernoulliLikelihood
from unknot.models.likelihoods.gaussian import GaussianLikelihood
from unknot.models.networks.burgess_conv import burgess_conv
from unknot.models.networks.higgins_conv import higgins_conv
from unknot.models.networks.linear import linear
from unknot.models.networks.locatello_conv import locatello_conv
from unknot.models.networks.mlp import mlp
from unknot.models.vae import VAE
from unknot.report.browser_decoder import (
    browser_model,
    encoded,
    encoded_size,
    kernel,
    pixel_scale,
)
from unknot.report.render import asset
from unknot.runs.inference import decode_codes

HALF = 2  # levels of 255 that half-precision weights may cost


def _model(shape: tuple[int, int, int], build: Any, likelihood: nn.Module) -> VAE:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    mean = rng.uniform(0.3, 0.7, shape).astype(np.float32)
    std = rng.uniform(0.1, 0.3, shape).astype(np.float32)
    encoder, decoder = build(shape, 5)
    return VAE(encoder, decoder, likelihood, Standardizer("per_pixel", mean, std), 5).eval()


def _odd(shape: tuple[int, int, int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """Sizes and channels that are no multiples of four."""
    decoder = nn.Sequential(
        nn.Linear(latent_dim, 7),
        nn.Tanh(),
        nn.Linear(7, 5 * 6 * 6, bias=False),
        nn.Unflatten(1, (5, 6, 6)),
        nn.ConvTranspose2d(5, 3, 4, 2, 1),
        nn.Tanh(),
        nn.ConvTranspose2d(3, shape[0], 4, 2, 1),
    )
    return nn.Flatten(), decoder


@pytest.mark.parametrize(
    ("shape", "build", "likelihood"),
    [
        ((1, 32, 32), higgins_conv, BernoulliLikelihood()),
        ((3, 64, 64), higgins_conv, GaussianLikelihood()),
        ((3, 128, 128), higgins_conv, GaussianLikelihood()),
        ((3, 64, 64), burgess_conv, GaussianLikelihood()),
        ((1, 64, 64), locatello_conv, BernoulliLikelihood()),
        ((3, 30, 28), mlp, BernoulliLikelihood()),
        ((3, 32, 32), linear, GaussianLikelihood()),
        ((1, 9, 7), linear, GaussianLikelihood()),
        ((2, 9, 12), linear, BernoulliLikelihood()),
        ((4, 28, 40), mlp, GaussianLikelihood()),
        ((3, 24, 24), _odd, GaussianLikelihood()),
    ],
)
def test_both_kernels_decode_as_torch_does(
    watched: WatchedPage, tmp_path: Path, shape: Any, build: Any, likelihood: Any
) -> None:
    model = _model(shape, build, likelihood)
    z = 1.5 * np.random.default_rng(1).standard_normal((3, 5)).astype(np.float32)
    document = {
        "model": browser_model(model).as_dict(),
        "scale": asdict(pixel_scale(model)),
        "kernel": kernel(),
        "z": z.tolist(),
    }
    (tmp_path / "decoder.html").write_text(f"<script>{asset('decoder.js')}</script>")
    watched.page.goto((tmp_path / "decoder.html").as_uri())
    painted = watched.page.evaluate(
        """given => [bytesOf(given.kernel), null].map((code) => {
            const scale = { ...given.scale };
            for (const name of ["mean", "std"]) scale[name] = fromHalf(bytesOf(scale[name]));
            const decoder = new Decoder(given.model, scale, code);
            const image = new ImageData(scale.shape[2], scale.shape[1]);
            return [decoder.kernel.name, given.z.map((z) => [...decoder.paint(z, image).data])];
        })""",
        document,
    )
    expected = visible(decode_codes(model, z)).transpose(0, 2, 3, 1).astype(int)
    assert [name for name, _ in painted] == ["WebAssembly", "plain JavaScript"]
    for _, pixels in painted:
        levels = np.array(pixels).reshape(3, *shape[1:], 4)[..., :3]
        assert np.abs(levels - expected).max() <= HALF
    if build is higgins_conv and shape == (3, 64, 64):
        assert len(document["model"]["weights"]) < 1.2e6


def test_a_decoder_that_the_page_does_not_know_says_so() -> None:
    model = _model((3, 32, 32), linear, GaussianLikelihood())
    for decoder, why in (
        (nn.Sequential(nn.Linear(5, 9), nn.GELU()), "does not know GELU"),
        (nn.Linear(5, 9), "knows nn.Sequential, not Linear"),
        (nn.Sequential(nn.Linear(5, 9)), "dense layers, then an image"),
        (
            nn.Sequential(
                nn.Linear(5, 16), nn.Unflatten(1, (1, 4, 4)), nn.ConvTranspose2d(1, 3, 3, 1)
            ),
            "does not know ConvTranspose2d",
        ),
    ):
        model.decoder = decoder
        with pytest.raises(UserError, match=why):
            browser_model(model)


def test_the_page_knows_the_decoder_of_the_default_network() -> None:
    model = _model((3, 64, 64), higgins_conv, GaussianLikelihood())
    kinds = [layer["kind"] for layer in browser_model(model).layers]
    assert kinds == ["dense"] * 2 + ["upconv"] * 4


def test_a_weight_too_large_for_half_precision_is_refused() -> None:
    model = _model((3, 32, 32), linear, GaussianLikelihood())
    with torch.no_grad():
        next(model.decoder.parameters()).fill_(1e6)
    with pytest.raises(UserError, match="does not fit into half precision"):
        browser_model(model)


def test_what_a_decoder_takes_is_known_before_it_is_written() -> None:
    for build in (linear, higgins_conv):
        model = _model((3, 32, 32), build, GaussianLikelihood())
        assert encoded_size(model) == len(browser_model(model).as_dict()["weights"])


def test_pixels_are_scaled_as_the_model_scales_them() -> None:
    scale = pixel_scale(_model((1, 32, 32), linear, BernoulliLikelihood()))
    assert (scale.shape, scale.sigmoid) == ((1, 32, 32), True)
    assert not pixel_scale(_model((3, 32, 32), linear, GaussianLikelihood())).sigmoid
    assert len(scale.mean) == len(encoded(bytes(2 * 32 * 32)))


def test_the_kernel_is_webassembly() -> None:
    assert base64.b64decode(kernel()).startswith(b"\0asm")
