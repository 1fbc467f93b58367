"""The commands that train: `compare` and `train`."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from unknot.cli.common import Common, load, print_scales
from unknot.config import DataConfig, ExperimentConfig, ModelConfig, TrainingConfig
from unknot.errors import UserError

if TYPE_CHECKING:
    from unknot.data.image_set import ImageSet
    from unknot.experiment import Experiment


@dataclass(frozen=True)
class Execution:
    """Where and how it runs."""

    out: Path | None = None
    """The folder for the results; by default one below `runs`, named after the data."""
    config: Path | None = None
    """A TOML file with any of these options; what is typed wins."""
    device: str = "auto"
    """cpu, cuda, mps, or auto."""


@dataclass(frozen=True)
class CompareOptions:
    """Train every beta and seed, and write the report: the main job."""

    experiment: ExperimentConfig = field(default_factory=ExperimentConfig)
    execution: Execution = field(default_factory=Execution)
    workers: int | None = None
    """Processes at a time; one per core by default, one on a GPU."""
    together: int = 1
    """Runs that each process trains as one batched program; for a GPU."""
    engine: str = "local"
    """Where the runs are executed."""
    guided: tyro.conf.FlagCreatePairsOff[bool] = False
    """Take the betas that `unknot guide` proposes; `--betas auto` does the same."""
    common: Common = field(default_factory=Common)


class RunsFailedError(UserError):
    """Some runs did not finish; the others did, and the report is written.

    Args:
        text: what to show of the experiment all the same.
        document: likewise, for JSON.
        crashed: the runs that ended by a fault of ours.
    """

    def __init__(self, text: str, document: dict[str, Any], crashed: list[str]) -> None:
        self.text, self.document, self.crashed = text, document, crashed
        num, of = len(document["failures"]), len(document["failures"]) + len(document["runs"])
        super().__init__(f"{num} of {of} runs failed; the same command tries them again")


def compare_command(options: CompareOptions) -> tuple[str, Any]:
    """Train every beta and seed."""
    from unknot.comparison import default_folder, run_experiment
    from unknot.planning import proposed_betas
    from unknot.progress import Steps
    from unknot.worker import is_done

    config, common = options.experiment, options.common
    images = load(config.data, common)
    if options.guided:
        config = replace(config, betas=proposed_betas(config, images))
    folder = options.execution.out or default_folder(config)
    finished = all(is_done(folder / run.name) for run in config.runs())
    if not (finished or common.json):
        _announce(config, images, folder)
    with Steps(common.quiet or common.json).shown() as steps:
        experiment = run_experiment(
            config,
            images,
            folder,
            workers=options.workers,
            together=options.together,
            device=options.execution.device,
            engine=options.engine,
            on_progress=lambda runs: steps.show([(r.name, r.step, r.steps) for r in runs]),
        )
    text, document = _told(experiment, finished)
    if document["failures"]:
        raise RunsFailedError(text, document, experiment.crashed())
    return text, document


def _announce(config: ExperimentConfig, images: "ImageSet", folder: Path) -> None:
    """Say what is about to be trained, and whether its betas can matter."""
    from unknot.planning import guide_for

    print(f"{images}; {len(config.runs())} runs in {folder}")
    print_scales(config, images.image_shape)
    found, _ = guide_for(config, images)
    warning = found.warning(config.betas) if found else ""
    if warning:
        print(f"note: {warning}")


def _told(experiment: "Experiment", was_finished: bool) -> tuple[str, dict[str, Any]]:
    """What came of an experiment, in words and as a document."""
    from unknot import describe
    from unknot.answers import betas_table, verdict_text
    from unknot.experiment import EVIDENCE, REPORT
    from unknot.figures.animations import available_format

    folder, failures = experiment.folder, experiment.failures()
    evidence = experiment.noted_evidence()
    lines = [describe.run_line(run) for run in experiment.runs()]
    for name, why in failures.items():
        lines.append(f"{name} failed: {why} (log: {folder / name / 'log.txt'})")
    _, note = available_format("avif")
    notes = {note, *(run.evaluation.get("note", "") for run in experiment.runs())}
    lines += sorted(notes - {"", None})
    if was_finished:
        lines.append(f"every run in {folder} was finished already; nothing was trained")
    if evidence:
        lines += ["", verdict_text(evidence), "", betas_table(evidence["betas"]), ""]
        lines.append(f"what each latent does: unknot evaluate {folder} --evidence-only")
    lines.append(f"report: {folder / REPORT}")
    return "\n".join(lines), {
        "folder": str(folder),
        "report": str(folder / REPORT),
        "evidence": str(folder / EVIDENCE) if evidence else None,
        "verdict": evidence["verdict"] if evidence else None,
        "runs": {run.folder.name: run.evaluation for run in experiment.runs()},
        "failures": failures,
    }


@dataclass(frozen=True)
class TrainOptions:
    """Train one run."""

    data: DataConfig = field(default_factory=DataConfig)
    beta: float = 1.0
    """Weight of the rate."""
    seed: int = 0
    """From which every random number is derived."""
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    execution: Execution = field(default_factory=Execution)
    common: Common = field(default_factory=Common)


def train_command(options: TrainOptions) -> tuple[str, Any]:
    """Train one run."""
    config = ExperimentConfig(
        (options.beta,), (options.seed,), options.data, options.model, options.training
    )
    images = load(options.data, options.common)
    from unknot import describe
    from unknot.comparison import default_run_folder, train_run
    from unknot.progress import Steps
    from unknot.worker import is_done

    if not options.common.json:
        print_scales(config, images.image_shape)
    name = config.runs()[0].name
    finished = is_done(options.execution.out or default_run_folder(config))
    with Steps(options.common.quiet or options.common.json).shown() as steps:
        run = train_run(
            config,
            images,
            options.execution.out,
            device=options.execution.device,
            on_step=lambda step, of: steps.show([(name, step, of)]),
        )
    note = run.evaluation.get("note")
    text = "\n".join(filter(None, [describe.run_line(run), note, f"run: {run.folder}"]))
    if finished:
        text = f"{run.folder} was finished already; nothing was trained\n{text}"
    return text, {"folder": str(run.folder), "evaluation": run.evaluation}
