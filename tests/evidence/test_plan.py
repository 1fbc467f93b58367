"""The plan: what counts as a change of it."""

from dataclasses import replace

from unknot.evidence.plan import NO_PLAN, RULE, deviations, digest, make_plan, sign

PLAN = make_plan([10, 1], [0, 1], ["Male"], "abc", {"steps": 10})


def test_what_was_planned_deviates_in_nothing() -> None:
    signed = sign(PLAN)
    assert signed["sha256"] == digest(dict(reversed(PLAN.items())))
    assert deviations(signed, signed["sha256"], PLAN) == []
    assert PLAN["lowest_beta"] == 1


def test_what_was_added_is_named() -> None:
    signed = sign(PLAN)
    later = make_plan([1, 10, 50], [0, 1, 2], ["Male"], "abc", {"steps": 10})
    assert deviations(signed, signed["sha256"], later) == ["betas: 50 added", "seeds: 2 added"]


def test_another_rule_is_not_as_planned() -> None:
    signed = sign(PLAN)
    for rule in (replace(RULE, level=0.2), replace(RULE, version=RULE.version + 1)):
        later = make_plan([1, 10], [0, 1], ["Male"], "abc", {"steps": 10}, rule)
        assert deviations(signed, signed["sha256"], later) == ["rule is not as planned"]


def test_an_edited_plan_is_noticed() -> None:
    signed = sign(PLAN)
    edited = signed | {"plan": PLAN | {"betas": [1, 10, 50]}}
    noted = signed["sha256"]
    found = deviations(edited, noted, PLAN | {"betas": [1, 10, 50]})
    assert found == ["plan.json is not the one that was written before the first step"]
    again = sign(edited["plan"])  # hashed anew, but not what was noted
    assert len(deviations(again, noted, again["plan"])) == 1
    assert deviations(None, noted, PLAN) == [NO_PLAN]
    assert deviations({"sha256": noted}, noted, PLAN) == ["plan.json does not hold a plan"]
