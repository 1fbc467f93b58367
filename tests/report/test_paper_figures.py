"""Figures of runs for a paper."""

from pathlib import Path

import numpy as np
import pytest

from tests.report.small import (
    NAN,
    small_choice,
    small_code_scores,
    small_config,
    small_evidence,
    small_run,
    small_score,
)
from unknot.common.errors import UserError
from unknot.common.files import write_arrays
from unknot.config.parts import TrainingConfig
from unknot.report.figures.papers import PaperFigure
from unknot.report.paper_figures import Figures
from unknot.runs.evaluation import CodeScores
from unknot.runs.run import Run


def run_with_codes(
    folder: Path,
    *,
    beta: float,
    seed: int = 0,
    scores: CodeScores | None = None,
    std: float = 1.0,
    objective: str = "beta_vae",
) -> Run:
    """A run whose last latent is collapsed, as its codes show, with a rate of 0."""
    training = TrainingConfig(objective=objective)
    configs = small_config(betas=(beta,), seeds=(seed,), training=training).runs()
    run = small_run(folder, configs[0], scores=scores)
    codes = np.random.default_rng(0).normal(size=(20, 3)) * [std, std, 0.0]
    arrays = {
        "image": np.arange(20),
        "name": np.array([f"{i}.png" for i in range(20)]),
        "split": np.full(20, 2),
        "posterior_mean": codes.astype(np.float32),
        "posterior_logvar": np.zeros((20, 3), np.float32),
        "factors": np.zeros((20, 0)),
        "attributes": np.zeros((20, 0), np.int8),
        "factor_names": np.array([], np.str_),
        "attribute_names": np.array([], np.str_),
        "groups": np.zeros(20, np.int32),
    }
    write_arrays(run.files.codes, arrays)
    return run


@pytest.fixture
def figures(tmp_path: Path) -> Figures:
    runs = [
        run_with_codes(tmp_path, beta=beta, seed=seed) for seed in (0, 1) for beta in (0.5, 2.0)
    ]
    return Figures(*runs, evidence=small_evidence())


def shown(figure: PaperFigure | Path) -> PaperFigure:
    assert isinstance(figure, PaperFigure)
    return figure


def row_labels(figure: PaperFigure | Path) -> list[str]:
    return [label.get_text() for label in shown(figure).figure.axes[0].get_yticklabels()]


@pytest.mark.parametrize("method", ["traversals", "reconstructions", "scores", "rate_distortion"])
def test_a_path_is_written_and_given_back(method: str, figures: Figures, tmp_path: Path) -> None:
    path = tmp_path / "new" / "fig.pdf"
    assert getattr(figures, method)(path, width="84mm") == path
    assert b"/MediaBox [ 0 0 238." in path.read_bytes()
    assert getattr(figures, method)().caption.endswith(".")
    with pytest.raises(UserError, match="let it end in"):
        getattr(figures, method)("fig.jpg")
    with pytest.raises(UserError, match="width is 'wide'"):
        getattr(figures, method)(width="wide")


def test_traversals_have_a_row_for_each_active_latent_by_rate(figures: Figures) -> None:
    figure = figures.traversals()
    assert row_labels(figure) == ["latent 1\n5.00 nats", "latent 0\n1.00 nats"]
    assert shown(figure).caption == (
        "Latents of beta 2 (seed 0) moved one at a time from the mean code of the test images. "
        "Latent 2, collapsed, left out."
    )
    assert len(row_labels(figures.traversals(collapsed=True))) == 3
    fewer = shown(figures.traversals(latents=1, beta=0.5, seed=1, image=1))
    assert row_labels(fewer) == ["latent 1\n5.00 nats"]
    assert "Latents of beta 0.5 (seed 1) moved one at a time from test image 1." in fewer.caption
    assert fewer.caption.endswith("Latent 0, of a smaller rate, left out.")


def test_columns_are_values_of_the_latent(figures: Figures, tmp_path: Path) -> None:
    run = run_with_codes(tmp_path / "other", beta=1.0)
    seen: list[np.ndarray] = []
    decode = run.decode
    run.decode = lambda codes: seen.append(codes) or decode(codes)  # type: ignore[assignment,func-returns-value,method-assign]
    figure = shown(Figures(run).traversals(span=(-1, 1), columns=3))
    labels = [label.get_text() for label in figure.figure.axes[0].get_xticklabels()]
    assert labels == ["\N{MINUS SIGN}1", "0", "1"]
    codes = seen[0].reshape(2, 3, 3)  # row, column, latent
    assert codes[0, :, 1].tolist() == codes[1, :, 0].tolist() == [-1, 0, 1]
    assert np.ptp(codes[0, :, [0, 2]], axis=-1).max() == 0


def test_the_beta_is_the_one_to_take(tmp_path: Path, figures: Figures) -> None:
    runs = [run_with_codes(tmp_path / "other", beta=beta) for beta in (0.5, 2.0)]
    lower = small_evidence(which_beta=small_choice(beta=0.5))
    assert "beta 0.5" in shown(Figures(*runs, evidence=lower).traversals()).caption
    assert "beta 2 " in shown(Figures(runs[1]).traversals()).caption
    with pytest.raises(UserError, match="say which beta to draw, such as beta=2: no evidence"):
        Figures(*runs).traversals()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beta": 7}, "no finished run has beta 7; there are betas 0.5 and 2, seeds 0 and 1"),
        ({"seed": 5}, "no finished run has beta 2.0 and seed 5"),
        ({"image": 2}, "image is 2; it is a number from 0 to 1"),
        ({"image": "mean"}, "image is 'mean'"),
        ({"columns": 1}, "columns is 1; it is a whole number from 2 on"),
        ({"latents": 0}, "latents is 0"),
        ({"span": 3}, "span is 3; give the lowest and the highest value"),
        ({"span": (0, NAN)}, "give the lowest and the highest value"),
        ({"columns": 50}, "50 images in a row are too small to see"),
    ],
)
def test_what_does_not_fit_is_refused(
    options: dict[str, object], message: str, figures: Figures
) -> None:
    with pytest.raises(UserError, match=message):
        figures.traversals(**options)  # type: ignore[arg-type]


def test_a_collapsed_run_has_nothing_to_move(tmp_path: Path) -> None:
    figures = Figures(run_with_codes(tmp_path, beta=9.0, std=0.01))
    with pytest.raises(UserError, match="every latent of beta-9_seed-0 is collapsed"):
        figures.traversals()
    assert len(row_labels(figures.traversals(collapsed=True))) == 3


def test_reconstructions_have_a_row_for_each_beta(figures: Figures) -> None:
    figure = figures.reconstructions()
    assert row_labels(figure) == ["image", "beta 0.5", "beta 2"]
    assert "(seed 0)" in shown(figure).caption
    assert "(seed 1)" in shown(figures.reconstructions(seed=1)).caption
    sheet = shown(figures.reconstructions(images=1)).figure.axes[0].get_images()[0].get_array()
    assert sheet.shape[0] > 2.9 * sheet.shape[1]
    with pytest.raises(UserError, match="images is 0; it is a whole number from 1 on"):
        figures.reconstructions(images=0)


def test_scores_are_those_of_the_points_of_their_nulls(tmp_path: Path) -> None:
    score = small_score("dci_disentanglement", value=0.9)  # 0.25 on the points of its null
    scores = small_code_scores(scores={"dci_disentanglement": score, "mig": small_score("mig")})
    figures = Figures(run_with_codes(tmp_path, beta=1.0, scores=scores))
    (axis,) = shown(figures.scores()).figure.axes
    assert axis.get_xlabel() == "DCI disentanglement"
    assert [line.get_xdata()[0] for line in axis.lines] == [0.25]
    (axis,) = shown(figures.scores(names=["mig"])).figure.axes
    assert axis.get_xlabel() == "MIG"
    with pytest.raises(UserError, match="there is no score 'migg'; there are beta_vae_score"):
        figures.scores(names=["migg"])


def test_without_scores_the_reason_is_given(tmp_path: Path) -> None:
    void = small_code_scores(scores={"mig": small_score(value=NAN)})
    figures = Figures(run_with_codes(tmp_path, beta=1.0, scores=void))
    with pytest.raises(UserError, match="no run has these scores: `unknot evaluate RUN` scores"):
        figures.scores(names=["mig"])
    none = small_code_scores(scores={}, problem="the images have no labels")
    figures = Figures(run_with_codes(tmp_path, beta=2.0, scores=none))
    with pytest.raises(UserError, match="no run has these scores: the images have no labels"):
        figures.scores()


def test_the_plane_has_a_point_for_each_run(figures: Figures) -> None:
    (axis,) = shown(figures.rate_distortion()).figure.axes
    points = [collection.get_offsets().tolist() for collection in axis.collections]
    assert points == [[[6, 1000]] * 2] * 2


def test_without_runs_there_is_nothing_to_draw() -> None:
    with pytest.raises(UserError, match="no run is finished"):
        Figures()


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="list is no run; give runs one by one"):
        Figures([run_with_codes(tmp_path, beta=2.0, seed=0)])  # type: ignore[arg-type]


def test_runs_of_another_objective_are_called_by_it(tmp_path: Path) -> None:
    runs = [run_with_codes(tmp_path, beta=beta, objective="capacity") for beta in (5.0, 10.0)]
    figures = Figures(*runs)
    assert "of capacity 5 (seed 0)" in shown(figures.traversals(beta=5.0)).caption
    (axis,) = shown(figures.rate_distortion()).figure.axes
    assert [text.get_text() for text in axis.get_legend().get_texts()] == [
        "capacity 5",
        "capacity 10",
    ]


def test_runs_of_several_objectives_are_refused(tmp_path: Path) -> None:
    first = run_with_codes(tmp_path, beta=2.0)
    other = run_with_codes(tmp_path, beta=2.0, objective="capacity")
    with pytest.raises(UserError, match="of the objectives beta_vae and capacity, whose"):
        Figures(first, other)
