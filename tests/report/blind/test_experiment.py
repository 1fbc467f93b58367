"""Which tests an experiment has, and that they come out the same again."""

from typing import Any

import numpy as np
import pytest

from tests.report.small import small_config, small_run
from unknot.common.files import write_json
from unknot.common.reading import read_json
from unknot.evidence.preregistration import BLIND_SEED
from unknot.evidence.run_evidence import pixel_decoder
from unknot.experiments.experiment import Experiment
from unknot.report.blind.codes import read_blind_codes
from unknot.report.blind.experiment import NotAsked, blind_seed, blind_tests, latents_test
from unknot.report.blind.strips import mean_changes
from unknot.report.blind.trials import BlindTest


def _document(test: BlindTest | NotAsked) -> Any:
    return test if isinstance(test, NotAsked) else test.as_dict()


def test_every_run_has_a_test_and_so_have_two_betas(seen: Experiment) -> None:
    tests = list(blind_tests(seen.runs(), BLIND_SEED))
    assert all(isinstance(test, BlindTest) for test in tests)
    assert [_document(test)["title"] for test in tests] == [
        "beta 0.5, seed 0",
        "beta 2, seed 0",
        "beta 0.5 and beta 2",
    ]
    assert len({_document(test)["digest"] for test in tests}) == 3


def test_the_same_seed_gives_the_same_test_and_another_seed_another(seen: Experiment) -> None:
    run = seen.run(beta=2)
    assert latents_test(run, 3).as_dict() == latents_test(run, 3).as_dict()
    assert latents_test(run, 3).digest != latents_test(run, 4).digest


def test_both_strips_of_every_trial_change_the_picture_equally(seen: Experiment) -> None:
    by_name = {run.name: run for run in seen.runs()}
    for test in blind_tests(seen.runs(), BLIND_SEED):
        assert isinstance(test, BlindTest)
        documents = test.as_dict()["trials"]  # rounded, as the page has them
        first, second = (
            mean_changes(
                pixel_decoder(by_name[name].model),
                np.array([trial["strips"][side] for trial in documents]),
            )
            for side, name in enumerate(test.runs)
        )
        assert first == pytest.approx(second, rel=0.02)


def test_images_are_shown_nowhere_else(seen: Experiment) -> None:
    run = seen.run(beta=2)
    spare = read_blind_codes(run, BLIND_SEED)
    reserved = set(spare.images[spare.spare].tolist())
    for test in blind_tests(seen.runs(), BLIND_SEED):
        assert isinstance(test, BlindTest)
        assert {trial.image for trial in test.trials} <= reserved


def test_why_a_test_cannot_be_made_is_said(trained: Experiment, tmp_path: Any) -> None:
    runs = trained.runs()  # hardly trained: nothing can be seen of its latents
    assert [type(test) for test in blind_tests(runs, BLIND_SEED)] == [NotAsked] * 3
    no_codes = [small_run(tmp_path, run) for run in small_config().runs()]
    for run in no_codes:
        run.files.codes.unlink()
    for test in blind_tests(no_codes, BLIND_SEED):
        assert isinstance(test, NotAsked)
        assert "codes.npz" in test.reason


def test_the_seed_is_the_plans_or_that_of_all_plans(copied: Experiment) -> None:
    signed = read_json(copied.files.plan)
    assert signed["plan"]["blind_seed"] == BLIND_SEED
    assert blind_seed(copied.files) == BLIND_SEED
    signed["plan"]["blind_seed"] = 77
    write_json(copied.files.plan, signed)
    assert blind_seed(copied.files) == 77
    for older in ({}, {"blind_seed": "x"}, {"blind_seed": -1}):
        write_json(copied.files.plan, {"plan": older})
        assert blind_seed(copied.files) == BLIND_SEED
