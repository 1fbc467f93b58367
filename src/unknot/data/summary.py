"""A data set in a few lines for people: its images, splits, labels and what was left out.

Commands and report say the same by it.
"""

from collections.abc import Mapping
from typing import Any

from unknot.common.text import on_one_line
from unknot.data.image_set import Labels
from unknot.data.splits import SPLITS
from unknot.data.visible_channels import CHANNEL_NAMES

MAX_NAMED = 5


def data_facts(info: Mapping[str, Any], splits: Mapping[str, int]) -> list[tuple[str, str]]:
    """Describe a data set by names and values.

    Args:
        info: an image set's.
        splits: how many images each split has.
    """
    num, channels, height, width = info["shape"]
    crop = info["preparation"]["crop"]
    facts = [
        ("source", f"{info['source']} ({info['kind']})"),
        ("images", f"{num:,} of {height}x{width} pixels, {CHANNEL_NAMES[channels]}, crop {crop}"),
        ("splits", ", ".join(f"{splits[s]:,} {s}" for s in SPLITS) + f" (by {info['split_by']})"),
    ]
    facts += [fact for fact in left_out(info) if fact[0] == "skipped"]
    if info["num_duplicates"]:
        facts.append(("identical", f"{info['num_duplicates']:,} copies of other images"))
    if info["attribute_names"]:
        facts.append(("attributes", f"{len(info['attribute_names'])}"))
    if info["factor_names"]:
        facts.append(("factors", ", ".join(info["factor_names"])))
    if info["group_names"]:
        facts.append(("groups", f"{len(info['group_names']):,}"))
    facts = [(name, on_one_line(value)) for name, value in facts]
    return facts + [fact for fact in left_out(info) if fact[0] == "note"]


def left_out(info: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say what could not be read, and what was found and is not used.

    Args:
        info: an image set's.

    Returns:
        `skipped` or `note`, and the line.
    """
    facts = []
    unreadable: Mapping[str, str] = info["unreadable"]
    if unreadable:
        examples = [f"{name} ({why})" for name, why in list(unreadable.items())[:MAX_NAMED]]
        more = f" and {len(unreadable) - MAX_NAMED:,} more" if len(unreadable) > MAX_NAMED else ""
        facts.append(("skipped", f"{len(unreadable):,}: {'; '.join(examples)}{more}"))
    facts += [("note", note) for note in info["notes"]]
    return [(name, on_one_line(value)) for name, value in facts]


def label_shares(labels: Labels) -> dict[str, float]:
    """Count the share of images that have each attribute, among those where it is known."""
    known = labels.attributes >= 0
    shares = (labels.attributes == 1).sum(0) / known.sum(0).clip(min=1)
    return dict(zip(labels.attribute_names, shares.tolist()))
