"""All runs of one comparison, in their folder."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from unknot.common.errors import UserError
from unknot.data.image_set import ImageSet
from unknot.experiments.compare import compare
from unknot.experiments.experiment import Experiment
from unknot.report.figures.papers import PaperFigure
from unknot.report.paper_figures import Figures


def test_a_run_of_another_objective_is_opened_by_its_name(grid: Experiment) -> None:
    assert grid.run(10, objective="dip_vae_i").name == "dip_vae_i-10_seed-0"
    assert grid.run(2).name == "beta-2_seed-0"
    with pytest.raises(UserError, match="no run with dip_vae_i 2 and seed 0; there are dip_vae_i"):
        grid.run(2, objective="dip_vae_i")
    with pytest.raises(UserError, match=r"no objective .capacity.; objectives: beta_vae, dip"):
        grid.run(5, objective="capacity")
    assert "2 betas (0.5 and 2); dip_vae_i (1 and 10), 1 seed of each; 4 of 4 runs" in str(grid)


def test_figures_of_several_objectives_are_of_the_first(grid: Experiment) -> None:
    figures = grid.figures
    assert [run.name for run in figures._runs] == ["beta-0.5_seed-0", "beta-2_seed-0"]
    with pytest.raises(UserError, match="these runs are of the objectives beta_vae and dip_vae_i"):
        Figures(*grid.runs())


def test_runs_are_found_by_beta_and_seed(trained: Experiment) -> None:
    assert trained.run(beta=0.5).name == "beta-0.5_seed-0"
    assert [run.config.beta for run in trained.runs()] == [0.5, 2.0]
    with pytest.raises(UserError, match="no run with beta 3 and seed 0; there are 2 betas"):
        trained.run(beta=3)


def test_unfinished_runs_are_named_with_their_reason(copied: Experiment) -> None:
    first, second = (run.files for run in copied.runs())
    first.done.unlink()
    second.done.unlink()
    first.append_log("error: the disk is full")
    second.append_log("Traceback of ours\nZeroDivisionError: of ours")
    assert copied.failures() == {
        "beta-0.5_seed-0": "the disk is full",
        "beta-2_seed-0": "ZeroDivisionError: of ours",
    }
    assert copied.crashed_runs() == ["beta-2_seed-0"]
    with pytest.raises(UserError, match="holds no finished run"):
        copied.evidence()


def test_evidence_of_other_runs_or_of_an_older_version_is_not_shown(copied: Experiment) -> None:
    evidence = copied.saved_evidence()
    assert evidence is not None
    assert evidence.runs_included == ["beta-0.5_seed-0", "beta-2_seed-0"]
    text = copied.files.evidence.read_text()
    copied.files.evidence.write_text(text.replace('"format": 2', '"format": 1'))
    assert copied.saved_evidence() is None
    copied.files.evidence.write_text(text)
    copied.runs()[0].files.done.unlink()
    assert copied.saved_evidence() is None


def test_the_report_is_one_file_without_a_network(trained: Experiment) -> None:
    html = trained.files.report.read_text()
    assert html.count('src="data:image/') == 1  # the sample
    assert html.count('"sheet":"data:image/') == 2
    assert "http://" not in html.replace("http://www.w3.org", "").replace(
        "http://purl.org", ""
    ).replace("http://creativecommons.org", "")
    assert "default-src 'none'" in html


def test_what_is_no_experiment(copied: Experiment) -> None:
    with pytest.raises(UserError, match="is not the folder of an experiment"):
        Experiment(copied.folder / "beta-2_seed-0")


def test_an_experiment_is_summed_up_in_a_line(copied: Experiment) -> None:
    assert str(copied) == (
        f"Experiment in {copied.folder}: 2 betas (0.5 and 2), 1 seed of each; 2 of 2 runs finished"
    )
    copied.runs()[0].files.done.unlink()
    assert str(copied).endswith("1 of 2 runs finished")
    assert repr(copied) == f"Experiment({str(copied.folder)!r})"


def test_a_notebook_shows_the_page_in_a_frame(copied: Experiment) -> None:
    html = copied._repr_html_()
    assert html.startswith('<iframe sandbox="allow-scripts" srcdoc="')
    assert html.isascii()
    copied.files.evidence.unlink()
    for run in copied.runs():
        shutil.rmtree(run.folder)
    assert copied._repr_html_().startswith("<iframe")  # nothing is trained yet


@pytest.mark.parametrize(
    "content", ["{", '{"format": 2, "answers": [<b>]}', '{"format": 2, "answers": 1}']
)
def test_damaged_evidence_is_said_and_the_page_goes_on_without(
    copied: Experiment, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    copied.files.evidence.write_text(content)
    assert "no evidence of these runs yet" in copied.report().read_text()
    (notice,) = {record.getMessage() for record in caplog.records}
    assert notice.startswith(f"note: {copied.files.evidence} is damaged (")
    assert notice.endswith(f"unknot evidence {copied.folder} makes it again")


def test_what_cannot_be_shown_is_said_in_a_sentence(copied: Experiment) -> None:
    copied.files.environment.write_text("<b>")
    html = copied._repr_html_()
    assert html.startswith("<p>Experiment in ")
    assert "The page cannot be shown: " in html
    assert "environment.json is damaged (not JSON from line 1 on); put back a copy" in html
    assert html.count("<") == 2  # those of the paragraph
    shutil.rmtree(copied.folder)
    assert "environment.json is missing" in copied._repr_html_()


def test_figures_are_of_the_beta_to_take(copied: Experiment, tmp_path: Path) -> None:
    evidence = copied.saved_evidence()
    assert evidence is not None
    assert evidence.which_beta is not None
    figure = copied.figures.traversals(collapsed=True)
    assert isinstance(figure, PaperFigure)
    assert f"Latents of beta {evidence.which_beta.beta:g} (seed 0)" in figure.caption
    assert copied.figures.scores(tmp_path / "scores.svg").is_file()  # type: ignore[union-attr]
    for run in copied.runs():
        run.files.done.unlink()
    with pytest.raises(UserError, match="no run is finished"):
        copied.figures.scores()


def test_a_folder_that_can_only_be_read_says_so_at_once(
    copied: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = copied.files.report.read_bytes()
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    for command in (copied.report, copied.evidence):
        with pytest.raises(UserError, match="can only be read; copy it to a place of your own"):
            command()
    assert copied.files.report.read_bytes() == page


def test_runs_without_scores_and_pictures_are_told_and_made_whole_later(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    out = tmp_path / "bare"
    options: dict[str, Any] = {"steps": 6, "batch_size": 8, "latent_dim": 2, "network": "linear"}
    options |= {"out": out, "engine": "inline", "progress": False}
    bare = compare(small_faces, [1.0], scores="none", pictures="none", **options)
    evidence = bare.saved_evidence()
    assert evidence is not None
    assert evidence.not_available["scores"].startswith("1 of 1 runs were trained with --scores no")
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "scores: the runs were trained with --scores none; unknot evaluate" in page
    assert "no run recorded reconstructions while it was trained" in page
    weights = bare.runs()[0].files.weights.stat()
    whole = compare(small_faces, [1.0], **options)
    (run,) = whole.runs()
    assert run.evaluation.scores is not None
    assert run.files.traversals.exists()
    assert run.files.weights.stat() == weights
    evidence = whole.saved_evidence()
    assert evidence is not None
    assert "scores" not in evidence.not_available
