"""How a run shows itself: a line for a terminal, a table with its traversals for a notebook."""

import html

from unknot.common.errors import UserError
from unknot.config.run import RunConfig
from unknot.metrics.posterior import MIN_POINTS
from unknot.runs.evaluation import Evaluation
from unknot.runs.folder import RunFolder
from unknot.runs.pictures import picture_address
from unknot.runs.plain_text import legible


def run_text(files: RunFolder, config: RunConfig) -> str:
    """Sum a run up in a line, as far as its folder tells.

    Args:
        files: its folder.
        config: its description.
    """
    (knob, strength), (_, seed), *facts = run_facts(files, config).items()
    parts = [f"{name} {value}" for name, value in facts]
    return legible(f"Run with {knob} {strength}, seed {seed} in {files.path}: {', '.join(parts)}")


def run_html(files: RunFolder, config: RunConfig) -> str:
    """Show a run in a notebook, as far as its folder tells: facts, and its traversals.

    Args:
        files: its folder.
        config: its description.
    """
    facts = {**run_facts(files, config), "folder": str(files.path)}
    image = ""
    try:
        if files.traversals.exists():
            picture = picture_address(files.traversals, within=files.path)
            image = (
                f'<img src="{picture}" alt="A row for each latent, which moves from left to right" '
                'style="max-width: 100%">'
            )
    except UserError as error:
        facts["traversals"] = f"not shown ({error})"
    rows = "".join(
        f"<tr><th style='text-align: left'>{html.escape(name)}</th>"
        f"<td style='text-align: left'>{html.escape(legible(value))}</td></tr>"
        for name, value in facts.items()
    )
    return f"<table>{rows}</table>{image}"


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
