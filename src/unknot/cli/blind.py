"""The command that puts the answers of several readers to the blind test together."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro

from unknot.cli.options import OutputOptions
from unknot.common.errors import UserError

BlindCodes = Annotated[
    list[str],
    tyro.conf.Positional,
    tyro.conf.arg(
        help="What the page gives at the end of a blind test: a code, or the link that ends in it.",
        metavar="CODE [CODE ...]",
        help_behavior_hint="(required)",
    ),
]


@dataclass(frozen=True)
class BlindOptions:
    """Put the answers of several readers to the page's blind test together.

    The page gives each reader a code, or a link that ends in it. Every reader's first attempt
    counts once; repeats are listed apart.

    Example: unknot blind runs/demo AQCtSG7__s4... AQCtSG7__s4...
    """

    experiment: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="EXPERIMENT")]
    """Folder of the experiment."""
    codes: BlindCodes
    output: OutputOptions = field(default_factory=OutputOptions)


def blind_command(options: BlindOptions) -> tuple[str, Any]:
    """Put the answers of several readers together."""
    from unknot.config.parts import CUSTOM
    from unknot.experiments.experiment import Experiment
    from unknot.report.blind.experiment import blind_seed
    from unknot.report.blind.readers import pool_codes, pooled_text

    experiment = Experiment(options.experiment)
    if not options.codes:
        raise UserError("no code is given; the page shows one at the end of its blind test")
    if experiment.config.model.network == CUSTOM:
        raise UserError(
            f"{experiment.folder} has a network of your own; from Python: unknot.report.blind."
            "readers.pool_codes(codes, Experiment(folder, networks=...).runs(), seed of plan.json)"
        )
    runs = experiment.runs()
    if not runs:
        raise UserError(f"{experiment.folder} holds no finished run; run its command again first")
    pooled = pool_codes(options.codes, runs, blind_seed(experiment.files))
    return pooled_text(pooled), pooled.as_dict()
