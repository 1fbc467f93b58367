"""How a run shows itself: a line for a terminal, a table with its traversals for a notebook."""

import html
import io
from base64 import b64encode
from pathlib import Path

from PIL import Image

from unknot.common.errors import UserError
from unknot.common.text import shown
from unknot.config.run import RunConfig
from unknot.metrics.posterior import MIN_POINTS
from unknot.runs.evaluation import Evaluation
from unknot.runs.folder import RunFolder


def run_text(files: RunFolder, config: RunConfig) -> str:
    """Sum a run up in a line, as far as its folder tells.

    Args:
        files: its folder.
        config: its description.
    """
    (knob, strength), (_, seed), *facts = run_facts(files, config).items()
    parts = [f"{name} {value}" for name, value in facts]
    return shown(f"Run with {knob} {strength}, seed {seed} in {files.path}: {', '.join(parts)}")


def run_html(files: RunFolder, config: RunConfig) -> str:
    """Show a run in a notebook, as far as its folder tells: facts, and its traversals.

    Args:
        files: its folder.
        config: its description.
    """
    facts = {**run_facts(files, config), "folder": str(files.path)}
    rows = "".join(
        f"<tr><th style='text-align: left'>{html.escape(name)}</th>"
        f"<td style='text-align: left'>{html.escape(shown(value))}</td></tr>"
        for name, value in facts.items()
    )
    picture = picture_address(files.traversals)
    image = (
        f'<img src="{picture}" alt="A row for each latent, which moves from left to right" '
        'style="max-width: 100%">'
    )
    return f"<table>{rows}</table>{image if picture else ''}"


def run_facts(files: RunFolder, config: RunConfig) -> dict[str, str]:
    """Name what is known of a run: beta or objective and strength, seed, and its evaluation.

    Args:
        files: its folder.
        config: its description.
    """
    knob, strength = config.setting.split(" ")
    facts = {knob: strength, "seed": str(config.seed)}
    try:
        evaluation = Evaluation.load(files.evaluation, config)
    except (UserError, OSError) as error:
        return facts | {"evaluation": f"cannot be read ({error})"}
    facts |= {
        "distortion": f"{evaluation.test.distortion:,.1f} nats per image",
        "rate": f"{evaluation.test.rate:.2f} nats per image",
    }
    scores = evaluation.scores
    if scores and scores.num_images >= MIN_POINTS:  # with fewer, active latents are not known
        facts["active latents"] = f"{len(scores.active_latents)} of {config.model.latent_dim}"
    return facts


def picture_address(path: Path) -> str:
    """Draw a PNG anew as a data address; empty where there is none, or no picture in it."""
    drawn = io.BytesIO()
    try:
        with Image.open(path, formats=("PNG",)) as picture:
            picture.convert("RGB").save(drawn, "PNG")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):  # as Pillow refuses
        return ""
    return f"data:image/png;base64,{b64encode(drawn.getvalue()).decode()}"
