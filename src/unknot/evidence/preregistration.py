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

from unknot.common.notices import give_notice
from unknot.common.reading import DamageError, read_json
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import OLD_MODES, TrainingConfig
from unknot.config.run import MAX_SEED
from unknot.data.image_set import ImageSet
from unknot.evidence.beta_deals import look_levels
from unknot.runs.experiment_folder import ExperimentFolder

Similarity = Literal["lasso", "spearman"]

LABELS, PICTURES = "labels", "pictures"
TRAINED, MATCHED = "as_trained", "matched"
BLIND_SEED = 19
"""From which the page's blind test draws its images and its random directions."""
LATER: dict[str, Any] = {
    "looks": [],
    "budget": "",
    "computed_labels": True,
    "blind_seed": BLIND_SEED,
    "objectives": [],
}
"""What plans of earlier versions leave unsaid."""
MAX_NAMED = 8  # things that were added or left out
NO_PLAN = "no plan was written before the first step"
EDITED_PLAN = "plan.json is not the one that was written before the first step"


@dataclass(frozen=True)
class Rule:
    """When a higher beta counts as having set the axes apart.

    Attributes:
        bases: what is asked: the labels, where there are any, and the pictures.
        statistic: of a run, in words; there is one. Labels and pictures each have theirs.
        conditions: where labels must show it: for the models as they were trained, and when all of
            them have the same rate and the same number of active latents.
        test: how betas are compared, in words.
        correction: for the number of bases, likewise.
        level: of the corrected p-values, for all looks together.
        special: percent of rotations that all betas together may leave above their axes.
        rotations: draws of the null of labels.
        points: at most so many test images are used.
        similarity: of two models' codes, for UDR.
        version: of the code behind all this, raised when the same values give other figures.
    """

    # these names stand in plan.json: renaming one makes every earlier plan differ
    bases: tuple[str, ...] = (LABELS, PICTURES)
    statistic: str = "standard deviations above random rotations of the same codes"
    conditions: tuple[str, ...] = (TRAINED, MATCHED)
    test: str = "mean over seeds less that of the lowest beta, betas dealt within seeds, max-T"
    correction: str = "hochberg"
    level: float = 0.05
    special: float = 5.0
    rotations: int = 200
    points: int = 5_000
    similarity: Similarity = "spearman"
    version: int = 3


RULE = Rule()


def plan_of(config: ExperimentConfig, images: ImageSet) -> dict[str, Any]:
    """Make the plan of an experiment: what `plan.json` fixes before the first step.

    Args:
        config: the experiment's description.
        images: it is trained on.
    """
    described, labels = asdict(config), images.labels
    if not config.training.continued_from:
        del described["training"]["continued_from"]  # which earlier plans do not have
    return make_plan(
        config.rows()[0].betas,
        config.planned_seeds,
        (*labels.factor_names, *labels.attribute_names),
        images.fingerprint,
        {"model": described["model"], "training": described["training"]},
        looks=config.looks,
        budget=config.budget,
        computed_labels=config.computed_labels,
        objectives=[(row.training.objective, row.betas) for row in config.rows()]
        if config.objectives
        else [],
    )


def make_plan(
    betas: Sequence[float],
    seeds: Sequence[int],
    labels: Sequence[str],
    fingerprint: str,
    training: Mapping[str, Any],
    *,
    looks: Sequence[int] = (),
    budget: str = "",
    computed_labels: bool = True,
    objectives: Sequence[tuple[str, Sequence[float]]] = (),
    rule: Rule = RULE,
) -> dict[str, Any]:
    """Write down what will be compared, and how.

    Args:
        betas: of the runs.
        seeds: of the runs: all that may come to be trained.
        labels: names of the attributes and factors that selectivity is measured with.
        fingerprint: of the images.
        training: everything else that a run depends on.
        looks: numbers of seeds at which it is asked whether the answer is clear, ascending; empty
            where it is asked once, of all seeds.
        budget: of time, as it was given.
        computed_labels: whether labels are computed from the pixels.
        objectives: each with its strengths, where several are compared; the others are held against
            the first.
        rule: of the verdict.
    """
    plan = {
        "betas": sorted(betas),
        "lowest_beta": min(betas),
        "seeds": sorted(seeds),
        "looks": looks_of_plan(looks, len(betas), rule.level),
        "budget": budget,
        "labels": list(labels),
        "computed_labels": computed_labels,
        "blind_seed": BLIND_SEED,
        "objectives": [f"{name} {sorted(values)}" for name, values in objectives],
        "images": fingerprint,
        "split": "test",
        "training": dict(training),
        "rule": asdict(rule),
    }
    return dict(json.loads(json.dumps(plan)))  # as it will be read back


def read_plan(folder: ExperimentFolder) -> Any:
    """Read `plan.json`; None where there is none, and an empty table where it is damaged.

    Raises:
        UserError: if it may not be read, or a link leads out of the experiment.
    """
    if not folder.plan.exists():
        return None
    try:
        return read_json(folder.plan, within=folder.path, remedy="put back a copy of it")
    except DamageError as error:
        give_notice(f"{error}; until then answers count as hints")
        return {}


def planned_blind_seed(folder: ExperimentFolder) -> int | None:
    """Read the seed of the blind test from an experiment's plan; None where it holds none."""
    signed = read_plan(folder)
    plan = signed.get("plan") if isinstance(signed, dict) else None
    seed = plan.get("blind_seed") if isinstance(plan, dict) else None
    is_seed = isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed < MAX_SEED
    return seed if is_seed else None


def looks_of_plan(looks: Sequence[int], num_betas: int, level: float) -> list[dict[str, Any]]:
    """Name the number of seeds and the level of every look; none where there are no looks."""
    if not looks or num_betas < 2:
        return []
    levels = look_levels(looks, num_betas, level)
    return [{"seeds": num, "level": round(part, 6)} for num, part in zip(looks, levels)]


def level_of_look(looks: Sequence[int], num_betas: int, num_seeds: int) -> float:
    """Give the level of the look at so many seeds: that of the last one up to there.

    Args:
        looks: numbers of seeds, ascending; empty where it is asked once, at the whole level.
        num_betas: of the experiment.
        num_seeds: of each beta.
    """
    if not looks or num_betas < 2:
        return RULE.level
    levels = look_levels(looks, num_betas, RULE.level)
    reached = [level for num, level in zip(looks, levels) if num <= num_seeds]
    return reached[-1] if reached else 0.0


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
    signed = read_plan(folder)
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
    plan = _from_0_1(LATER | written)
    keys = [key for key in sorted({*plan, *plan_now}) if plan.get(key) != plan_now.get(key)]
    deviations = [_difference(key, plan.get(key), plan_now.get(key)) for key in keys]
    return [EDITED_PLAN, *deviations] if is_edited else deviations


def _difference(key: str, planned: Any, now: Any) -> str:
    if key == "rule":
        return "the plan was written by another version of unknot, whose rule differs"
    if key == "looks":
        return (
            "other numbers of seeds were planned"
            if planned
            else "it was not planned to train more seeds until the answer is clear"
        )
    if key == "training":
        return _training_difference(planned, now)
    if not (isinstance(planned, list) and isinstance(now, list)):
        return f"{key.replace('_', ' ')}: not as planned"
    added = _shortened([f"{item}" for item in now if item not in planned])
    gone = _shortened([f"{item}" for item in planned if item not in now])
    parts = [f"{added} added" if added else "", f"{gone} left out" if gone else ""]
    return f"{key}: " + ", ".join(filter(None, parts))


def _training_difference(planned: Any, now: Any) -> str:
    before, after = (_dict(_dict(part).get("training")) for part in (planned, now))
    same = {name: value for name, value in after.items() if name != "continued_from"}
    if after.get("continued_from") and before == same | {"steps": before.get("steps")}:
        return (
            f"{before['steps']:,} steps were planned, and the runs were then trained on to "
            f"{after['steps']:,}"
        )
    return "the model or its training is not as planned"


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _shortened(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


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
