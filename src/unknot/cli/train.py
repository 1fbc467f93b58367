"""The commands that train, and what comes before: `compare`, `train`, `suggest-betas`."""

from collections.abc import Callable
from dataclasses import field, make_dataclass, replace
from math import prod
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from unknot.cli.common import load, say
from unknot.cli.options import (
    DATA,
    CompareOptions,
    ImageOptions,
    OutputOptions,
    TrainOptions,
    config_from_options,
    data_config,
    execution_config,
    group,
    option,
    pick,
)
from unknot.cli.paths import check_output_folder
from unknot.cli.watch import live_page
from unknot.common.errors import RunsFailedError, UserError
from unknot.common.plugins import check_choice
from unknot.common.ranks import check_is_alone, is_follower
from unknot.config.execution import ExecutionConfig
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import ModelConfig
from unknot.config.run import RunConfig, beta_text
from unknot.experiments.engines import ENGINES, HERE, no_queue_text

if TYPE_CHECKING:
    from unknot.data.image_set import ImageSet
    from unknot.evidence.evidence import Evidence
    from unknot.experiments.experiment import Experiment
    from unknot.runs.experiment_folder import ExperimentFolder
    from unknot.runs.folder import RunFolder

__all__ = ["CompareOptions", "SuggestBetasOptions", "TrainOptions"]


def compare_command(options: Any) -> tuple[str, Any]:
    """Train every beta and seed."""
    if options.execution.detach:
        return _compare_detached(options)
    if options.open:
        with live_page(options.output) as page:
            experiment, was_finished = _compare(options, page.open)
            text, document = experiment_summary(experiment, was_finished)
            text = page.stay(text)
    else:
        experiment, was_finished = _compare(options)
        text, document = experiment_summary(experiment, was_finished)
    failures = document["failures"]
    if failures:
        raise RunsFailedError(
            text,
            document,
            failures=failures,
            num_runs=len(experiment.config.runs()),
            has_crashed=bool(experiment.crashed_runs()),
        )
    return text, document


def _compare_detached(options: Any) -> tuple[str, Any]:
    """Leave every run to a cluster; what was finished before is told as ever."""
    if options.open:
        raise UserError(
            "--detach returns at once, --open serves a page until Ctrl-C; leave one out"
        )
    experiment, was_finished = _compare(options)
    if was_finished:
        return experiment_summary(experiment, was_finished)
    path = quote(str(experiment.folder))
    text = f"unknot status {path} says how far they are, unknot cancel {path} stops them"
    return text, {"folder": str(experiment.folder), "report": str(experiment.files.report)}


def _compare(
    options: Any, begun: "Callable[[Experiment], None] | None" = None
) -> "tuple[Experiment, bool]":
    """Train what is not trained yet; gives the experiment, and whether all of it was finished.

    Args:
        options: of the command.
        begun: called with the experiment before the first step.
    """
    from unknot.common.progress import announced
    from unknot.experiments.display.bars import ProgressBars

    check_is_alone()
    config, output = config_from_options(options), options.output
    execution = execution_config(options)
    _check_before_images(config, execution)
    images = load(config.data, output)
    with announced(output.hides_progress, "getting ready to train"):
        from unknot.experiments.compare import run_experiment
        from unknot.experiments.setup import (
            default_folder,
            resolve_config,
            with_suggested_betas,
            with_what_is_there,
        )
        from unknot.runs.experiment_folder import ExperimentFolder
    if options.betas == "auto" and not options.objectives.grid:
        with announced(output.hides_progress, "looking for the betas that can matter"):
            config, note = with_suggested_betas(config, images, execution.out)
        if note and not output.json:
            say(f"note: {note}")
    folder = ExperimentFolder(execution.out or default_folder(config))
    whole = with_what_is_there(resolve_config(config, images), folder)
    was_finished = all(_is_finished(folder.run(run), run) for run in whole.runs())
    if not (was_finished or output.json):
        print_plan(whole, images, folder)
    with ProgressBars(output.hides_progress).shown() as bars:
        experiment = run_experiment(
            config,
            images,
            replace(execution, out=str(folder.path)),
            progress=bars,
            tell=None if output.json else say,
            begun=begun,
        )
    return experiment, was_finished


def _check_before_images(config: ExperimentConfig, execution: ExecutionConfig) -> None:
    """Refuse, before images are prepared, what can be trained on none."""
    if execution.out is not None:
        check_output_folder("out", Path(execution.out))
    check_choice("engine", execution.engine, ENGINES)
    if execution.engine in HERE and execution.detach:
        raise UserError(no_queue_text(repr(execution.engine)))
    from unknot.models.objectives import build_objective
    from unknot.training.footprint import check_memory, least_image_shape

    for row in config.rows():
        build_objective(row.training.objective, row.training.objective_options)

    if execution.engine in HERE:
        check_memory(config, least_image_shape(config.data), execution)


def _is_finished(folder: "RunFolder", run: RunConfig) -> bool:
    """Whether a run has all the steps that are asked for."""
    steps = run.training.part_ends[-1]
    return folder.is_done and folder.read_config().training.part_ends[-1] >= steps


def print_plan(config: ExperimentConfig, images: "ImageSet", folder: "ExperimentFolder") -> None:
    """Say what is about to be trained."""
    from unknot.evidence.answers import counted
    from unknot.evidence.power import power_sentence

    size = "x".join(map(str, images.images.shape[2:]))
    runs = counted(len(config.runs()), "run")
    say(f"{len(images):,} images of {size} pixels; {runs} in {folder.path}")
    for row in config.rows():
        print_scales(row, images.image_shape, knob="its strength" if config.objectives else "beta")
    if len(config.objectives) > 1:
        print(f"plan: {_objectives_plan(len(config.seeds), len(config.objectives))}")
    elif len(config.betas) > 1:
        print(f"plan: {power_sentence(config.looks, len(config.seeds))}")


def _objectives_plan(num_seeds: int, num_objectives: int) -> str:
    """Say whether so many seeds can show a difference between objectives."""
    from unknot.evidence.answers import counted
    from unknot.evidence.objective_comparison import seeds_needed

    needed = seeds_needed(num_objectives)
    seeds = f"objectives are compared at the same rate; {counted(num_seeds, 'seed')} of each"
    if num_seeds >= needed:
        return f"{seeds} can show a difference"
    return f"{seeds} cannot show a difference: that takes {needed} or more"


def print_scales(
    config: ExperimentConfig, image_shape: tuple[int, int, int], knob: str = "beta"
) -> None:
    """Say what each beta is on the scales that others use, or what beta is.

    Args:
        config: of one objective.
        image_shape: channels, height, width.
        knob: what an objective's strength is called.
    """
    from unknot.models.beta_scales import beta_scales
    from unknot.models.objectives import objective_type
    from unknot.report.text import scales_text

    objective = objective_type(config.training.objective)
    if not objective.collapses_by_beta:
        print(f"objective {config.training.objective}: {knob} is {objective.beta_is}")
        return
    sigma = config.model.sigma if config.model.likelihood == "gaussian" else None
    print("betas, and what they are on the scales of other programs and papers:")
    for beta in config.betas:
        scales = beta_scales(
            beta, sigma=sigma, latent_dim=config.model.latent_dim, num_pixels=prod(image_shape)
        )
        print(f"  beta {beta_text(beta):>5}: {scales_text(scales)}")


def experiment_summary(experiment: "Experiment", was_finished: bool) -> tuple[str, dict[str, Any]]:
    """Tell what came of an experiment, in words and as a document."""
    from unknot.report.figures.animations import available_format
    from unknot.report.text import answers_text, betas_table, matched_rate_table, run_line
    from unknot.runs.folder import RunFolder

    files, failures, runs = experiment.files, experiment.failures(), experiment.runs()
    evidence = experiment.saved_evidence()
    lines = [run_line(run) for run in runs]
    for name, reason in failures.items():
        lines.append(f"{name} failed: {reason} (log: {RunFolder(files.path / name).log})")
    _, note = available_format("avif")
    notes = {note, *(run.evaluation.note for run in runs)}
    lines += sorted(filter(None, notes))
    if was_finished:
        lines.append(f"every run in {files.path} was finished already; nothing was trained")
    if evidence:
        matched = matched_rate_table(evidence.matched_rate) if evidence.matched_rate else ""
        lines += ["", answers_text(evidence), *(["", matched] if matched else [])]
        lines += ["", betas_table(evidence), ""]
        lines.append(f"what each latent does: unknot evidence {files.path}")
    lines.append(f"report: {files.report}")
    return "\n".join(lines), {
        "folder": str(files.path),
        "report": str(files.report),
        "evidence": str(files.evidence) if evidence else None,
        "answers": [answer.as_dict() for answer in evidence.answers] if evidence else [],
        **(_objectives_document(evidence) if evidence and evidence.objective_answer else {}),
        "runs": {run.name: run.evaluation.as_dict() for run in runs},
        "failures": failures,
    }


def _objectives_document(evidence: "Evidence") -> dict[str, Any]:
    """Give which objective separates the latents most, and the answers about each."""
    answer = evidence.objective_answer
    return {
        "objective_answer": answer.as_dict() if answer else None,
        "answers_by_objective": {
            name: [each.as_dict() for each in row.answers] for name, row in evidence.rows.items()
        },
    }


def train_command(options: Any) -> tuple[str, Any]:
    """Train one run."""
    from unknot.common.progress import announced
    from unknot.experiments.display.bars import ProgressBars

    config, output = config_from_options(options), options.output
    execution = execution_config(options)
    _check_before_images(config, execution)
    if is_follower():
        return _follow(config, execution.device, output)
    images = load(config.data, output)
    with announced(output.hides_progress, "getting ready to train"):
        from unknot.experiments.setup import default_run_folder
        from unknot.experiments.train import train_run
        from unknot.report.text import run_line
        from unknot.runs.folder import RunFolder
    if not output.json:
        print_scales(config, images.image_shape)
    folder = RunFolder(execution.out or default_run_folder(config))
    (described,) = config.runs()
    was_finished = _is_finished(folder, described)
    with ProgressBars(output.hides_progress).shown() as bars:
        run = train_run(
            config,
            images,
            replace(execution, out=str(folder.path)),
            progress=bars,
            tell=None if output.json else say,
        )
    evaluation = run.evaluation
    lines = [run_line(run), evaluation.note, f"run: {run.folder}"]
    if was_finished:
        lines.insert(0, f"{run.folder} was finished already; nothing was trained")
    document = {"folder": str(run.folder), "evaluation": evaluation.as_dict()}
    return "\n".join(filter(None, lines)), document


def _follow(config: ExperimentConfig, device: str, output: Any) -> tuple[str, Any]:
    """Help the first process of a launcher to train its run; all that there is to say it says."""
    from unknot.experiments.train import follow_leader

    images = load(config.data, replace(output, json=True))
    follow_leader(config, images, device)
    return "", None


LinearModelOptions = group(
    "LinearModelOptions",
    "The model.",
    ModelConfig,
    ("likelihood", "sigma", "standardize"),
)
SuggestBetasOptions = make_dataclass(
    "SuggestBetasOptions",
    [
        DATA,
        option(ExperimentConfig, "betas", metavar="BETA [BETA ...]"),
        option(ModelConfig, "latent_dim"),
        ("images", ImageOptions, field(default_factory=ImageOptions)),
        ("model", LinearModelOptions, field(default_factory=LinearModelOptions)),
        ("output", OutputOptions, field(default_factory=OutputOptions)),
    ],
    frozen=True,
)
SuggestBetasOptions.__doc__ = """Say which betas can matter on these images, before any training.

Example: unknot suggest-betas path/to/images --latent-dim 6
"""


def suggest_betas_command(options: Any) -> tuple[str, Any]:
    """Say which betas can matter."""
    if not all(beta > 0 for beta in options.betas):
        raise UserError(f"betas is {options.betas}; suggest-betas takes numbers above 0")
    model = ModelConfig(**pick(ModelConfig, options, options.model))
    data = data_config(options)
    linear = ExperimentConfig(data=data, model=replace(model, network="linear"))
    _check_before_images(linear, ExecutionConfig())
    images = load(data, options.output)
    from unknot.common.progress import announced

    with announced(options.output.hides_progress, "looking for the betas that can matter"):
        from unknot.evidence.collapse import predict_collapse
        from unknot.report.text import collapse_text

        prediction = predict_collapse(
            images,
            model.latent_dim,
            likelihood=model.likelihood,
            sigma=model.sigma,
            standardize=model.standardize,
        )
    return collapse_text(prediction, options.betas), prediction.as_dict(options.betas)
