"""The plan: what will be compared, by which measures and which rule, written before the first step.

Who chooses a measure after seeing the results can find what was hoped for. So the grid, the seeds,
the measures and the rule are written down and hashed first, and what differs from them later is
called exploratory.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Similarity = Literal["lasso", "spearman"]

ROTATION, SELECTIVITY, AGREEMENT = "rotation_percentile", "selectivity", "udr_over_pca"
TRAINED, MATCHED = "as_trained", "matched"
NO_PLAN = "no plan was written before the first step"


@dataclass(frozen=True)
class Rule:
    """When a higher beta counts as having separated the latents.

    Each beta is held against the lowest, in every condition by every measure. Its p-value is the
    largest of these, since all of them must hold (an intersection-union test: Berger 1982), and is
    corrected for the number of betas.

    Attributes:
        measures: what must be higher.
        conditions: where it must be: for the models as they were trained, and when all of them have
            the same rate and the same number of active latents.
        test: how a difference is tested, in words; there is one way.
        correction: for the number of betas, likewise.
        level: of the corrected p-values.
        rotations: draws of the rotation null.
        points: at most so many test images are used.
        similarity: of two models' codes, for UDR.
        power: chance to find a difference of the size seen, with the runs that are proposed.
        most_seeds: if more seeds than this would be needed, the difference counts as too small.
        version: of the code behind all this, raised when the same values give other figures.
    """

    measures: tuple[str, ...] = (ROTATION, SELECTIVITY, AGREEMENT)
    conditions: tuple[str, ...] = (TRAINED, MATCHED)
    test: str = "two-sided permutation of the runs' betas, difference of means"
    correction: str = "holm"
    level: float = 0.05
    rotations: int = 200
    points: int = 5_000
    similarity: Similarity = "spearman"
    power: float = 0.8
    most_seeds: int = 20
    version: int = 2


RULE = Rule()


def make_plan(
    betas: Sequence[float],
    seeds: Sequence[int],
    labels: Sequence[str],
    fingerprint: str,
    training: Mapping[str, Any],
    rule: Rule = RULE,
) -> dict[str, Any]:
    """What will be compared, and how.

    Args:
        betas: of the runs.
        seeds: of the runs.
        labels: names of the attributes and factors that selectivity is measured with.
        fingerprint: of the images.
        training: everything else that a run depends on.
        rule: of the verdict.
    """
    plan = {
        "betas": sorted(betas),
        "lowest_beta": min(betas),
        "seeds": sorted(seeds),
        "labels": list(labels),
        "images": fingerprint,
        "split": "test",
        "training": dict(training),
        "rule": asdict(rule),
    }
    return dict(json.loads(json.dumps(plan)))  # as it will be read back


def sign(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The plan with its hash and the time, as `plan.json` holds it."""
    return {
        "sha256": digest(plan),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "plan": dict(plan),
    }


def digest(plan: Mapping[str, Any]) -> str:
    """SHA-256 of a plan, whatever the order and the spacing of its keys."""
    text = json.dumps(plan, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def deviations(
    signed: Mapping[str, Any] | None, noted: str | None, now: Mapping[str, Any]
) -> list[str]:
    """In what an experiment differs from its plan, in words; empty if in nothing.

    Args:
        signed: as `sign` gave it, or None where there is no plan.
        noted: the hash that was noted elsewhere when the plan was written.
        now: the plan that would be written today.
    """
    if signed is None:
        return [NO_PLAN]
    plan = signed.get("plan")
    if not isinstance(plan, dict):
        return ["plan.json does not hold a plan"]
    found = []
    if not digest(plan) == signed.get("sha256") == noted:
        found.append("plan.json is not the one that was written before the first step")
    for key in sorted({*plan, *now}):
        before, after = plan.get(key), now.get(key)
        if before == after:
            continue
        if isinstance(before, list) and isinstance(after, list):
            added = ", ".join(f"{item}" for item in after if item not in before)
            gone = ", ".join(f"{item}" for item in before if item not in after)
            parts = [f"{added} added" if added else "", f"{gone} left out" if gone else ""]
            found.append(f"{key}: " + ", ".join(filter(None, parts)))
        else:
            found.append(f"{key} is not as planned")
    return found
