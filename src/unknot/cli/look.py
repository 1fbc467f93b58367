"""The command that shows one latent: its card in the browser, and what it does in a sentence."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from unknot.cli.common import check_is_run
from unknot.cli.inspect import RunPath
from unknot.cli.options import Flag, OutputOptions
from unknot.common.errors import UserError

if TYPE_CHECKING:
    from unknot.experiments.experiment import Experiment
    from unknot.runs.run import Run

NO_BROWSER = "no browser could be opened here; open this address in yours"


@dataclass(frozen=True)
class LatentOptions:
    """Show what one latent of a run does: its card in the browser, and a sentence here.

    Example: unknot latent runs/demo/beta-1_seed-0 3
    """

    run: RunPath
    latent: Annotated[int, tyro.conf.Positional, tyro.conf.arg(metavar="LATENT")]
    """Number of the latent, from 0."""
    no_open: Flag = False
    """Print the card's address and open no browser."""
    output: OutputOptions = field(default_factory=OutputOptions)


def latent_command(options: LatentOptions) -> tuple[str, Any]:
    """Show what one latent of a run does."""
    from unknot.experiments.watch import open_in_browser
    from unknot.report.latent_pairs import card_address
    from unknot.report.text import run_title
    from unknot.runs.run import Run

    check_is_run(options.run, f"latent RUN {options.latent}")
    run, latent = Run(options.run.resolve()), options.latent
    if not 0 <= latent < run.latent_dim:
        raise UserError(f"latent {latent}: this run has latents 0 to {run.latent_dim - 1}")
    experiment = _experiment_of(run)
    sentence = _sentence(run, latent, experiment)
    address = f"{_page(run, experiment).as_uri()}#{card_address(run.name, latent)}"
    lines = [f"latent {latent} of {run_title(run.config)}: {sentence}", address]
    if not options.no_open and not open_in_browser(address):
        lines.insert(1, NO_BROWSER)
    document = {"run": run.name, "latent": latent, "sentence": sentence, "address": address}
    return "\n".join(lines), document


def _experiment_of(run: "Run") -> "Experiment | None":
    """The experiment that a run belongs to; None if it was trained alone."""
    from unknot.experiments.experiment import Experiment
    from unknot.runs.experiment_folder import ExperimentFolder

    if not ExperimentFolder(run.folder.parent).is_experiment:
        return None
    experiment = Experiment(run.folder.parent)
    is_part = run.name in [finished.name for finished in experiment.runs()]
    return experiment if is_part else None


def _page(run: "Run", experiment: "Experiment | None") -> Path:
    """The page that holds the run's cards, written where this user has not yet written it."""
    from unknot.report.page import write_run_report
    from unknot.report.up_to_date import is_written_here

    if experiment is None:
        return write_run_report(run)
    page = experiment.files.report
    if is_written_here(page) and f'data-cards="{run.name}"' in page.read_text(encoding="utf-8"):
        return page
    return experiment.report()


def _sentence(run: "Run", latent: int, experiment: "Experiment | None") -> str:
    """Say what a latent does, or why that is not known."""
    from unknot.evidence.run_evidence import posteriors_of
    from unknot.report.latent_text import collapsed_text, latent_sentences
    from unknot.report.sections.cards import NO_EXPERIMENT
    from unknot.runs.held_out import HeldOutCodes

    if latent not in posteriors_of(run, HeldOutCodes.load(run.files)).active:
        return collapsed_text([latent])
    if experiment is None:
        return f"which labels explain it is not known: {NO_EXPERIMENT}"
    evidence = experiment.saved_evidence()
    if evidence is None:
        return f"not asked yet; unknot evidence {experiment.folder} does"
    return str(latent_sentences(evidence.runs[run.name], latent))
