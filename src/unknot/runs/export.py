"""A trained run -> files that other programs read."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from unknot.common.errors import UserError
from unknot.common.files import make_folder, write_text, written_beside
from unknot.common.reading import check_within
from unknot.common.toml import to_toml
from unknot.config.run import beta_text
from unknot.models.layers import set_up_layers
from unknot.models.vae import VAE
from unknot.runs.plain_text import markdown_block, markdown_code, markdown_text
from unknot.runs.run import Run

ENCODER, DECODER, CARD = "encoder.onnx", "decoder.onnx", "README.md"
POSTERIOR = ("posterior_mean", "posterior_logvar")
EXAMPLES = 2  # images that the networks are traced with; any number can be given later


class PixelsToCodes(nn.Module):
    """Pixels in [0, 1], `(batch, channel, height, width)`, to means and log variances.

    Args:
        model: trained.
    """

    def __init__(self, model: VAE) -> None:
        super().__init__()
        self.encoder, self.mean, self.std = model.encoder, model.pixel_mean, model.pixel_std

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log variances, each `(batch, latent_dim)`."""
        mean, logvar = self.encoder((pixels - self.mean) / self.std).chunk(2, dim=1)
        return mean, logvar


class CodesToPixels(nn.Module):
    """Codes `(batch, latent_dim)` to pixels in [0, 1].

    Args:
        model: trained.
    """

    def __init__(self, model: VAE) -> None:
        super().__init__()
        self.decoder, self.likelihood = model.decoder, model.likelihood
        self.mean, self.std = model.pixel_mean, model.pixel_std

    def forward(self, z: Tensor) -> Tensor:
        """Expected pixels, `(batch, channel, height, width)`."""
        unit = self.likelihood.mean(self.decoder(z)) * self.std + self.mean
        return unit.clamp(0, 1)


def export_onnx(run: Run, folder: Path) -> list[Path]:
    """Write encoder and decoder as ONNX, with the standardization inside, and a model card.

    Args:
        run: trained.
        folder: where to.

    Returns:
        The files.

    Raises:
        UserError: if the extra `onnx` is not installed, or a link leads out of the run's folder.
    """
    try:
        import onnxscript  # type: ignore[import-not-found,unused-ignore]  # noqa: F401
    except ModuleNotFoundError:
        raise UserError("exporting needs the extra onnx: pip install 'unknot[onnx]'") from None
    if folder.is_relative_to(run.folder):
        check_within(folder, run.folder)
    make_folder(folder)
    set_up_layers(run.model, dtype=None, plain=True)  # one node of the graph each
    model = run.model.cpu().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    pixels = torch.rand(EXAMPLES, *run.image_shape)
    z = torch.zeros(EXAMPLES, model.latent_dim)
    _write(PixelsToCodes(model), pixels, "pixels", list(POSTERIOR), folder / ENCODER)
    _write(CodesToPixels(model), z, "z", ["pixels"], folder / DECODER)
    write_text(folder / CARD, model_card(run))
    return [folder / ENCODER, folder / DECODER, folder / CARD]


def _write(module: nn.Module, example: Tensor, name: str, outputs: list[str], path: Path) -> None:
    with _silent_exporter(), written_beside(path) as temporary:
        program = torch.onnx.export(
            module.eval(),
            (example,),
            dynamo=True,
            input_names=[name],
            output_names=outputs,
            dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
            verbose=False,
        )
        assert program is not None
        program.save(str(temporary), external_data=False)


@contextmanager
def _silent_exporter() -> Iterator[None]:
    """Keep the exporter's warnings about itself from the user, while the block runs."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def model_card(run: Run) -> str:
    """Say what the exported files are, how to use them, and how well the model fits."""
    config, test = run.config, run.evaluation.test
    channels, height, width = run.image_shape
    dim = run.latent_dim
    order = ", ".join(f"{i} ({kl:.2f})" for i, kl in sorted(enumerate(run.kl), key=lambda p: -p[1]))
    crop, color = (markdown_text(str(part)) for part in (config.data.crop, config.data.color))
    return f"""# {config.training.objective}, beta {beta_text(config.beta)}, seed {config.seed}

Trained by unknot on {markdown_code(Path(config.data.source).name)} (images with the fingerprint
{markdown_text(run.files.read_images().fingerprint)}).

- `{ENCODER}`: `pixels`, float32 in [0, 1], (batch, {channels}, {height}, {width}) ->
  `{POSTERIOR[0]}` and `{POSTERIOR[1]}`, (batch, {dim}) each.
- `{DECODER}`: `z`, float32, (batch, {dim}) -> expected `pixels` in [0, 1].

The standardization of the pixels is inside both. Images must be prepared as those of the training
were: size {config.data.size}, crop {crop}, color {color}.

On {test.num_images:,} test images: distortion {test.distortion:.1f}, rate {test.rate:.2f} nats
per image. Latents by their rate in nats: {order}. A latent near 0 carries nothing.

What a latent means is known only as far as the experiment's evidence goes; a model like this
repeats whatever is unbalanced in its images.

{markdown_block(to_toml(config), "toml")}
"""
