"""How a run shows itself."""

import io
import re
from base64 import b64decode
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from unknot.experiments.experiment import Experiment
from unknot.runs.display import run_facts, run_html, run_text
from unknot.runs.run import Run

HOSTILE = "<script>alert(1)</script>&\"'"


@pytest.fixture
def run(copied: Experiment) -> Run:
    return copied.run(beta=2)


def test_a_run_is_summed_up_in_a_line(run: Run) -> None:
    test = run.evaluation.test
    assert str(run) == (
        f"Run with beta 2, seed 0 in {run.folder}: "
        f"distortion {test.distortion:,.1f} nats per image, rate {test.rate:.2f} nats per image, "
        f"active latents {len(run.evaluation.scores.active_latents)} of 3"  # type: ignore[union-attr]
    )
    assert repr(run) == f"Run({str(run.folder)!r})"


def test_a_run_of_another_objective_names_it_with_its_strength(grid: Experiment) -> None:
    other = grid.run(10, objective="dip_vae_i")
    assert str(other).startswith(f"Run with dip_vae_i 10, seed 0 in {other.folder}: distortion")


def test_a_notebook_gets_facts_and_the_traversals(run: Run) -> None:
    html = run._repr_html_()
    for name in ("beta", "seed", "distortion", "rate", "active latents", "folder"):
        assert f">{name}</th>" in html
    (address,) = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    with (
        Image.open(io.BytesIO(b64decode(address))) as drawn,
        Image.open(run.files.traversals) as there,
    ):
        assert np.array_equal(np.asarray(drawn), np.asarray(there.convert("RGB")))


def test_too_few_images_tell_no_active_latents(run: Run) -> None:
    evaluation = run.evaluation
    assert evaluation.scores is not None
    few = replace(evaluation, scores=replace(evaluation.scores, num_images=5))
    few.save(run.files.evaluation)
    assert "active latents" not in run_facts(run.files, run.config)
    replace(evaluation, scores=None).save(run.files.evaluation)
    assert "active latents" not in run_facts(run.files, run.config)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"format": 2}'])
def test_what_cannot_be_read_is_said(run: Run, content: str | None) -> None:
    run.files.evaluation.unlink()
    if content is not None:
        run.files.evaluation.write_text(content)
    run.files.traversals.unlink()
    for text in (run_text(run.files, run.config), run_html(run.files, run.config)):
        assert "cannot be read" in text
        assert "evaluation.json" in text
        assert "<img" not in text


def test_names_of_the_users_are_escaped(copied: Experiment) -> None:
    folder = copied.folder.rename(copied.folder.with_name(HOSTILE.replace("/", "")))
    html = Experiment(folder).run(beta=2)._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_what_is_no_picture_is_left_out_and_said(run: Run) -> None:
    run.files.traversals.write_text("<script>alert(1)</script>")
    html = run._repr_html_()
    assert "<img" not in html
    assert "traversals.png is no picture that can be shown" in html
