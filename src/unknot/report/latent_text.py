"""What each latent of a run does, in words: the labels that explain it, what moving it changes."""

from collections.abc import Sequence
from dataclasses import dataclass

from unknot.evidence.answers import listed, p_text
from unknot.evidence.latent_labels import LatentLabels
from unknot.evidence.run_evidence import RunEvidence
from unknot.evidence.traversal_effects import TraversalEffects
from unknot.runs.plain_text import shortened

COLLAPSED = "collapsed"
MAX_LABELS = 4  # other labels that a line names


def latents_text(name: str, run: RunEvidence) -> str:
    """Say what each latent of a run does, a line for each."""
    labels = run.labels or run.properties
    head = f"What each latent of {name} does"
    if labels:
        origin = "" if run.labels else " computed from the pixels"
        by = f", shuffled in {labels.num_groups} groups" if labels.num_groups else ""
        head += (
            f" ({labels.num_images:,} test images, {len(labels.label_names)} labels{origin}{by}; "
            "p corrected for testing every latent on every label):"
        )
    return "\n".join([head, *(f"  {line}" for line in latent_lines(run))])


def latent_lines(run: RunEvidence) -> list[str]:
    """Say what each latent of a run does, without a heading."""
    labels, effects = run.labels or run.properties, run.traversal_effects
    latent_dim = len(labels.active) if labels else len(effects.change) if effects else 0
    lines = []
    for latent in range(latent_dim):
        parts = [label_text(labels, latent)] if labels else []
        if run.labels and run.properties and run.properties.best(latent) is not None:
            parts.append(f"in the pixels {label_text(run.properties, latent)}")
        if effects and effects.change[latent] > 0:
            levels = effects.change[latent]
            strength = f"by {f'{levels:.0f}' if levels >= 1 else 'less than 1'} of 255 levels"
            strength += " of brightness"
            where = f"{effects.change_kind(latent)}, {effects.change_region(latent)}"
            parts.append(f"moving it changes {where}, {strength}")
        lines.append(f"latent {latent}: {'; '.join(parts) or COLLAPSED}")
    return lines


def label_text(labels: LatentLabels, latent: int) -> str:
    """Say what labels tell of one latent.

    Args:
        labels: of a run.
        latent: its number.
    """
    if not labels.active[latent]:
        return COLLAPSED
    best = labels.best(latent)
    if best is None:
        return "no label explains it"
    side = "lower" if labels.sign[latent, best] < 0 else "higher"
    p_value = labels.p_value[latent, best]
    text = f"{side} with {labels.label_names[best]}, {_effect(labels, latent, best)}, "
    text += "p < .001" if p_value < 0.001 else f"p {p_value:.3f}"
    correlated = [labels.label_names[k] for k in labels.correlated_labels(latent)]
    others = [labels.label_names[k] for k in labels.other_labels(latent)]
    return text + _more_labels("related labels:", correlated) + _more_labels("also", others)


def _effect(labels: LatentLabels, latent: int, label: int) -> str:
    """How much a label tells of a latent, with its interval."""
    size, (low, high) = labels.effect[latent, label], labels.interval[latent, label]
    if labels.binary[label]:
        return f"AUROC {size:.2f} ({low:.2f}-{high:.2f})"
    r2 = labels.r2[latent, label]
    return f"tells {size:.0%} of it ({low:.0%}-{high:.0%}), R2 {r2:.2f}"


def _more_labels(lead: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = len(names) - MAX_LABELS
    return f"; {lead} {', '.join(names[:MAX_LABELS])}" + (f" and {more} more" if more > 0 else "")


def best_label_text(labels: LatentLabels, latent: int) -> str:
    """Name the label that a latent carries, in a few words; empty if none."""
    best = labels.best(latent)
    if best is None:
        return ""
    name, size = shortened(labels.label_names[best]), labels.effect[latent, best]
    return f"{name} (AUROC {size:.2f})" if labels.binary[best] else f"{name} ({size:.0%})"


@dataclass(frozen=True)
class LatentSentences:
    """What a latent does, in plain sentences.

    Attributes:
        lead: the label that it carries, in a few words; empty where labels were not asked.
        details: how strongly, and which labels besides; may be empty.
        effect: what moving it changes in the picture; empty where that is not known.
    """

    lead: str
    details: str
    effect: str

    def __str__(self) -> str:
        lead = f"{self.lead}{':' if self.details else '.'}" if self.lead else ""
        return " ".join(filter(None, (lead, self.details, self.effect)))


def collapsed_text(latents: Sequence[int]) -> str:
    """Say which latents have collapsed; an empty string for none."""
    if not latents:
        return ""
    numbers = ", ".join(map(str, latents))
    if len(latents) == 1:
        return f"Latent {numbers} is not in use (collapsed): its code is the same for every image."
    return (
        f"Latents {numbers} are not in use (collapsed): their codes are the same for every image."
    )


def latent_sentences(run: RunEvidence, latent: int) -> LatentSentences:
    """Say what an active latent of a run does.

    Args:
        run: what is known of it.
        latent: its number.
    """
    tables = [table for table in (run.labels, run.properties) if table]
    effects = run.traversal_effects
    lead, details = "No label explains it" if tables else "", ""
    for table in reversed(tables):  # a given label stands before a computed one
        label = table.best(latent)
        if label is not None:
            side = "Lower" if table.sign[latent, label] < 0 else "Higher"
            lead, details = (
                f"{side} with {table.label_names[label]}",
                _details(table, latent, label),
            )
            if table is run.properties:
                details += " This label was computed from the pixels"
                details += "; none of the given labels explains the latent." if run.labels else "."
    return LatentSentences(
        lead=lead,
        details=details,
        effect=_effect_sentence(effects, latent) if effects else "",
    )


def _details(labels: LatentLabels, latent: int, label: int) -> str:
    """How strongly a latent tells its best label, and which it tells besides."""
    size, (low, high) = labels.effect[latent, label], labels.interval[latent, label]
    p_value = labels.p_value[latent, label]
    if labels.binary[label]:
        text = f"AUROC {size:.2f} (95% interval {low:.2f} to {high:.2f}), "
    else:
        text = (
            f"the latent holds {size:.0%} of the information about it (95% interval {low:.0%} to "
            f"{high:.0%}), "
        )
    text += f"{p_text(p_value)}."
    for lead, others in (
        ("Labels that go together with it", labels.correlated_labels(latent)),
        ("It also tells", labels.other_labels(latent)),
    ):
        names = [labels.label_names[k] for k in others]
        if names:
            more = len(names) - MAX_LABELS
            text += f" {lead}: {', '.join(names[:MAX_LABELS])}"
            text += f" and {more} more." if more > 0 else "."
    return text


def _effect_sentence(effects: TraversalEffects, latent: int) -> str:
    """What moving a latent changes in the picture, and where."""
    kind, region = effects.change_kind(latent), effects.change_region(latent)
    if kind == "nothing":
        return "Moving it changes nothing in the picture."
    where = f"most at {listed([f'the {name}' for name in region.split(', ')])}"
    where = "all over the picture" if region == "all over" else where
    share = effects.change[latent] / 255
    size = f"{share:.0%}" if share >= 0.01 else f"{share:.1%}"
    return (
        f"Moving it changes mainly the {kind}, {where}; a typical pixel changes by {size} of the "
        "way from black to white."
    )
