"""What one run alone can answer."""

import json

import pytest

from unknot.common.errors import UserError
from unknot.data.image_set import ImageSet
from unknot.evidence.answers import AXES, LATENTS
from unknot.evidence.single_run import evidence_of_run
from unknot.experiments.experiment import Experiment


def test_it_answers_as_the_experiment_does(four_runs: Experiment, faces: ImageSet) -> None:
    run, calls = four_runs.run(8, 1), list[tuple[str, int, int]]()
    alone = evidence_of_run(run, faces, progress=lambda *call: calls.append(call))
    assert [answer.question for answer in alone.answers] == [LATENTS, AXES]
    together = four_runs.saved_evidence()
    assert together is not None
    assert alone.run.as_dict() == together.runs[run.name].as_dict()
    assert alone.axes.tests.keys() == together.axes[run.name].tests.keys()
    assert calls[0] == ("evidence", 0, 1)
    assert json.loads(json.dumps(alone.as_dict()))["not_available"]["beta"].startswith("Whether")


def test_other_images_are_refused(four_runs: Experiment, bare_faces: ImageSet) -> None:
    with pytest.raises(UserError, match="was trained on other images"):
        evidence_of_run(four_runs.run(8, 1), bare_faces)
