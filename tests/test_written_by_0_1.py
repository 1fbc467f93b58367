"""What version 0.1.0 wrote: opened, reported, encoded, scored, continued; the same numbers.

`written_by_0_1_0.zip` holds an experiment of 0.1.0 (sprites, a linear pair, two betas, two seeds),
a run of it, and the same run stopped by a signal at step 23 of 40.
"""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file

import unknot
from tests.command_line import fails
from unknot.cli import main
from unknot.common.errors import UserError
from unknot.data.image_set import ImageSet
from unknot.experiments.execute import execute_run
from unknot.experiments.experiment import Experiment
from unknot.metrics.settings import NullSettings
from unknot.runs.folder import RunFolder
from unknot.runs.run import Run
from unknot.runs.scores import score_run_quickly

OTHER_RULE = "the plan was written by another version of unknot, whose rule differs"
NEW_FIGURES = {"verdict", "z", "p_value", "rotation_percentile"}
"""Keys of evidence that is made in another way since."""
NEW_ESTIMATES = {"mig", "mig_sup", "jemmig", "irs"}
"""Scores that are estimated in another way since."""
ARCHIVE = Path(__file__).parent / "written_by_0_1_0.zip"
RENAMED = {
    "of": "runs_included",
    "gaps": "not_available",
    "guide": "collapse",
    "observed": "observed_vs_predicted",
    "switch_off": "collapse_betas",
    "proposed": "suggested_betas",
    "corrected": "p_value_holm",
    "deviation": "std",
    "why": "reasons",
    "percentile": "rotation_percentile",
    "probe": "linear_probe",
    "cosine": "jacobian_cosine",
    "movement": "traversal_effects",
    "names": "label_names",
    "goes_with_it": "correlated_labels",
    "tells_also": "other_labels",
    "left_out": "excluded_labels",
    "num": "num_images",
    "level": "alpha",
    "per_sigma": "change_per_posterior_std",
    "colour": "color",
    "where": "change_map",
    "kind": "change_kind",
    "place": "change_region",
}
"""Key of `evidence.json` in 0.1.0 -> today's."""


@pytest.fixture(scope="module")
def sprites(own_cache: Path) -> ImageSet:
    return unknot.load_images("sprites", num=400, size=32)


@pytest.fixture
def written(sprites: ImageSet, tmp_path: Path) -> Path:
    """The folders, with the cache of today in place of the one that they name."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(tmp_path)
    for record in tmp_path.rglob("images.json"):
        images = json.loads(record.read_text())
        assert images["fingerprint"] == sprites.fingerprint
        record.write_text(json.dumps(images | {"prepared": str(sprites.folder)}))
    return tmp_path


def _numbers(document: Any, path: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], float]:
    """Every number of a document by where it stands, under today's names."""
    if isinstance(document, dict):
        parts = [((*path, RENAMED.get(key, key)), value) for key, value in document.items()]
    elif isinstance(document, list):
        parts = [((*path, i), value) for i, value in enumerate(document)]
    else:
        is_number = isinstance(document, int | float) and not isinstance(document, bool)
        return {path: document} if is_number else {}
    return {at: number for place, value in parts for at, number in _numbers(value, place).items()}


def test_the_evidence_is_collected_again_with_the_same_numbers(written: Path) -> None:
    numbers = _numbers(json.loads((written / "experiment" / "evidence.json").read_text()))
    before = {place: number for place, number in numbers.items() if not NEW_FIGURES & {*place}}
    experiment = Experiment(written / "experiment")
    assert experiment.saved_evidence() is None
    evidence = experiment.evidence()
    assert evidence.exploratory == [OTHER_RULE]
    after = _numbers(json.loads(json.dumps(evidence.as_dict())))
    del before["format",]
    assert before.keys() <= after.keys()
    assert len(before) > 300
    for place, number in before.items():
        # networks may round otherwise on another processor, labels and plans may not
        assert after[place] == pytest.approx(number, rel=1e-4, abs=2e-5), place
    assert experiment.saved_evidence() is not None


def test_it_reports_encodes_and_evaluates(
    written: Path, sprites: ImageSet, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = Experiment(written / "experiment")
    run = experiment.run(beta=30, seed=1)
    with np.load(run.files.codes) as codes:
        rows, mean = codes["image"], codes["posterior_mean"]
    assert np.allclose(run.encode(sprites)[rows], mean, atol=1e-4)
    assert main(["evidence", str(experiment.folder), "--quiet"]) == 0
    assert "What does each latent do?" in capsys.readouterr().out
    assert main(["report", str(experiment.folder)]) == 0
    assert experiment.files.report.stat().st_size > 100_000


def test_scores_are_read_and_computed_alike(written: Path) -> None:
    run = Experiment(written / "experiment").run(beta=1, seed=0)
    before = run.evaluation.scores
    assert before is not None
    assert before.nulls == NullSettings(20, 20, 0, 1000)
    after = score_run_quickly(run)
    for name, score in before.scores.items():
        if name in NEW_ESTIMATES:
            assert np.isfinite(after.scores[name].value), name
            continue
        assert after.scores[name].value == pytest.approx(score.value, abs=1e-9, nan_ok=True), name
    assert before.marginal_kl is not None
    assert after.marginal_kl is not None
    for name in ("total", "per_latent", "total_correlation"):
        assert after.marginal_kl[name] == pytest.approx(before.marginal_kl[name], abs=1e-9)


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(written: Path) -> None:
    run = execute_run(RunFolder(written / "half"), device="cpu")
    expected = load_file(written / "whole" / "weights.safetensors")
    weights = load_file(run.files.weights)
    assert weights.keys() == expected.keys()
    for name, tensor in expected.items():
        np.testing.assert_allclose(weights[name], tensor, rtol=1e-4, atol=1e-5)
    assert run.evaluation.strategy == "single"
    before = Run(written / "whole").evaluation
    assert run.evaluation.test.elbo == pytest.approx(before.test.elbo, rel=1e-5)


def test_a_finished_experiment_trains_nothing_and_takes_more_seeds(
    written: Path, sprites: ImageSet
) -> None:
    folder = written / "experiment"
    options = {"latent_dim": 3, "steps": 40, "batch_size": 16, "network": "linear"}
    options |= {"learning_rate": 0.01, "engine": "inline", "out": folder}
    with pytest.raises(UserError, match=r"\(--recipe one_cycle goes on with it\); choose another"):
        unknot.compare(sprites, [1, 30], [0, 1], **options)
    options["recipe"] = "one_cycle"
    done = {path: path.read_text() for path in folder.glob("*/done")}
    experiment = unknot.compare(sprites, [1, 30], [0, 1], **options)
    assert {path: path.read_text() for path in folder.glob("*/done")} == done
    more = unknot.compare(sprites, [1, 30], [0, 1, 2], **options)
    assert len(more.runs()) == len(experiment.runs()) + 2
    evidence = more.saved_evidence()
    assert evidence is not None
    assert evidence.exploratory == [OTHER_RULE, "seeds: 2 added"]


def test_a_compiled_run_is_refused_in_one_line(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    half = RunFolder(written / "half")
    half.config.write_text(half.config.read_text().replace('mode = "auto"', 'mode = "compiled"'))
    state = json.loads((half.checkpoint / "state.json").read_text())
    compiled = state | {"mode": "compiled float32"}
    (half.checkpoint / "state.json").write_text(json.dumps(compiled))
    with pytest.raises(UserError, match="begun as a compiled run, which this version of"):
        execute_run(half, device="cpu")


def test_its_description_repeats_it(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    description = written / "experiment" / "experiment.toml"
    shutil.copy(description, written / "again.toml")
    text = (written / "again.toml").read_text()
    (written / "again.toml").write_text(f"together = 1\nengine = 'inline'\n{text}")
    assert 'mode = "auto"' in text
    line = fails(["compare", "--config", str(written / "again.toml"), "--betas", "-1"], capsys)
    assert "beta is -1.0" in line  # read as far as that
