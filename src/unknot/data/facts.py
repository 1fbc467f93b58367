"""What is known of a data set, for people."""

from collections.abc import Mapping
from typing import Any

from unknot.data.image_set import Labels
from unknot.data.splits import SPLITS

MAX_NAMED = 5


def data_facts(info: Mapping[str, Any], splits: Mapping[str, int]) -> list[tuple[str, str]]:
    """What is known of a data set, as names and values.

    Args:
        info: of an image set.
        splits: images in each.
    """
    num, channels, height, width = info["shape"]
    crop = info["preparation"]["crop"]
    colour = "RGB" if channels == 3 else "grey"
    facts = [
        ("source", f"{info['source']} ({info['kind']})"),
        ("images", f"{num:,} of {height}x{width} pixels, {colour}, crop {crop}"),
        ("splits", ", ".join(f"{splits[s]:,} {s}" for s in SPLITS) + f" (by {info['split_by']})"),
    ]
    unreadable: Mapping[str, str] = info["unreadable"]
    if unreadable:
        named = [f"{name} ({why})" for name, why in list(unreadable.items())[:MAX_NAMED]]
        more = f" and {len(unreadable) - MAX_NAMED:,} more" if len(unreadable) > MAX_NAMED else ""
        facts.append(("skipped", f"{len(unreadable):,}: {'; '.join(named)}{more}"))
    if info["num_duplicates"]:
        facts.append(("identical", f"{info['num_duplicates']:,} copies of other images"))
    if info["attribute_names"]:
        facts.append(("attributes", f"{len(info['attribute_names'])}"))
    if info["factor_names"]:
        facts.append(("factors", ", ".join(info["factor_names"])))
    if info["group_names"]:
        facts.append(("groups", f"{len(info['group_names']):,}"))
    return facts + [("note", note) for note in info["notes"]]


def label_shares(labels: Labels) -> dict[str, float]:
    """The share of images that have each attribute, among those where it is known."""
    known = labels.attributes >= 0
    shares = (labels.attributes == 1).sum(0) / known.sum(0).clip(min=1)
    return dict(zip(labels.attribute_names, shares.tolist()))
