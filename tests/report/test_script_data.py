"""What the page's scripts read."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.report.small import small_config, small_context, small_evidence, small_run
from unknot.config.parts import ModelConfig
from unknot.report.script_data import ScriptData, script_data
from unknot.runs.run import Run


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    return [small_run(tmp_path, run) for run in small_config().runs()]


def gathered(runs: list[Run]) -> ScriptData:
    data = script_data(runs, small_evidence())
    assert data is not None
    return data


def test_latents_stand_in_the_order_of_their_rate_with_their_labels(runs: list[Run]) -> None:
    latents = gathered(runs).runs[0].latents
    assert [latent.index for latent in latents] == [1, 0, 2]
    assert [latent.kl for latent in latents] == [5.0, 1.0, 0.0]
    assert [latent.label for latent in latents] == ["", "Bald (AUROC 0.90)", ""]
    bare = script_data(runs, None)
    assert bare is not None
    assert {latent.label for latent in bare.runs[0].latents} == {""}


def test_runs_with_a_decoder_are_paired_by_their_codes(tmp_path: Path) -> None:
    runs = [small_run(tmp_path, run) for run in small_config(seeds=(0, 1)).runs()]
    first = gathered(runs).runs[0]
    assert set(first.partners) == {run.name for run in runs} - {first.name}
    assert first.partners["beta-0.5_seed-1"] == [(1, 1.0), (0, 1.0), None]
    assert first.partners["beta-2_seed-0"] == [(0, 1.0), (1, 1.0), None]


def test_histograms_count_the_test_images(runs: list[Run]) -> None:
    latents = {latent.index: latent for latent in gathered(runs).runs[0].latents}
    assert [sum(latents[i].histogram) for i in range(3)] == [20, 20, 20]
    assert [latents[i].active for i in range(3)] == [True, True, False]


def test_codes_are_those_of_the_images(runs: list[Run]) -> None:
    data = gathered(runs)
    assert data.num_images == 2
    assert data.steps == [1, 6, 12]
    expected = runs[1].encode(runs[1].frames()["images"])
    assert np.allclose(data.runs[1].codes, expected, atol=1e-4)
    assert data.images.startswith("data:image/png;base64,")
    assert (data.runs[0].sheet or "").startswith("data:image/")


def test_the_document_is_json_with_what_the_scripts_ask_for(runs: list[Run]) -> None:
    document = json.loads(json.dumps(gathered(runs).as_dict()))
    assert set(document) == {
        "kernel",
        "images",
        "num_images",
        "steps",
        "folder",
        "reach",
        "samples",
        "scale",
        "runs",
    }
    assert document["scale"]["shape"] == [3, 32, 32]
    assert len(document["samples"]) == 8
    run = document["runs"][0]
    assert set(run) == {
        "name",
        "title",
        "beta",
        "objective",
        "seed",
        "latents",
        "sheet",
        "model",
        "codes",
        "partners",
    }
    assert run["model"]["layers"][0]["kind"] == "dense"


def test_what_is_beyond_the_budget_is_left_out(
    runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unknot.report.script_data.MODEL_BYTES", 10)
    monkeypatch.setattr("unknot.report.script_data.SHEET_BYTES", 10)
    first, second = gathered(runs).runs
    assert first.model is not None
    assert first.sheet is not None
    assert (second.model, second.sheet, second.codes) == (None, None, [])
    assert second.reason.startswith("the page holds some")


def test_a_decoder_that_is_too_large_is_left_out(
    runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unknot.report.browser_decoder.LARGEST_MB", 0)
    described = gathered(runs).runs[0]
    assert described.model is None
    assert described.reason.endswith("of the page, which has room for 0 MB")


def test_runs_without_frames_start_from_no_image(tmp_path: Path) -> None:
    runs = [small_run(tmp_path, small_config().runs()[0], frames=False)]
    data = gathered(runs)
    assert (data.num_images, data.images, data.steps) == (0, "", [])
    assert data.runs[0].sheet is None
    assert data.runs[0].model is not None
    assert data.runs[0].codes == []


def test_a_model_that_cannot_be_opened_gives_its_reason(tmp_path: Path) -> None:
    config = small_config(model=ModelConfig(latent_dim=3, network="custom"))
    data = gathered([small_run(tmp_path, config.runs()[0])])
    assert data.runs[0].model is None
    assert "network of your own" in data.runs[0].reason
    assert data.scale.shape == (3, 32, 32)
    assert data.scale.mean == ""


def test_without_runs_there_is_none(tmp_path: Path) -> None:
    assert script_data([], small_evidence()) is None
    assert small_context(tmp_path, runs=[]).script_data is None
