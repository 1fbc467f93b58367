"""Latents beside labels: how strongly every label shows in every latent, what belongs together.

`label_map.js` draws one map of given labels and one of labels computed from the pixels, for the
run that is selected. Labels stand with the latent that tells them best, and next to labels that
they correlate with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from unknot.evidence.evidence import Evidence
from unknot.evidence.latent_labels import GO_TOGETHER, LatentLabels
from unknot.report.chart_data import all_rounded
from unknot.report.sections import NO_EVIDENCE, NO_RUN, LeftOut, ReportContext
from unknot.runs.plain_text import shortened

MAX_PAIRS = 12  # of labels that go together
MAX_LABELS = 200  # in a map
GIVEN, COMPUTED = "Your labels", "Computed from the pixels"


@dataclass(frozen=True)
class LabelKind:
    """Labels of one kind.

    Attributes:
        title: which kind.
        correlated: labels that go together, in words.
        left_out: that not all labels are in the map, in a sentence; empty where they are.
    """

    title: str
    correlated: str
    left_out: str


@dataclass(frozen=True)
class LabelMaps:
    """Latents beside labels, of every run.

    Attributes:
        kinds: given labels, computed ones, or both: a map each.
        data: `maps`, for each kind the map of each run by name; None for a run that has none.
    """

    kinds: Sequence[LabelKind]
    data: Mapping[str, Any]


def label_map(context: ReportContext) -> LabelMaps | LeftOut:
    """Give the effect of every label on every active latent of every run."""
    if context.evidence is None:
        return LeftOut(NO_EVIDENCE)
    runs = {run.name: context.evidence.runs.get(run.name) for run in context.runs}
    if not any(runs.values()):
        return LeftOut(NO_RUN)
    by_kind = {
        GIVEN: {name: run.labels if run else None for name, run in runs.items()},
        COMPUTED: {name: run.properties if run else None for name, run in runs.items()},
    }
    by_kind = {title: tables for title, tables in by_kind.items() if any(tables.values())}
    if not by_kind:
        return LeftOut(_why_no_labels(context.evidence))
    kinds = [_kind(title, tables) for title, tables in by_kind.items()]
    maps = [
        {name: sorted_map(table) if table else None for name, table in tables.items()}
        for tables in by_kind.values()
    ]
    return LabelMaps(kinds=kinds, data={"maps": maps})


def _why_no_labels(evidence: Evidence) -> str:
    """The reason, of several objectives that of the first that has one."""
    rows = evidence.rows.values() or [evidence]
    reasons = [row.not_available["labels"] for row in rows if "labels" in row.not_available]
    return next(iter(reasons), "there are no labels")


def sorted_map(labels: LatentLabels) -> dict[str, Any]:
    """Sort a run's latents and labels so that what belongs together stands together.

    The latent with the strongest effect comes first. Each label stands with the latent that tells
    it best among those that pass the test, labels that correlate side by side; labels that no
    latent tells come last.

    Args:
        labels: of one run.

    Returns:
        `latents` in their order, `labels` by name, how many of them stand with each latent
        (`groups`), and the test's numbers, a list for each label with one for each latent.
    """
    strength = np.where(labels.binary, 2 * labels.effect - 1, labels.effect)
    latents = _sorted_latents(labels, strength)
    shown = _strongest(strength[latents])
    group = _groups(labels.significant[np.ix_(latents, shown)], strength[np.ix_(latents, shown)])
    similar = _similar_side_by_side(labels.correlation[np.ix_(shown, shown)])
    order = shown[np.lexsort((similar, group))]
    tables = {
        "effect": labels.effect,
        "low": labels.interval[..., 0],
        "high": labels.interval[..., 1],
        "sign": labels.sign,
        "r2": labels.r2,
        "p": labels.p_value,
    }
    return {
        "latents": latents.tolist(),
        "labels": [shortened(labels.label_names[k]) for k in order],
        "binary": labels.binary[order].tolist(),
        "groups": [int((group == i).sum()) for i in range(len(latents))],
        "alpha": labels.alpha,
        "num": labels.num_images,
    } | {
        name: [all_rounded(row) for row in table[np.ix_(latents, order)].T.tolist()]
        for name, table in tables.items()
    }


def _sorted_latents(labels: LatentLabels, strength: NDArray[np.float64]) -> NDArray[np.int64]:
    """The active latents, the one with the strongest effect first."""
    active = np.flatnonzero(labels.active)
    return active[np.argsort(-strength[active].max(1), kind="stable")]


def _strongest(strength: NDArray[np.float64]) -> NDArray[np.int64]:
    """Numbers of the labels that the latents tell best, all where there are few, ascending."""
    num_labels = strength.shape[1]
    if num_labels <= MAX_LABELS or not len(strength):
        return np.arange(min(num_labels, MAX_LABELS))
    return np.sort(np.argsort(-strength.max(0), kind="stable")[:MAX_LABELS])


def _groups(passed: NDArray[np.bool_], strength: NDArray[np.float64]) -> NDArray[np.int64]:
    """Place of the latent that tells each label best; the number of latents where none does."""
    if not len(passed):
        return np.zeros(passed.shape[1], np.int64)
    best = np.where(passed, strength, -np.inf).argmax(0)
    return np.where(passed.any(0), best, len(passed))


def _similar_side_by_side(correlation: NDArray[np.float64]) -> NDArray[np.int64]:
    """Place of each label among the leaves of a tree of correlations (average linkage)."""
    if len(correlation) < 3:
        return np.arange(len(correlation))
    distances = squareform(np.clip(1 - np.abs(correlation), 0, 1), checks=False)
    leaves = leaves_list(linkage(distances, "average", optimal_ordering=True))
    return np.argsort(leaves)


def _kind(title: str, tables: Mapping[str, LatentLabels | None]) -> LabelKind:
    """Describe the labels of one kind, which every run has the same."""
    labels = next(table for table in tables.values() if table)
    num = len(labels.label_names)
    left_out = f"Of {num:,} labels each map has the {MAX_LABELS} that the latents tell best."
    return LabelKind(title, _correlated(labels), left_out if num > MAX_LABELS else "")


def _correlated(labels: LatentLabels) -> str:
    """The strongest correlations among the labels, in words."""
    names, table = labels.label_names, labels.correlation
    pairs = np.argwhere(np.tril(np.abs(table) >= GO_TOGETHER, -1))
    texts = [
        (abs(table[i, j]), f"{shortened(names[j])} and {shortened(names[i])} ({table[i, j]:+.2f})")
        for i, j in pairs[: MAX_LABELS**2]
    ]
    return ", ".join(text for _, text in sorted(texts, reverse=True)[:MAX_PAIRS])
