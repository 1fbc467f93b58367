"""A decoder taken apart, and decoded by both kernels of the page as torch decodes it."""

import base64
import json
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
from unknot.models.layers import SameConvolution, UpsampledConvolution
from unknot.models.likelihoods.bernoulli import BernoulliLikelihood
from unknot.models.likelihoods.gaussian import GaussianLikelihood
from unknot.models.map_layers import Broadcast, Crop, Residual
from unknot.models.networks import NETWORKS, find_network
from unknot.models.networks.higgins_conv import higgins_conv
from unknot.models.networks.linear import linear
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


def _sums(shape: tuple[int, int, int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """Sums after which an activation comes, at the end, and of sides that are odd."""
    decoder = nn.Sequential(
        nn.Linear(latent_dim, 6 * 5 * 7),
        nn.Unflatten(1, (6, 5, 7)),
        Residual(nn.Tanh(), nn.Conv2d(6, 6, 3, padding=1, bias=False), nn.ReLU()),
        nn.ReLU(),
        nn.Conv2d(6, shape[0], 3, padding=1),
        nn.Tanh(),
        UpsampledConvolution(shape[0], shape[0]),
        Residual(SameConvolution(shape[0], shape[0])),
        nn.Tanh(),
    )
    return nn.Flatten(), decoder


GAUSSIAN, BERNOULLI = GaussianLikelihood(), BernoulliLikelihood()
IMAGE = nn.Linear(5, 16), nn.Unflatten(1, (1, 4, 4))
CASES = [
    ((channels, *size), find_network(name), likelihood)
    for name, entry in NETWORKS.items()
    for channels, size, likelihood in (
        (1, (28, 28), BERNOULLI),
        (1 if name == "mlp" else 3, (64, 64), GAUSSIAN),  # of three channels it has 47 MB
        (1, (96, 128), GAUSSIAN),
    )
    if entry.takes((channels, *size))
]
CASES += [
    ((3, 256, 256), find_network("small_residual"), GAUSSIAN),
    ((2, 45, 100), find_network("small_residual"), GAUSSIAN),
    ((4, 100, 45), find_network("spatial_broadcast"), BERNOULLI),
    ((4, 32, 96), find_network("higgins_conv"), GAUSSIAN),
    ((2, 9, 7), find_network("linear"), GAUSSIAN),
    ((3, 24, 24), _odd, GAUSSIAN),
    ((3, 10, 14), _sums, GAUSSIAN),
]
DECODE = """() => [bytesOf(given.kernel), null].map((code) => {
    const scale = { ...given.scale }, [channels, height, width] = given.scale.shape;
    for (const name of ["mean", "std"]) scale[name] = fromHalf(bytesOf(scale[name]));
    const decoder = new Decoder(given.model, scale, code);
    return [decoder.kernel.name, given.z.map((z) => {
        const levels = new Uint8ClampedArray(channels * height * width), value = decoder.decode(z);
        let i = 0;
        for (let k = 0; k < channels; k++) for (let r = 0; r < height; r++) {
            for (let c = 0; c < width; c++) levels[i++] = value(k, r, c);
        }
        const { data } = decoder.paint(z, new ImageData(width, height));
        return [levels, data].map((numbers) => btoa(Array.from(numbers, (n) => String.fromCharCode(n)).join("")));
    })];
})"""  # noqa: E501


@pytest.mark.parametrize(("shape", "build", "likelihood"), CASES)
def test_both_kernels_decode_as_torch_does(
    watched: WatchedPage, tmp_path: Path, shape: Any, build: Any, likelihood: Any
) -> None:
    model = _model(shape, build, likelihood)
    z = 1.5 * np.random.default_rng(1).standard_normal((2, 5)).astype(np.float32)
    document = {
        "model": browser_model(model).as_dict(),
        "scale": asdict(pixel_scale(model)),
        "kernel": kernel(),
        "z": z.tolist(),
    }
    script = f"{asset('decoder.js')}\nconst given = {json.dumps(document)};"
    (tmp_path / "decoder.html").write_text(f"<script>{script}</script>")
    watched.page.goto((tmp_path / "decoder.html").as_uri())
    decoded = watched.page.evaluate(DECODE)
    expected = decode_codes(model, z).astype(int)
    assert expected.std() > HALF
    assert [name for name, _ in decoded] == ["WebAssembly", "plain JavaScript"]
    for _, images in decoded:
        for texts, image in zip(images, expected):
            levels, pixels = (np.frombuffer(base64.b64decode(text), np.uint8) for text in texts)
            assert np.abs(levels.reshape(shape).astype(int) - image).max() <= HALF
            colors = pixels.reshape(*shape[1:], 4).transpose(2, 0, 1).astype(int)
            shown = np.concatenate([image, 0 * image])[: 1 if shape[0] == 1 else 3]
            assert np.abs(colors[:3] - shown).max() <= HALF


@pytest.mark.parametrize(
    ("decoder", "why"),
    [
        (nn.Linear(5, 9), "knows nn.Sequential, not Linear"),
        (nn.Sequential(nn.Linear(5, 9), nn.GELU()), "does not know GELU"),
        (nn.Sequential(nn.Linear(5, 9)), "dense layers, then an image"),
        (nn.Sequential(*IMAGE, nn.ConvTranspose2d(1, 3, 3, 1)), "does not know ConvTranspose2d"),
        (nn.Sequential(*IMAGE, nn.Conv2d(1, 3, 2)), "does not know Conv2d"),
        (nn.Sequential(*IMAGE, nn.Upsample(scale_factor=2)), "does not know Upsample"),
        (nn.Sequential(*IMAGE, Crop(2, 2), nn.Conv2d(1, 3, 3, padding=1)), "and last a crop"),
        (nn.Sequential(*IMAGE, Broadcast(4, 4)), "or a broadcast, then convolutions"),
        (
            nn.Sequential(*IMAGE, Residual(nn.Conv2d(1, 1, 3, padding=1), nn.Upsample())),
            "does not know Upsample.* in a residual sum",
        ),
    ],
)
def test_a_decoder_that_the_page_does_not_know_says_so(decoder: nn.Module, why: str) -> None:
    model = _model((3, 32, 32), linear, GAUSSIAN)
    model.decoder = decoder
    with pytest.raises(UserError, match=why):
        browser_model(model)


def test_a_decoder_too_large_for_a_page_is_refused() -> None:
    model = _model((3, 32, 32), linear, GAUSSIAN)
    with torch.device("meta"):
        _, model.decoder = find_network("mlp")((3, 256, 256), 5)
    num_weights = 5 * 1200 + 2 * 1200 * 1200 + 1200 * 3 * 256**2 + 3 * 1200 + 3 * 256**2
    assert round(num_weights * 2 * 4 / 3 / 1e6) == 637
    with pytest.raises(UserError, match="would take 637 MB of the page, which has room for 50 MB"):
        browser_model(model)


def test_the_page_knows_the_decoder_of_the_default_network() -> None:
    page_model = browser_model(_model((3, 64, 64), higgins_conv, GaussianLikelihood()))
    kinds = [layer["kind"] for layer in page_model.layers]
    assert kinds == ["dense"] * 2 + ["upconv"] * 4
    assert len(encoded(page_model.weights)) < 1.2e6


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
