"""What `evidence.json` says, in plain words for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from unknot.config import beta_text
from unknot.evidence.verdict import SUPPORTED, TOO_FEW

Document = Mapping[str, Any]

MOST_LABELS = 4  # other labels that a line names
EXPLANATIONS = {
    "selectivity": "by how much the best latent tells a label better than the second, mean over "
    "labels",
    "above rotations": "share of random rotations of the same codes that are less selective",
    "probe": "what all latents together tell of the labels",
    "cosine": "between what two latents change in the image, 0 where no two do the same",
    "UDR": "do the seeds find the same latents? To be read beside PCA's and an untrained network's",
}


def answers(evidence: Document) -> str:
    """Everything that was asked of an experiment, answered."""
    explained = "\n".join(f"{name}: {meaning}" for name, meaning in EXPLANATIONS.items())
    parts = [verdict_text(evidence), betas_table(evidence["betas"]), explained]
    parts.append(_first_seeds(evidence["runs"]))
    gaps = [f"- {what}: {why}" for what, why in evidence["gaps"].items() if what != "verdict"]
    if gaps:
        parts.append("\n".join(["what is missing:", *gaps]))
    return "\n\n".join(parts)


def verdict_text(evidence: Document) -> str:
    """Whether a higher beta separated the latents, with the reason for every beta."""
    return "\n".join(verdict_lines(evidence))


def verdict_lines(evidence: Document) -> list[str]:
    """The same line by line."""
    question = "Did a higher beta separate the latents?"
    verdict, plan = evidence["verdict"], evidence["plan"]
    if verdict is None:
        return [f"{question} It cannot be asked: {evidence['gaps']['verdict']}."]
    marked = "Exploratory, not as planned. " if plan["exploratory"] else ""
    lines = [f"{question} {marked}{_sentence(verdict, evidence['betas'])}"]
    if len({tuple(one["why"]) for one in verdict["contrasts"]}) == 1:
        lines.append(f"  {'; '.join(verdict['contrasts'][0]['why'])}")
    else:
        for one in verdict["contrasts"]:
            why = "; ".join(one["why"])
            lines.append(f"  beta {beta_text(one['beta'])}: {one['outcome']}: {why}")
    if plan["exploratory"]:
        lines.append(
            "This is exploratory, a question for a next experiment and not an answer: "
            + "; ".join(plan["exploratory"])
        )
    else:
        lines.append(f"As planned before the first step (plan.json, {plan['sha256'][:12]}).")
    return lines


def _sentence(verdict: Document, betas: Sequence[Document]) -> str:
    lowest = f"beta {beta_text(verdict['lowest_beta'])}"
    if verdict["outcome"] == SUPPORTED:
        those = [one for one in verdict["contrasts"] if one["outcome"] == SUPPORTED]
        named = ", ".join(beta_text(one["beta"]) for one in those)
        return f"Supported, for beta {named} beside {lowest}."
    if verdict["outcome"] == TOO_FEW:
        needed = verdict["seeds_needed"]
        return (
            f"Too few runs to tell: about {needed} seeds of each beta are needed (--seeds "
            f"{_seeds(betas, needed)}, with another --out so that it counts as planned)."
        )
    return f"Not supported: no beta does so beside {lowest}."


def _seeds(betas: Sequence[Document], needed: int) -> str:
    """The seeds there are, and others until there are enough."""
    seeds = sorted({seed for one in betas for seed in one["seeds"]})
    others = (seed for seed in range(needed + len(seeds)) if seed not in seeds)
    while len(seeds) < needed:
        seeds.append(next(others))
    return " ".join(map(str, seeds))


def betas_table(betas: Sequence[Document]) -> str:
    """A line for every beta: means over its seeds."""
    rows = [list(beta_cells(None)), *(list(beta_cells(one).values()) for one in betas)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows
    )


def beta_cells(one: Document | None) -> dict[str, str]:
    """The cells of one beta by the name of their column; empty ones for None."""
    if one is None:
        names = ("beta", "seeds", "rate", "active", *list(EXPLANATIONS), "PCA", "untrained")
        return dict.fromkeys(names, "")
    udr = one["udr"]
    ends = " ({:.2f} to {:.2f})".format(*udr["interval"]) if udr["interval"] else ""
    return {
        "beta": beta_text(one["beta"]),
        "seeds": str(len(one["seeds"])),
        "rate": _mean(one["rate"], "{:.2f}"),
        "active": _mean(one["active"], "{:.1f}"),
        "selectivity": _mean(one["selectivity"], "{:.3f}"),
        "above rotations": _mean(one["percentile"], "{:.0f}%"),
        "probe": _mean(one["probe"], "{:.2f}"),
        "cosine": _mean(one["cosine"], "{:.2f}"),
        "UDR": _mean([udr["value"]], "{:.2f}") + ends,
        "PCA": _mean([udr["pca"]], "{:.2f}"),
        "untrained": _mean([udr["untrained"]], "{:.2f}"),
    }


def _mean(values: Sequence[float | None], style: str) -> str:
    known = [value for value in values if value is not None]
    return style.format(np.mean(known)) if known else "-"


def _first_seeds(runs: Mapping[str, Document]) -> str:
    """What each latent does, for the first seed of every beta."""
    first: dict[float, str] = {}
    for name, one in runs.items():
        if one["beta"] not in first or one["seed"] < runs[first[one["beta"]]]["seed"]:
            first[one["beta"]] = name
    parts = [latents_text(name, runs[name]) for _, name in sorted(first.items())]
    more = len(runs) - len(parts)
    return "\n\n".join(parts) + (f"\n\n({more} more runs in evidence.json)" if more else "")


def latents_text(name: str, run: Document) -> str:
    """What each latent of a run does, a line for each."""
    told = run["labels"]
    head = f"What each latent of {name} does"
    if told:
        by = f", permuted by {told['num_groups']} groups" if told["num_groups"] else ""
        head += (
            f" ({told['num']:,} test images, {len(told['names'])} labels{by}; p corrected "
            "for every latent and label):"
        )
    return "\n".join([head, *(f"  {line}" for line in latent_lines(run))])


def latent_lines(run: Document) -> list[str]:
    """A line for each latent of a run."""
    told, moved = run["labels"], run["movement"]
    lines = []
    num = len(told["latents"]) if told else len(moved["change"]) if moved else 0
    for latent in range(num):
        parts = [label_text(told, latent)] if told else []
        if moved and moved["change"][latent]:
            parts.append(
                f"moving it changes {moved['kind'][latent]}, {moved['place'][latent]}, by "
                f"{moved['change'][latent]:.0f} levels"
            )
        lines.append(f"latent {latent}: {'; '.join(parts) or 'out of use'}")
    return lines


def label_text(told: Document, latent: int) -> str:
    """What labels tell of one latent.

    Args:
        told: the labels of a run, as in `evidence.json`.
        latent: its number.
    """
    one = told["latents"][latent]
    if not one["active"]:
        return "out of use"
    if one["label"] is None:
        return "no label explains it"
    best = told["names"].index(one["label"])
    low, high = told["interval"][latent][best]
    size, p_value = told["effect"][latent][best], told["p_value"][latent][best]
    side = "small with" if told["sign"][latent][best] < 0 else "large with"
    shown = (
        f"AUROC {size:.2f} ({low:.2f}-{high:.2f})"
        if told["binary"][best]
        else f"{size:.0%} of its information ({low:.0%}-{high:.0%}), "
        f"R2 {told['r2'][latent][best]:.2f}"
    )
    text = f"{side} {one['label']}, {shown}, " + (
        "p < .001" if p_value < 0.001 else f"p {p_value:.3f}"
    )
    for lead, labels in (("which goes with", one["goes_with_it"]), ("also", one["tells_also"])):
        if labels:
            more = len(labels) - MOST_LABELS
            text += f"; {lead} {', '.join(labels[:MOST_LABELS])}"
            text += f" and {more} more" if more > 0 else ""
    return text
