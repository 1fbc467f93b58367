"""Codes of several readers, and which of them count."""

from dataclasses import replace

import pytest

from unknot.common.errors import UserError
from unknot.evidence.preregistration import BLIND_SEED
from unknot.experiments.experiment import Experiment
from unknot.report.blind.answers import Answers, write_code
from unknot.report.blind.experiment import betas_test, latents_test
from unknot.report.blind.readers import pool_codes, pooled_text
from unknot.report.blind.trials import BlindTest


@pytest.fixture(scope="module")
def latents(seen: Experiment) -> BlindTest:
    return latents_test(seen.run(beta=2), BLIND_SEED)


def _answers(test: BlindTest, num_first: int, **changes: int) -> Answers:
    num = len(test.trials)
    answers = Answers(
        kind=test.kind,
        digest=test.digest,
        reader=0,
        attempt=1,
        chose_first=tuple(i < num_first for i in range(num)),
    )
    return replace(answers, **changes)


def _text(seen: Experiment, *answers: Answers) -> str:
    codes = [write_code(given) for given in answers]
    return pooled_text(pool_codes(codes, seen.runs(), BLIND_SEED))


def test_readers_of_a_run_are_put_together(seen: Experiment, latents: BlindTest) -> None:
    num = len(latents.trials)
    text = _text(seen, _answers(latents, num), _answers(latents, num - 1, reader=5))
    assert "beta 2, seed 0: latent or random direction? How often the latent was chosen:" in text
    assert f"reader 1{'':12}{num:3} of {num:3}" in text
    assert f"all first attempts  {2 * num - 1:3} of {2 * num:3}  p < .001" in text
    assert "latent 0" in text
    assert "Together, 2 readers told the latents from random directions (p < .001)." in text


def test_guesses_are_no_sign(seen: Experiment, latents: BlindTest) -> None:
    text = _text(seen, _answers(latents, len(latents.trials) // 2))
    assert "Together, 1 reader gave no sign of telling the latents" in text


def test_each_test_has_its_table(seen: Experiment, latents: BlindTest) -> None:
    betas = betas_test(*seen.runs(), BLIND_SEED)
    text = _text(seen, _answers(latents, 1), _answers(betas, 0), _answers(betas, 0, reader=1))
    assert "beta 0.5 and beta 2: which changes fewer things? How often beta 2 was chosen:" in text
    assert "Together, 2 readers preferred beta 2 (p < .001)" in text
    assert "several tables are several chances" in text


def test_the_same_code_twice_counts_once_and_is_said(seen: Experiment, latents: BlindTest) -> None:
    first, other = _answers(latents, 8), _answers(latents, 3)
    pooled = pool_codes([write_code(a) for a in (first, first, other)], seen.runs(), BLIND_SEED)
    assert pooled.left_out == [
        "Code 2 is the same as code 1; it is counted once.",
        "Code 3 is the same attempt of the same reader as code 1; it is counted once.",
    ]
    (test,) = pooled.tests
    assert [reader.chosen for reader in test.readers] == [8]


def test_repeats_are_listed_apart(seen: Experiment, latents: BlindTest) -> None:
    text = _text(seen, _answers(latents, 4), _answers(latents, 9, attempt=2))
    assert "repeats on the same images, not in the sum:\n  reader 1, attempt 2" in text
    assert "nothing is summed up" in _text(seen, _answers(latents, 9, attempt=2))


def test_codes_of_another_experiment_are_refused(seen: Experiment, latents: BlindTest) -> None:
    good, strange = _answers(latents, 4), replace(_answers(latents, 4), digest="ab" * 6)
    with pytest.raises(UserError, match="code 2 is of another experiment"):
        _text(seen, good, strange)
    shorter = replace(good, chose_first=good.chose_first[:8])
    with pytest.raises(UserError, match="code 1 is of another experiment"):
        _text(seen, shorter)
