"""All that is known of an experiment, as in `evidence.json`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unknot.common.errors import UserError
from unknot.common.files import write_json
from unknot.common.reading import damage, damage_named, read_json
from unknot.evidence.answers import Answer
from unknot.evidence.axes import AxisEvidence
from unknot.evidence.beta_choice import BetaChoice
from unknot.evidence.beta_table import BetaEvidence
from unknot.evidence.collapse import CollapsePrediction, ObservedCollapse
from unknot.evidence.objective_comparison import MatchedRate
from unknot.evidence.run_evidence import RunEvidence
from unknot.evidence.verdict import Verdict
from unknot.runs.field_types import check_fields
from unknot.runs.own_digest import tell_if_edited, with_own_digest

FORMAT = 2  # of evidence.json
OF_RUNS = ("runs", "axes")  # parts that a grid's document holds once, for all objectives


@dataclass(frozen=True, eq=False)
class Evidence:
    """The evidence of an experiment.

    Attributes:
        collapse: at which betas a linear model's latents collapse; None where that is not known.
        observed_vs_predicted: what training gave beside that prediction, for each run.
        plan_hash: of the plan that was written before the first step; None where there is none.
        exploratory: in what the experiment differs from that plan; empty if in nothing.
        betas: what the runs of each beta gave.
        answers: to the four questions, in the order of `QUESTIONS`.
        verdict: what the answer about beta rests on; None where nothing could be compared.
        which_beta: what the answer about which beta to take rests on; None without runs.
        runs: what each latent does, by the run's name.
        axes: how special the latents are, by the run's name.
        runs_included: names of the runs that were finished.
        not_available: what is missing -> the reason.
        rows: where several objectives were trained, the evidence of each alone, by its name. All
            else is then that of the first objective, but that `runs`, `axes`, `runs_included`,
            `exploratory` and `not_available` are of all of them.
        matched_rate: the objectives beside each other; None where there is one.
        objective_answer: which of them separates the latents most; None where there is one.
    """

    collapse: CollapsePrediction | None
    observed_vs_predicted: list[ObservedCollapse]
    plan_hash: str | None
    exploratory: list[str]
    betas: list[BetaEvidence]
    answers: list[Answer]
    verdict: Verdict | None
    which_beta: BetaChoice | None
    runs: dict[str, RunEvidence]
    axes: dict[str, AxisEvidence]
    runs_included: list[str]
    not_available: dict[str, str] = field(default_factory=dict)
    rows: dict[str, "Evidence"] = field(default_factory=dict)
    matched_rate: MatchedRate | None = None
    objective_answer: Answer | None = None

    def answer(self, question: str) -> Answer:
        """Give the answer to one question: `latents`, `axes`, `beta` or `which_beta`.

        Where several objectives were trained, `objective` is asked too, and the four are answered
        for each of them in `rows`.

        Raises:
            UserError: if there is no such question.
        """
        asked = [*self.answers, *filter(None, [self.objective_answer])]
        answers = {answer.question: answer for answer in asked}
        if question not in answers:
            raise UserError(f"there is no question {question!r}; it can be {', '.join(answers)}")
        return answers[question]

    def __str__(self) -> str:
        """The four questions with their answers, for each objective."""
        if not self.rows:
            return "\n".join(str(answer) for answer in self.answers)
        of_each = [f"\n{name}:\n{row}" for name, row in self.rows.items()]
        return "\n".join([str(self.objective_answer), *of_each])

    def as_dict(self) -> dict[str, Any]:
        """The fields for a JSON document, with the linear model's predictions for the betas."""
        betas = [row.beta for row in self.betas]
        return {
            "format": FORMAT,
            "runs_included": self.runs_included,
            "answers": [answer.as_dict() for answer in self.answers],
            "verdict": self.verdict.as_dict() if self.verdict else None,
            "which_beta": self.which_beta.as_dict() if self.which_beta else None,
            "plan": {"sha256": self.plan_hash, "exploratory": self.exploratory},
            "not_available": self.not_available,
            "betas": [row.as_dict() for row in self.betas],
            "collapse": self.collapse.as_dict(betas) if self.collapse else None,
            "observed_vs_predicted": [row.as_dict() for row in self.observed_vs_predicted],
            "runs": {name: run.as_dict() for name, run in self.runs.items()},
            "axes": {name: run.as_dict() for name, run in self.axes.items()},
            "rows": {name: _without_runs(row.as_dict()) for name, row in self.rows.items()},
            "matched_rate": self.matched_rate.as_dict() if self.matched_rate else None,
            "objective_answer": self.objective_answer.as_dict() if self.objective_answer else None,
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "Evidence":
        """Read back what `as_dict` gave."""
        collapse, verdict = document["collapse"], document["verdict"]
        observed, choice = document["observed_vs_predicted"], document["which_beta"]
        matched, answer = document.get("matched_rate"), document.get("objective_answer")
        return cls(
            collapse=CollapsePrediction.from_dict(collapse) if collapse else None,
            observed_vs_predicted=[ObservedCollapse.from_dict(row) for row in observed],
            plan_hash=document["plan"]["sha256"],
            exploratory=document["plan"]["exploratory"],
            betas=[BetaEvidence.from_dict(row) for row in document["betas"]],
            answers=[Answer.from_dict(answer) for answer in document["answers"]],
            verdict=Verdict.from_dict(verdict) if verdict else None,
            which_beta=BetaChoice.from_dict(choice) if choice else None,
            runs={name: RunEvidence.from_dict(run) for name, run in document["runs"].items()},
            axes={name: AxisEvidence.from_dict(run) for name, run in document["axes"].items()},
            runs_included=document["runs_included"],
            not_available=document["not_available"],
            rows={
                name: cls.from_dict(_with_runs(row, document))
                for name, row in document.get("rows", {}).items()
            },
            matched_rate=MatchedRate.from_dict(matched) if matched else None,
            objective_answer=Answer.from_dict(answer) if answer else None,
        )

    @classmethod
    def load(cls, path: Path) -> "Evidence | None":
        """Read `evidence.json`; None where there is none, or one of another version.

        Raises:
            DamageError: if the file is damaged.
            UserError: if it may not be read, or a link leads out of its folder.
        """
        if not path.exists():
            return None
        remedy = f"unknot evidence {path.parent} makes it again"
        document = read_json(path, within=path.parent, remedy=remedy, with_nan=False)
        if not isinstance(document, dict):
            raise damage(path, "no table", remedy)
        is_current = document.get("format") == FORMAT
        is_current = is_current and "answers" in document  # format 2 had none at first
        if not is_current:
            return None
        with damage_named(path, remedy):
            evidence = cls.from_dict(document)
            check_fields(evidence)
        tell_if_edited(document, path)
        return evidence

    def save(self, path: Path) -> None:
        """Write `evidence.json`."""
        write_json(path, with_own_digest(self.as_dict()))


def _without_runs(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out of an objective's document what stands in that of all objectives."""
    return {name: value for name, value in document.items() if name not in OF_RUNS}


def _with_runs(row: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Put back what `_without_runs` left out."""
    included = row["runs_included"]
    return row | {
        part: {name: run for name, run in document[part].items() if name in included}
        for part in OF_RUNS
    }
