"""Runs -> figures for a paper: traversals, reconstructions, scores, the rate-distortion plane."""

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.config.parts import BETA_VAE
from unknot.config.run import beta_text
from unknot.evidence.answers import counted, listed
from unknot.evidence.evidence import Evidence
from unknot.metrics.posterior import active_units
from unknot.metrics.registry import HEADLINE, METRICS, SCORES
from unknot.report.figures.paper_grids import image_grid
from unknot.report.figures.paper_plots import (
    ScorePoint,
    rate_distortion_plane,
    score_panels,
    score_title,
)
from unknot.report.figures.papers import (
    PaperFigure,
    check_format,
    in_paper_style,
    width_in_inches,
)
from unknot.runs.held_out import HeldOutCodes
from unknot.runs.run import Run

COLUMN = "3.3in"  # of a page with two columns


class Figures:
    """Figures of runs for a paper, as SVG, PDF or PNG.

    Each method writes the file at `path`, whose ending is the format, and gives it back; without a
    path it gives a `PaperFigure`, which shows itself in a notebook. Its `caption` says what is
    drawn. A width is one such as `3.3in`, `84mm` or `8.4cm`, or a number of inches; text has 7 to 8
    points at that width.

    Args:
        runs: finished runs of one objective on the same images.
        evidence: of them, which says which beta to draw by default.

    Raises:
        UserError: if there is no run, or there are runs of several objectives.
    """

    def __init__(self, *runs: Run, evidence: Evidence | None = None) -> None:
        if not runs:
            raise UserError("no run is finished, so there is nothing to draw yet")
        for run in runs:
            if not isinstance(run, Run):
                raise UserError(
                    f"{type(run).__name__} is no run; give runs one by one, Figures(run, other), "
                    "or use experiment.figures"
                )
        self._objective, *others = dict.fromkeys(run.config.training.objective for run in runs)
        if others:
            raise UserError(
                f"these runs are of the objectives {listed([self._objective, *others])}, whose "
                "strengths mean different things; give the runs of one"
            )
        self._runs, self._evidence = runs, evidence

    def traversals(
        self,
        path: str | Path | None = None,
        width: str | float = COLUMN,
        *,
        beta: float | None = None,
        seed: int | None = None,
        image: int | None = None,
        span: tuple[float, float] = (-3.0, 3.0),
        columns: int = 7,
        latents: int = 10,
        collapsed: bool = False,
    ) -> PaperFigure | Path:
        """Draw one code moved along each latent: a row per latent, a column per value.

        Rows are ordered by rate, which stands beside them. Collapsed latents are left out.

        Args:
            path: of the file.
            width: of the figure.
            beta: of the run; by default the beta that the evidence says to take.
            seed: of the run; by default the lowest.
            image: which of the test images of `reconstructions` to start from; by default the mean
                code of all test images.
            span: lowest and highest value of a latent.
            columns: number of values.
            latents: most rows.
            collapsed: draw collapsed latents too.

        Raises:
            UserError: if something given does not fit.
        """
        inches = _checked(path, width)
        _check_count("columns", columns, 2)
        _check_count("latents", latents, 1)
        run = self._run(beta, seed)
        active = active_units(HeldOutCodes.load(run.files).posterior_mean)
        order = [i for i in np.argsort(-run.kl, kind="stable") if active[i] or collapsed]
        if not order:
            raise UserError(
                f"every latent of {run.name} is collapsed, so nothing would move; collapsed=True "
                "draws them all the same"
            )
        values = np.linspace(*_checked_span(span), columns)
        images = _traverse(run, _start(run, image), order[:latents], values)
        with in_paper_style():
            figure = image_grid(
                images,
                width=inches,
                row_labels=[f"latent {i}\n{run.kl[i]:.2f} nats" for i in order[:latents]],
                column_labels=[_number_text(value) for value in values],
                xlabel="value of the latent",
            )
        start = "the mean code of the test images" if image is None else f"test image {image}"
        left_out = "" if collapsed else _left_out(np.flatnonzero(~active), "collapsed")
        left_out += _left_out(order[latents:], "of a smaller rate")
        caption = f"Latents of {_title(run)} moved one at a time from {start}.{left_out}"
        return _give(PaperFigure(figure, caption), path)

    def reconstructions(
        self,
        path: str | Path | None = None,
        width: str | float = COLUMN,
        *,
        seed: int | None = None,
        images: int = 8,
    ) -> PaperFigure | Path:
        """Draw test images, and below them what the run of each beta makes of them.

        Args:
            path: of the file.
            width: of the figure.
            seed: of the runs; by default the lowest of each beta.
            images: most columns.

        Raises:
            UserError: if something given does not fit.
        """
        inches = _checked(path, width)
        _check_count("images", images, 1)
        betas = sorted({run.config.beta for run in self._runs})
        runs = [self._run(beta, seed) for beta in betas]
        originals = _test_images(runs[0])[:images]
        rows = [originals, *(run.decode(run.encode(originals)) for run in runs)]
        with in_paper_style():
            figure = image_grid(
                np.stack(rows),
                width=inches,
                row_labels=["image", *(run.config.setting for run in runs)],
            )
        seeds = listed([str(seed) for seed in sorted({run.config.seed for run in runs})])
        strength = "beta" if self._objective == BETA_VAE else "strength"
        caption = f"Test images, and their reconstructions at each {strength} (seed {seeds})."
        return _give(PaperFigure(figure, caption), path)

    def scores(
        self,
        path: str | Path | None = None,
        width: str | float = COLUMN,
        *,
        names: Sequence[str] = (),
    ) -> PaperFigure | Path:
        """Draw the scores of every run beside what they are where there is nothing to find.

        A panel per score, a row per beta, a dot per run. A band reaches two standard deviations to
        each side of the mean of random rotations of the run's codes; a line stands at the mean
        where labels are permuted. Dots are of the same images as their band, so they differ a
        little from scores of all test images.

        Args:
            path: of the file.
            width: of the figure.
            names: of scores, such as `mig`; by default those of DCI and InfoMEC.

        Raises:
            UserError: if something given does not fit, or no run has such a score.
        """
        inches = _checked(path, width)
        unknown = [name for name in names if name not in SCORES]
        if unknown:
            raise UserError(f"there is no score {unknown[0]!r}; there are {', '.join(SCORES)}")
        keys = names or [info.key for name in HEADLINE for info in METRICS[name].scores]
        points = {key: self._score_points(key) for key in keys}
        panels = [(score_title(key), of_runs) for key, of_runs in points.items() if of_runs]
        if not panels:
            raise UserError(f"no run has these scores: {self._why_no_scores()}")
        with in_paper_style():
            figure = score_panels(panels, width=inches, objective=self._objective)
        caption = (
            f"Scores of {counted(len(self._runs), 'run')}: each dot is a run, each band the mean "
            "and two standard deviations to each side of it for random rotations of the run's "
            "codes, each line the mean for permuted labels."
        )
        return _give(PaperFigure(figure, caption), path)

    def rate_distortion(
        self, path: str | Path | None = None, width: str | float = COLUMN
    ) -> PaperFigure | Path:
        """Draw every run by its rate and distortion on test images; a line joins the betas' means.

        Args:
            path: of the file.
            width: of the figure.

        Raises:
            UserError: if something given does not fit.
        """
        inches = _checked(path, width)
        losses = [(run.config.beta, run.evaluation.test) for run in self._runs]
        with in_paper_style():
            figure = rate_distortion_plane(
                [(beta, test.rate, test.distortion) for beta, test in losses],
                width=inches,
                objective=self._objective,
            )
        caption = "Rate and distortion on test images; each point is a run, the line joins means."
        return _give(PaperFigure(figure, caption), path)

    def _run(self, beta: float | None, seed: int | None) -> Run:
        """Choose the run of a beta and seed, by default the beta to take and its lowest seed."""
        beta = self._default_beta() if beta is None else beta
        fitting = [
            run for run in self._runs if run.config.beta == beta and seed in (None, run.config.seed)
        ]
        if not fitting:
            wanted = f"beta {beta}" + ("" if seed is None else f" and seed {seed}")
            betas = [beta_text(beta) for beta in sorted({run.config.beta for run in self._runs})]
            seeds = [str(seed) for seed in sorted({run.config.seed for run in self._runs})]
            raise UserError(
                f"no finished run has {wanted}; there are betas {listed(betas)}, seeds "
                f"{listed(seeds)}"
            )
        return min(fitting, key=lambda run: run.config.seed)

    def _default_beta(self) -> float:
        betas = sorted({run.config.beta for run in self._runs})
        if len(betas) == 1:
            return betas[0]
        if self._evidence is None or self._evidence.which_beta is None:
            raise UserError(
                "say which beta to draw, such as beta="
                f"{beta_text(betas[-1])}: no evidence says yet which one to take"
            )
        return self._evidence.which_beta.beta

    def _score_points(self, key: str) -> list[ScorePoint]:
        scored = [(run.config.beta, run.evaluation.scores) for run in self._runs]
        return [
            ScorePoint.of(beta, code_scores.scores[key])
            for beta, code_scores in scored
            if code_scores and key in code_scores.scores
            if isfinite(code_scores.scores[key].value)
        ]

    def _why_no_scores(self) -> str:
        evaluations = [run.evaluation.scores for run in self._runs]
        problems = {scores.problem for scores in evaluations if scores and scores.problem}
        return "; ".join(sorted(problems)) or "`unknot evaluate RUN` scores one"


def _checked(path: str | Path | None, width: str | float) -> float:
    """Refuse a file or width that does not fit before anything is drawn; the width in inches."""
    if path is not None:
        check_format(path)
    return width_in_inches(width)


def _give(figure: PaperFigure, path: str | Path | None) -> PaperFigure | Path:
    return figure if path is None else figure.save(path)


def _check_count(name: str, count: int, least: int) -> None:
    if not isinstance(count, int) or count < least:
        raise UserError(f"{name} is {count!r}; it is a whole number from {least} on")


def _checked_span(span: tuple[float, float]) -> tuple[float, float]:
    numbers = np.asarray(span)
    if numbers.shape != (2,) or numbers.dtype.kind not in "if" or not np.isfinite(numbers).all():
        raise UserError(f"span is {span!r}; give the lowest and the highest value, such as (-3, 3)")
    return float(numbers[0]), float(numbers[1])


def _test_images(run: Run) -> NDArray[np.uint8]:
    """The test images whose reconstructions the run keeps, `(num, channel, height, width)`."""
    images: NDArray[np.uint8] = run.frames()["images"]
    return images


def _start(run: Run, image: int | None) -> NDArray[np.floating]:
    """The code of one of the run's test images, or the mean of all codes, `(latent_dim,)`."""
    if image is None:
        mean: NDArray[np.floating] = HeldOutCodes.load(run.files).posterior_mean.mean(0)
        return mean
    images = _test_images(run)
    if not isinstance(image, int) or not 0 <= image < len(images):
        raise UserError(f"image is {image!r}; it is a number from 0 to {len(images) - 1}")
    code: NDArray[np.floating] = run.encode(images[image : image + 1])[0]
    return code


def _traverse(
    run: Run,
    code: NDArray[np.floating],
    latents: Sequence[int],
    values: NDArray[np.floating],
) -> NDArray[np.uint8]:
    """Decode a code with each latent set to each value, `(latents, values, channel, ...)`."""
    codes = np.tile(code, (len(latents), len(values), 1))
    for row, latent in enumerate(latents):
        codes[row, :, latent] = values
    images = run.decode(codes.reshape(-1, run.latent_dim))
    return images.reshape(*codes.shape[:2], *images.shape[1:])


def _number_text(value: float) -> str:
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")


def _title(run: Run) -> str:
    return f"{run.config.setting} (seed {run.config.seed})"


def _left_out(latents: Sequence[int] | NDArray[np.integer], why: str) -> str:
    """Say which latents are not drawn; nothing if all are."""
    if not len(latents):
        return ""
    names = listed([str(latent) for latent in latents])
    return f" {'Latent' if len(latents) == 1 else 'Latents'} {names}, {why}, left out."
