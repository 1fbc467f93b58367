"""An experiment's runs and evidence -> its page: the sections in their order, in one HTML file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from unknot.common.files import write_text
from unknot.config.experiment import ExperimentConfig
from unknot.evidence.evidence import Evidence
from unknot.report.detailed_runs import chosen_cells, detailed_runs
from unknot.report.render import Piece, render_page, render_piece
from unknot.report.script_data import empty_script_data, script_data
from unknot.report.sections import SECTIONS, SERVED, LeftOut, ReportContext, find_section
from unknot.report.text import run_title
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.run import Run

RUN_SECTIONS = ("explorer", "cards")
"""What the page of a lone run holds."""


def write_report(
    files: ExperimentFolder,
    config: ExperimentConfig,
    runs: Sequence[Run],
    failures: Mapping[str, str],
    evidence: Evidence | None,
    *,
    wasm: bool = True,
) -> None:
    """Write the page of an experiment to `files.report`.

    Args:
        files: the experiment's folder.
        config: the experiment's description.
        runs: those that are finished.
        failures: name of each run that is not finished -> the reason.
        evidence: of these runs; None where there is none.
        wasm: let the page compile WebAssembly.

    Raises:
        UserError: if a file of the experiment is damaged.
    """
    context = report_context(files, config, runs, failures, evidence)
    write_text(files.report, page_html(context, wasm=wasm))


def report_context(
    files: ExperimentFolder,
    config: ExperimentConfig,
    runs: Sequence[Run],
    failures: Mapping[str, str],
    evidence: Evidence | None,
) -> ReportContext:
    """Gather all that the sections may show; the arguments are those of `write_report`."""
    detailed = detailed_runs([run.config for run in runs], chosen_cells(config, evidence))
    return ReportContext(
        files=files,
        config=config,
        runs=runs,
        failures=failures,
        evidence=evidence,
        environment=files.read_environment(),
        script_data=script_data(runs, evidence, detailed),
        left_out={},
        detailed=detailed,
    )


def page_html(context: ReportContext, *, wasm: bool = True, served: bool = False) -> str:
    """Give the page as text.

    Args:
        context: of the experiment.
        wasm: let the page compile WebAssembly.
        served: put the sections of `SERVED` above the others, as far as there is anything for them
            to show; a page without them is the one that `write_report` writes.
    """
    above = compose(context, SERVED) if served else []
    data = context.script_data or (empty_script_data() if above else None)
    pieces = [*above, *compose(context)]
    return render_page(page_title(context), pieces, data, wasm=wasm, connected=bool(above))


def write_run_report(run: Run) -> Path:
    """Write a page of one run that lies in no experiment into its folder.

    Args:
        run: trained.

    Returns:
        The page's file.

    Raises:
        UserError: if a file of the run is damaged.
    """
    config = run.config
    context = ReportContext(
        files=ExperimentFolder(run.folder),
        config=ExperimentConfig(
            betas=(config.beta,),
            seeds=(config.seed,),
            data=config.data,
            model=config.model,
            training=config.training,
        ),
        runs=[run],
        failures={},
        evidence=None,
        environment={},
        script_data=script_data([run], None),
        left_out={},
    )
    title = f"{run_title(config)} on {Path(config.data.source).name}"
    html = render_page(title, compose(context, RUN_SECTIONS), context.script_data)
    write_text(run.files.report, html)
    return run.files.report


def compose(context: ReportContext, names: Iterable[str] = SECTIONS) -> list[Piece]:
    """Fill every section that has what it needs.

    Args:
        context: each section gets it with the names of those before it that are left out.
        names: of the sections, in their order.
    """
    pieces: list[Piece] = []
    left_out = dict(context.left_out)
    for name in names:
        section = find_section(name)(replace(context, left_out=dict(left_out)))
        if isinstance(section, LeftOut):
            left_out |= {name: section.reason} if section.reason else {}
        else:
            pieces.append(render_piece(name, section))
    return pieces


def page_title(context: ReportContext) -> str:
    """Say in few words what was compared on what."""
    config = context.config
    num_betas, num_objectives = len(config.betas), len(config.objectives)
    source = Path(context.environment["data"]["source"]).name
    if num_objectives > 1:
        return f"{num_objectives} objectives on {source}"
    return f"{num_betas} beta{'s' * (num_betas > 1)} on {source}"
