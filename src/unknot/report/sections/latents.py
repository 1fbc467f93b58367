"""What each latent of a run does: a line each, and a map of latents beside labels."""

from collections.abc import Sequence
from dataclasses import dataclass

from unknot.config import beta_text
from unknot.evidence.latent_labels import GO_TOGETHER, LatentLabels
from unknot.evidence.run_evidence import RunEvidence
from unknot.report.latent_text import latent_lines
from unknot.report.sections import NO_EVIDENCE, NO_RUN, LeftOut, ReportContext
from unknot.report.text import MAX_RUNS, more_runs_text

MAX_PAIRS = 12  # of labels that go together
BLUE, ORANGE = "50, 110, 210", "230, 130, 40"


@dataclass(frozen=True)
class Cell:
    """One latent beside one label.

    Attributes:
        title: its numbers, for a hover.
        color: of CSS; the stronger the effect, the less transparent.
        passed: whether the pair passed the test.
    """

    title: str
    color: str
    passed: bool


@dataclass(frozen=True)
class LatentRow:
    """One latent beside every label.

    Attributes:
        name: of the latent.
        cells: one for each label.
    """

    name: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class LabelTable:
    """The latents of one run beside labels of one kind.

    Attributes:
        title: which kind.
        label_names: a column each.
        rows: one for each active latent.
        correlated: labels that go together, in words.
    """

    title: str
    label_names: Sequence[str]
    rows: Sequence[LatentRow]
    correlated: str


@dataclass(frozen=True)
class LatentMap:
    """The latents of one run.

    Attributes:
        title: which run.
        lines: a sentence for each latent.
        tables: one for given labels and one for those computed from the pixels.
    """

    title: str
    lines: Sequence[str]
    tables: Sequence[LabelTable]


@dataclass(frozen=True)
class LatentMaps:
    """The latents of the first runs.

    Attributes:
        maps: one for each run.
        others: how many runs have none, in words.
    """

    maps: Sequence[LatentMap]
    others: str


def latents(context: ReportContext) -> LatentMaps | LeftOut:
    """Say and draw what each latent of the first runs does."""
    if context.evidence is None:
        return LeftOut(NO_EVIDENCE)
    runs = context.evidence.runs
    names = [config.name for config in context.config.runs() if config.name in runs]
    if not names:
        return LeftOut(NO_RUN)
    maps = [latent_map(runs[name]) for name in names[:MAX_RUNS]]
    return LatentMaps(maps, more_runs_text(len(context.runs)))


def latent_map(run: RunEvidence) -> LatentMap:
    """Draw the active latents of one run beside every label."""
    kinds = {"Labels": run.labels, "Computed from the pixels": run.properties}
    return LatentMap(
        title=f"beta {beta_text(run.beta)}, seed {run.seed}",
        lines=latent_lines(run),
        tables=[
            LabelTable(title, labels.label_names, _rows(labels), _correlated(labels))
            for title, labels in kinds.items()
            if labels
        ],
    )


def _rows(labels: LatentLabels) -> list[LatentRow]:
    columns = range(len(labels.label_names))
    return [
        LatentRow(f"latent {latent}", [_cell(labels, latent, label) for label in columns])
        for latent in range(len(labels.active))
        if labels.active[latent]
    ]


def _cell(labels: LatentLabels, latent: int, label: int) -> Cell:
    size, (low, high) = labels.effect[latent, label], labels.interval[latent, label]
    r2, p_value = labels.r2[latent, label], labels.p_value[latent, label]
    kind, strength = "share of its information", size
    if labels.binary[label]:
        kind, strength = "AUROC", 2 * size - 1
    hue = ORANGE if labels.sign[latent, label] < 0 else BLUE
    opacity = min(1.0, max(0.0, strength)) ** 0.5  # weak ones show too
    return Cell(
        title=(
            f"latent {latent}, {labels.label_names[label]}: {kind} {size:.2f} ({low:.2f} to "
            f"{high:.2f}), R2 {r2:.2f}, p {p_value:.3f}"
        ),
        color=f"rgba({hue}, {opacity:.2f})",
        passed=bool(labels.significant[latent, label]),
    )


def _correlated(labels: LatentLabels) -> str:
    """The strongest correlations among the labels, in words."""
    names, table = labels.label_names, labels.correlation
    pairs = [
        (abs(table[i, j]), f"{names[j]} and {names[i]} ({table[i, j]:+.2f})")
        for i in range(len(names))
        for j in range(i)
        if abs(table[i, j]) >= GO_TOGETHER
    ]
    return ", ".join(text for _, text in sorted(pairs, reverse=True)[:MAX_PAIRS])
