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

from unknot.common.files import read_json
from unknot.config import OLD_MODES, ExperimentConfig, TrainingConfig
from unknot.data.image_set import ImageSet
from unknot.runs.folder import ExperimentFolder

Similarity = Literal["lasso", "spearman"]

ROTATION, SELECTIVITY, AGREEMENT = "rotation_percentile", "selectivity", "udr_over_pca"
TRAINED, MATCHED = "as_trained", "matched"
NO_PLAN = "no plan was written before the first step"
EDITED_PLAN = "plan.json is not the one that was written before the first step"


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

    # these names stand in plan.json: renaming one makes every earlier plan differ
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


def plan_of(config: ExperimentConfig, images: ImageSet) -> dict[str, Any]:
    """Make the plan of an experiment: what `plan.json` fixes before the first step.

    Args:
        config: the experiment's description.
        images: it is trained on.
    """
    described, labels = asdict(config), images.labels
    return make_plan(
        config.betas,
        config.seeds,
        (*labels.factor_names, *labels.attribute_names),
        images.fingerprint,
        {"model": described["model"], "training": described["training"]},
    )


def make_plan(
    betas: Sequence[float],
    seeds: Sequence[int],
    labels: Sequence[str],
    fingerprint: str,
    training: Mapping[str, Any],
    rule: Rule = RULE,
) -> dict[str, Any]:
    """Write down what will be compared, and how.

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


def with_hash(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Add the plan's hash and the time, as `plan.json` holds them."""
    return {
        "sha256": digest(plan),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "plan": dict(plan),
    }


def digest(plan: Mapping[str, Any]) -> str:
    """Hash a plan by SHA-256, whatever the order and the spacing of its keys."""
    text = json.dumps(plan, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def compare_with_plan(
    config: ExperimentConfig, folder: ExperimentFolder, images: ImageSet
) -> tuple[str | None, list[str]]:
    """Hold an experiment as it stands against the plan in its folder.

    Args:
        config: the experiment's description.
        folder: it lies in.
        images: it was trained on.

    Returns:
        The plan's hash, None where there is no plan, and what differs from the plan, in words.
    """
    signed = read_json(folder.plan) if folder.plan.is_file() else None
    recorded_hash = folder.read_environment().get("plan_sha256")
    deviations = deviations_from_plan(signed, recorded_hash, plan_of(config, images))
    return signed.get("sha256") if isinstance(signed, dict) else None, deviations


def deviations_from_plan(
    signed: Mapping[str, Any] | None, recorded_hash: str | None, plan_now: Mapping[str, Any]
) -> list[str]:
    """Say in words in what an experiment differs from its plan; empty if in nothing.

    Args:
        signed: the plan as `with_hash` gave it, or None where there is none.
        recorded_hash: the hash that was recorded elsewhere when the plan was written.
        plan_now: the plan that would be written today.
    """
    if signed is None:
        return [NO_PLAN]
    written = signed.get("plan") if isinstance(signed, dict) else None
    if not isinstance(written, dict):
        return ["plan.json does not hold a plan"]
    is_edited = not digest(written) == signed.get("sha256") == recorded_hash
    plan = _from_0_1(written)
    keys = [key for key in sorted({*plan, *plan_now}) if plan.get(key) != plan_now.get(key)]
    deviations = [_difference(key, plan.get(key), plan_now.get(key)) for key in keys]
    return [EDITED_PLAN, *deviations] if is_edited else deviations


def _difference(key: str, planned: Any, now: Any) -> str:
    if not (isinstance(planned, list) and isinstance(now, list)):
        return f"{key} is not as planned"
    added = ", ".join(f"{item}" for item in now if item not in planned)
    gone = ", ".join(f"{item}" for item in planned if item not in now)
    parts = [f"{added} added" if added else "", f"{gone} left out" if gone else ""]
    return f"{key}: " + ", ".join(filter(None, parts))


def _from_0_1(plan: dict[str, Any]) -> dict[str, Any]:
    """Rename what version 0.1.0 wrote, so that a new name does not count as a change."""
    settings = plan.get("training")
    training = settings.get("training") if isinstance(settings, dict) else None
    if not (isinstance(settings, dict) and isinstance(training, dict)):
        return plan
    if training.get("mode") not in tuple(OLD_MODES):
        return plan
    upgraded = {"objective_options": {}} | TrainingConfig.upgrade(training)
    return plan | {"training": settings | {"training": upgraded}}
