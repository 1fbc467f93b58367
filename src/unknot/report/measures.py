"""The measures that objectives are compared by at the same rate, in words."""

from typing import NamedTuple

from unknot.evidence.answers import p_text
from unknot.evidence.objective_comparison import MatchedValue


class MeasureWords(NamedTuple):
    """What a measure is called.

    Attributes:
        head: of a column of its values.
        meaning: what it says of latents that are separated.
    """

    head: str
    meaning: str


MEASURES = {
    "dci_disentanglement": MeasureWords(
        "DCI", "DCI disentanglement: each latent matters for one label alone"
    ),
    "infomec_modularity": MeasureWords(
        "InfoM", "InfoMEC's modularity: each latent tells of one label alone"
    ),
    "mig": MeasureWords("MIG", "mutual information gap: each label is told by one latent alone"),
    "labels_z": MeasureWords(
        "labels, z",
        "labels, z: how far the latents stand above random mixes of them by what they tell of the "
        "labels, in standard deviations",
    ),
    "properties_z": MeasureWords(
        "computed labels, z",
        "computed labels, z: the same by labels computed from the pixels",
    ),
    "interaction_z": MeasureWords(
        "interaction, z",
        "interaction, z: the same by the pictures: whether each latent changes something of its "
        "own",
    ),
}
"""Measure -> its words."""


def matched_cell(value: MatchedValue | None) -> str:
    """Put a measure in few characters: its mean with its interval, and how sure a difference is."""
    if value is None:
        return "-"
    ends = value.interval
    interval = f" ({ends[0]:.2f} to {ends[1]:.2f})" if ends else ""
    p_value = f", {p_text(value.p_value)}" if value.p_value is not None else ""
    return f"{value.mean:.2f}{interval}{p_value}"
