"""The plan: what counts as a change of it."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from unknot.common.files import write_json
from unknot.config.experiment import ExperimentConfig
from unknot.data.image_set import ImageSet
from unknot.evidence.preregistration import (
    BLIND_SEED,
    EDITED_PLAN,
    NO_PLAN,
    RULE,
    compare_with_plan,
    deviations_from_plan,
    digest,
    level_of_look,
    make_plan,
    plan_of,
    planned_blind_seed,
    with_hash,
)
from unknot.experiments.setup import create_experiment_folder, experiment_config, resolve_config
from unknot.runs.experiment_folder import ExperimentFolder

PLAN = make_plan([10, 1], [0, 1], ["Male"], "abc", {"steps": 10})


@pytest.fixture
def config(small_faces: ImageSet) -> ExperimentConfig:
    return resolve_config(experiment_config(small_faces, [1, 20], [0, 1], steps=12), small_faces)


def _as_0_1_wrote_it(plan: dict[str, Any], mode: str = "auto") -> dict[str, Any]:
    old = deepcopy(plan)
    training = old["training"]["training"]
    del training["data_parallel"], training["objective_options"]
    training["mode"] = mode
    return old


def test_what_was_planned_deviates_in_nothing() -> None:
    signed = with_hash(PLAN)
    assert signed["sha256"] == digest(dict(reversed(PLAN.items())))
    assert deviations_from_plan(signed, signed["sha256"], PLAN) == []
    assert PLAN["lowest_beta"] == 1


def test_a_plan_without_the_seed_of_the_blind_test_deviates_in_nothing(tmp_path: Path) -> None:
    folder = ExperimentFolder(tmp_path)
    assert planned_blind_seed(folder) is None
    older = {name: value for name, value in PLAN.items() if name != "blind_seed"}
    for plan, seed in ((older, None), (PLAN, BLIND_SEED)):
        signed = with_hash(plan)
        assert deviations_from_plan(signed, signed["sha256"], PLAN) == []
        write_json(folder.plan, signed)
        assert planned_blind_seed(folder) == seed


def test_what_was_added_is_named() -> None:
    signed = with_hash(PLAN)
    later = make_plan([1, 10, 50], [0, 1, 2], ["Male"], "abc", {"steps": 10})
    assert deviations_from_plan(signed, signed["sha256"], later) == [
        "betas: 50 added",
        "seeds: 2 added",
    ]


def test_many_changes_are_named_shortly() -> None:
    signed = with_hash(PLAN)
    labels = ["Male", *(f"label {i}" for i in range(10))]
    later = make_plan([1, 10], [0, 1], labels, "abc", {"steps": 10})
    (deviation,) = deviations_from_plan(signed, signed["sha256"], later)
    assert deviation.startswith("labels: label 0, label 1, ")
    assert deviation.endswith("label 7 and 2 more added")


def test_another_rule_is_not_as_planned() -> None:
    signed = with_hash(PLAN)
    for rule in (replace(RULE, level=0.2), replace(RULE, version=RULE.version + 1)):
        later = make_plan([1, 10], [0, 1], ["Male"], "abc", {"steps": 10}, rule=rule)
        assert deviations_from_plan(signed, signed["sha256"], later) == [
            "the plan was written by another version of unknot, whose rule differs"
        ]


def test_looks_are_planned_with_their_seeds_and_levels(
    config: ExperimentConfig, small_faces: ImageSet, tmp_path: Path
) -> None:
    in_looks = replace(config, betas=(1.0, 20.0, 300.0), until_clear=True, budget="2h")
    plan = plan_of(in_looks, small_faces)
    assert plan["seeds"] == [0, 1, 2, 3, 4, 5, 6, 7]
    assert plan["looks"] == [
        {"seeds": 3, "level": 0.015},
        {"seeds": 5, "level": 0.015},
        {"seeds": 8, "level": 0.02},
    ]
    assert plan["budget"] == "2h"
    folder = ExperimentFolder(tmp_path)
    create_experiment_folder(in_looks, small_faces, folder)
    for num in (2, 3, 5, 8):
        as_trained = replace(in_looks, seeds=in_looks.seeds_up_to(num))
        assert compare_with_plan(as_trained, folder, small_faces)[1] == []
    once = replace(in_looks, until_clear=False, budget="")
    assert compare_with_plan(once, folder, small_faces)[1] == [
        "budget: not as planned",
        "other numbers of seeds were planned",
        "seeds: 2, 3, 4, 5, 6, 7 left out",
    ]


def test_looks_that_were_not_planned_are_named() -> None:
    signed = with_hash(PLAN)
    later = make_plan([1, 10], [0, 1], ["Male"], "abc", {"steps": 10}, looks=(5, 8))
    assert deviations_from_plan(signed, signed["sha256"], later) == [
        "it was not planned to train more seeds until the answer is clear"
    ]


@pytest.mark.parametrize(
    ("num_seeds", "level"), [(2, 0.0), (3, 0.015), (4, 0.015), (5, 0.015), (8, 0.02), (9, 0.02)]
)
def test_the_level_is_that_of_the_last_look(num_seeds: int, level: float) -> None:
    assert level_of_look((3, 5, 8), 3, num_seeds) == pytest.approx(level)
    assert level_of_look((), 3, num_seeds) == RULE.level


def test_an_edited_plan_is_noticed() -> None:
    signed = with_hash(PLAN)
    edited = signed | {"plan": PLAN | {"betas": [1, 10, 50]}}
    recorded_hash = signed["sha256"]
    later = PLAN | {"betas": [1, 10, 50]}
    assert deviations_from_plan(edited, recorded_hash, later) == [EDITED_PLAN]
    again = with_hash(edited["plan"])  # hashed anew, but not what was recorded
    assert len(deviations_from_plan(again, recorded_hash, again["plan"])) == 1
    assert deviations_from_plan(None, recorded_hash, PLAN) == [NO_PLAN]
    assert deviations_from_plan({"sha256": recorded_hash}, recorded_hash, PLAN) == [
        "plan.json does not hold a plan"
    ]


def test_a_plan_of_version_0_1_is_compared_by_todays_names(
    config: ExperimentConfig, small_faces: ImageSet
) -> None:
    now = plan_of(config, small_faces)
    signed = with_hash(_as_0_1_wrote_it(now))  # the hash is that of what was written
    assert deviations_from_plan(signed, signed["sha256"], now) == []
    other = _as_0_1_wrote_it(now)
    other["training"]["training"]["steps"] = 13
    signed = with_hash(other)
    assert deviations_from_plan(signed, signed["sha256"], now) == [
        "the model or its training is not as planned"
    ]
    for mode in ("eager", "compiled"):
        signed = with_hash(_as_0_1_wrote_it(now, mode))
        off = replace(config, training=replace(config.training, data_parallel="off"))
        assert deviations_from_plan(signed, signed["sha256"], plan_of(off, small_faces)) == []
        assert deviations_from_plan(signed, signed["sha256"], now) == [
            "the model or its training is not as planned"
        ]
    edited = with_hash(now) | {"plan": _as_0_1_wrote_it(now)}
    assert deviations_from_plan(edited, edited["sha256"], now) == [EDITED_PLAN]


@pytest.mark.parametrize("training", [None, [], {"training": None}, {"training": {"mode": []}}])
def test_a_plan_of_another_form_is_not_as_planned(training: Any) -> None:
    signed = with_hash(PLAN | {"training": training})
    deviations = deviations_from_plan(signed, signed["sha256"], PLAN)
    assert deviations == ["the model or its training is not as planned"]


def test_an_experiment_is_compared_with_the_plan_in_its_folder(
    config: ExperimentConfig, small_faces: ImageSet, tmp_path: Path
) -> None:
    folder = ExperimentFolder(tmp_path)
    create_experiment_folder(config, small_faces, folder)
    plan_hash, deviations = compare_with_plan(config, folder, small_faces)
    assert plan_hash == digest(plan_of(config, small_faces))
    assert deviations == []
    more = replace(config, seeds=(0, 1, 2))
    assert compare_with_plan(more, folder, small_faces) == (plan_hash, ["seeds: 2 added"])
    write_json(folder.plan, [])
    no_plan = (None, ["plan.json does not hold a plan"])
    assert compare_with_plan(config, folder, small_faces) == no_plan
    folder.plan.unlink()
    assert compare_with_plan(config, folder, small_faces) == (None, [NO_PLAN])
