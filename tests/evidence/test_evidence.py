"""All that is known of an experiment: written down, and found again by question."""

import json
from pathlib import Path

import pytest

from tests.report.small import small_evidence
from unknot.common.errors import UserError
from unknot.common.files import write_json
from unknot.evidence.answers import QUESTIONS
from unknot.evidence.evidence import Evidence


def test_it_is_read_back_as_it_was(tmp_path: Path) -> None:
    evidence, path = small_evidence(), tmp_path / "evidence.json"
    write_json(path, evidence.as_dict())
    again = Evidence.load(path)
    assert again is not None
    assert json.dumps(again.as_dict()) == json.dumps(evidence.as_dict())


def test_what_was_written_before_there_were_answers_is_collected_again(tmp_path: Path) -> None:
    document = small_evidence().as_dict()
    del document["answers"]
    write_json(tmp_path / "evidence.json", document)
    assert Evidence.load(tmp_path / "evidence.json") is None


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_is_found_by_its_question(question: str) -> None:
    assert small_evidence().answer(question).question == question


def test_what_does_not_fit_is_damaged(tmp_path: Path) -> None:
    write_json(tmp_path / "e.json", {"format": 2, "answers": [{"question": "beta"}]})
    with pytest.raises(UserError, match=r"e\.json is damaged \(no field 'collapse'\); unkn"):
        Evidence.load(tmp_path / "e.json")


def test_a_question_that_is_none_is_refused() -> None:
    with pytest.raises(UserError, match="no question 'betas'; it can be latents, axes, beta, "):
        small_evidence().answer("betas")
