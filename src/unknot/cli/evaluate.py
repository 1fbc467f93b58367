"""The commands that score the codes of runs and ask what latents do: `evaluate`, `evidence`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from unknot.cli.common import check_is_run, load, same_preparation
from unknot.cli.options import Flag, OutputOptions
from unknot.cli.paths import check_input_file
from unknot.common.errors import UserError
from unknot.common.machine import num_cores
from unknot.config.checks import check_processes

if TYPE_CHECKING:
    from unknot.experiments.experiment import Experiment
    from unknot.metrics.settings import NullSettings
    from unknot.runs.evaluation import CodeScores
    from unknot.runs.run import Run

Runs = Annotated[
    list[Path],
    tyro.conf.Positional,
    tyro.conf.arg(
        metavar="RUN",
        help="Folders of runs, or of experiments, all of whose runs are scored.",
        help_behavior_hint="(one or more)",
    ),
]
ExperimentPath = Annotated[
    Path,
    tyro.conf.Positional,
    tyro.conf.arg(metavar="EXPERIMENT", help="Folder of an experiment, or of one run."),
]
LaterLabels = Annotated[
    Path | None,
    tyro.conf.arg(
        help="Labels in the place of those that the images have: a csv, tsv, jsonl or parquet with "
        "a row for each image. The answers then count as hints, since this was not planned.",
        metavar="FILE",
        help_behavior_hint="(default: the images' own, or those given before)",
    ),
]

LabelColumns = Annotated[
    tuple[str, ...],
    tyro.conf.arg(
        help="Columns of the table to take as labels.",
        help_behavior_hint="(default: all that can be labels)",
    ),
]
OtherImages = Annotated[
    str | None,
    tyro.conf.arg(
        help="Score the codes of these images.",
        metavar="DATA",
        help_behavior_hint="(default: the run's own test images)",
    ),
]
Workers = Annotated[
    int | None,
    tyro.conf.arg(
        help="Processes; they change the time only.",
        metavar="INT",
        help_behavior_hint="(default: one per core)",
    ),
]


@dataclass(frozen=True)
class NullOptions:
    """How many random draws there are, for comparisons with chance and for intervals."""

    permutations: int = 100
    """How often the labels are shuffled, to see what chance scores; 0 for never."""
    rotations: int = 100
    """How many random mixes (rotations) of the latents are scored beside them; 0 for none."""
    subsamples: int = 100
    """Random parts of the images from which each interval is computed; 0 for no intervals."""
    max_points: int = 2000
    """Images in each draw, at most; 100 or more."""
    workers: Workers = None
    seed: int = 0
    """Seed of all random choices."""

    def num_processes(self) -> int:
        """Say how many processes there will be.

        Raises:
            UserError: if the memory does not hold so many.
        """
        if self.workers is None:
            return num_cores()
        check_processes(self.workers)
        return self.workers

    def settings(self) -> "NullSettings":
        """Check the numbers of draws.

        Raises:
            UserError: names the first that cannot be.
        """
        from unknot.metrics.settings import NullSettings

        return NullSettings(
            permutations=self.permutations,
            rotations=self.rotations,
            subsamples=self.subsamples,
            max_points=self.max_points,
        )


@dataclass(frozen=True)
class EvaluateOptions:
    """Score the codes of runs, or of all runs of an experiment, in full.

    Example: unknot evaluate runs/demo/beta-1_seed-0
    """

    runs: Runs
    data: OtherImages = None
    nulls: NullOptions = field(default_factory=NullOptions)
    output: OutputOptions = field(default_factory=OutputOptions)


def evaluate_command(options: EvaluateOptions) -> tuple[str, Any]:
    """Score the codes of runs in full."""
    from unknot.common.progress import announced

    if not options.runs:
        raise UserError("no RUN is given; give folders of runs, or of experiments")
    with announced(options.output.hides_progress, "opening the runs"):
        runs, experiments = _open(options.runs)
    if not runs:
        raise UserError(f"{options.runs[0]} holds no finished run; run its command again first")
    parts, document = [], {}
    for run in runs:
        scored = _score(run, options)
        parts += [_run_text(run, scored), ""]
        document[str(run.folder)] = scored.as_dict()
    parts.append("evaluation.json in each folder holds all of it")
    for experiment in experiments:
        experiment.report()
        parts.append(f"what each latent does: unknot evidence {experiment.folder}")
    return "\n".join(parts), document


def _open(paths: Sequence[Path]) -> "tuple[list[Run], list[Experiment]]":
    """Open every run that is named, and those of every experiment."""
    from unknot.experiments.experiment import Experiment
    from unknot.runs.experiment_folder import ExperimentFolder
    from unknot.runs.run import Run

    runs: list[Run] = []
    experiments: list[Experiment] = []
    for path in paths:
        if ExperimentFolder(path).is_experiment:
            experiments.append(Experiment(path))
            runs += experiments[-1].runs()
        else:
            check_is_run(path, "evaluate RUN")
            runs.append(Run(path))
    return runs, experiments


def _score(run: "Run", options: EvaluateOptions) -> "CodeScores":
    """Compute every score of one run."""
    from unknot.experiments.display.bars import named_progress
    from unknot.runs.scores import score_run

    nulls, output, images = options.nulls, options.output, None
    if options.data:
        images = load(same_preparation(run, options.data), output)
    with named_progress(output.hides_progress, lambda what: f"{what} codes") as progress:
        return score_run(
            run,
            images,
            nulls=nulls.settings(),
            seed=nulls.seed,
            workers=nulls.num_processes(),
            progress=progress,
        )


def _run_text(run: "Run", scored: "CodeScores") -> str:
    from unknot.report.text import run_line, scores_table

    active = ", ".join(map(str, scored.active_latents)) or "none"
    lines = [str(run.folder), run_line(run)]
    lines.append(f"{len(scored.active_latents)} latents active: {active}")
    if scored.marginal_kl:
        lines.append(
            f"{scored.marginal_kl['total']:.2f} nats between all codes together and the prior"
        )
    if scored.scores:
        lines += ["", scores_table(scored.scores)]
    else:
        lines.append(f"no scores: {scored.problem}")
    return "\n".join(lines)


@dataclass(frozen=True)
class EvidenceOptions:
    """Answer four questions about an experiment, or the first two about one run.

    What does each latent do? Are the latents special, or would a random mix of them do as well? Did
    a higher beta do it? Which beta should I take?

    Example: unknot evidence runs/demo
    """

    experiment: ExperimentPath
    labels: LaterLabels = None
    label_columns: LabelColumns = ()
    no_computed_labels: Flag = False
    """Leave out figures computed from the pixels (brightness, light, color)."""
    output: OutputOptions = field(default_factory=OutputOptions)


def evidence_command(options: EvidenceOptions) -> tuple[str, Any]:
    """Collect an experiment's evidence again, and write its page; or ask one run."""
    from unknot.common.progress import announced
    from unknot.experiments.display.bars import named_progress

    path = options.experiment
    if options.labels:
        check_input_file("labels", options.labels)
    with announced(options.output.hides_progress, "opening the runs"):
        from unknot.config.parts import CUSTOM
        from unknot.experiments.experiment import Experiment
        from unknot.report.text import evidence_text
        from unknot.runs.experiment_folder import ExperimentFolder
        from unknot.runs.folder import RunFolder
    if RunFolder(path).config.is_file() and not ExperimentFolder(path).is_experiment:
        return _evidence_of_run(options)
    experiment = Experiment(path)
    if experiment.config.model.network == CUSTOM:
        raise UserError(
            f"{path} has a network of your own; from Python: "
            "Experiment(folder, networks=...).evidence()"
        )
    with named_progress(options.output.hides_progress, lambda what: f"{what} of runs") as progress:
        evidence = experiment.evidence(
            labels=options.labels,
            label_columns=options.label_columns,
            computed_labels=False if options.no_computed_labels else None,
            progress=progress,
        )
    experiment.report()
    text = f"{evidence_text(evidence)}\n\n{experiment.files.evidence} holds all of it"
    return text, evidence.as_dict()


def _evidence_of_run(options: EvidenceOptions) -> tuple[str, Any]:
    """Ask one run what can be asked of one run; nothing is written."""
    from unknot.data.given_labels import with_given_labels
    from unknot.evidence.single_run import evidence_of_run
    from unknot.experiments.display.bars import named_progress
    from unknot.report.text import run_evidence_text
    from unknot.runs.run import Run

    run = Run(options.experiment)
    images = run.files.open_images()
    if options.labels:
        images, _ = with_given_labels(images, options.labels, options.label_columns)
    with named_progress(options.output.hides_progress, "{} of the run".format) as progress:
        evidence = evidence_of_run(
            run,
            images,
            with_computed_labels=not options.no_computed_labels,
            progress=progress,
        )
    return run_evidence_text(evidence), evidence.as_dict()
