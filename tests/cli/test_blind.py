"""`unknot blind` as its users meet it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.command_line import fails
from unknot.cli import main
from unknot.evidence.preregistration import BLIND_SEED
from unknot.experiments.experiment import Experiment
from unknot.report.blind.answers import Answers, write_code
from unknot.report.blind.experiment import latents_test
from unknot.report.blind.trials import LATENTS


def _blind_code(experiment: Experiment, **changes: object) -> str:
    """A code of a reader who is right in every trial at beta 2."""
    test = latents_test(experiment.run(beta=2), BLIND_SEED)
    answers = Answers(
        kind=LATENTS,
        digest=test.digest,
        reader=1,
        attempt=1,
        chose_first=(True,) * len(test.trials),
    )
    return write_code(replace(answers, **changes))


def test_blind_puts_readers_together(seen: Experiment, capsys: pytest.CaptureFixture[str]) -> None:
    codes = [f"file:///page.html#blind={_blind_code(seen)}", _blind_code(seen, reader=2)]
    assert main(["blind", str(seen.folder), *codes]) == 0
    out = capsys.readouterr().out
    assert "Together, 2 readers told the latents from random directions (p < .001)." in out
    assert main(["blind", str(seen.folder), *codes, codes[0], "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["left_out"] == ["Code 3 is the same as code 1; it is counted once."]
    (test,) = document["tests"]
    assert test["pooled"]["chosen"] == test["pooled"]["num"] == 2 * test["readers"][0]["num"]


def test_codes_that_do_not_belong_are_one_line(
    seen: Experiment, experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _blind_code(seen)
    assert "is damaged; copy the whole of it" in fails(
        ["blind", str(seen.folder), code[:-3]], capsys
    )
    assert "no code is given" in fails(["blind", str(seen.folder)], capsys)
    assert "code 1 is of another experiment" in fails(["blind", str(experiment), code], capsys)
    assert "it has no experiment.toml" in fails(["blind", str(experiment.parent), code], capsys)


def test_answers_about_a_network_of_ones_own_are_for_python(
    copied: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    text = copied.files.config.read_text()
    copied.files.config.write_text(text.replace(f'"{copied.config.model.network}"', '"custom"'))
    line = fails(["blind", str(copied.folder), "AQ"], capsys)
    assert "has a network of your own; from Python:" in line
