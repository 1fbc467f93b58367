"""What the page's scripts read of every run: decoders, codes to start from, reconstructions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.common.notices import give_notice
from unknot.config.run import beta_text
from unknot.evidence.evidence import Evidence
from unknot.evidence.rate_matching import RunPosteriors
from unknot.evidence.run_evidence import posteriors_of
from unknot.report.browser_decoder import (
    BrowserModel,
    PixelScale,
    browser_model,
    encoded,
    kernel,
    pixel_scale,
)
from unknot.report.detailed_runs import DetailedRuns
from unknot.report.latent_pairs import pair_latents
from unknot.report.latent_text import best_label_text
from unknot.report.page_budget import make_within_budget
from unknot.report.run_figures import prior_codes
from unknot.report.script_sheets import sheet_address
from unknot.report.text import run_title
from unknot.runs.codecs import Codec
from unknot.runs.held_out import HeldOutCodes
from unknot.runs.run import Run

MODEL_BYTES = 8_000_000
"""Once the decoders of the first seeds have so many characters, no more go into the page."""
SHEET_BYTES = 4_000_000
"""The same of the sheets of reconstructions."""
DECIMALS = 4  # of codes
NUM_BINS, REACH = 32, 4.0  # of the histograms, which reach from -4 to 4


@dataclass(frozen=True)
class ScriptLatent:
    """One latent of a run.

    Attributes:
        index: its number in the model.
        kl: its rate on test images, in nats.
        active: whether its codes differ from image to image.
        label: that it carries, in a few words; empty if none.
        histogram: how many test images have a code in each of `NUM_BINS` bins from -4 to 4.
    """

    index: int
    kl: float
    active: bool
    label: str
    histogram: list[int]


@dataclass(frozen=True)
class ScriptRun:
    """One run.

    Attributes:
        name: of its folder.
        title: its beta and seed.
        beta: as people write it.
        objective: it was trained with.
        seed: of the run.
        latents: the largest rate first.
        sheet: its reconstructions, a row for each recorded step, as a data address; None where they
            are not in the page.
        model: its decoder; None where it is not in the page.
        codes: of the test images, where there is a decoder.
        partners: name of each other run with a decoder -> for every latent, in the order of their
            numbers, the other's latent that goes with it and the correlation, or None.
        reason: why there is no decoder, in words.
    """

    name: str
    title: str
    beta: str
    objective: str
    seed: int
    latents: Sequence[ScriptLatent]
    sheet: str | None
    model: BrowserModel | None
    codes: list[list[float]]
    partners: Mapping[str, Sequence[tuple[int, float] | None]]
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a JSON document."""
        return {
            "name": self.name,
            "title": self.title,
            "beta": self.beta,
            "objective": self.objective,
            "seed": self.seed,
            "latents": [asdict(latent) for latent in self.latents],
            "sheet": self.sheet,
            "model": self.model.as_dict() if self.model else None,
            "codes": self.codes,
            "partners": self.partners,
        }


@dataclass(frozen=True)
class ScriptData:
    """All that the page's scripts read.

    Attributes:
        kernel: the decoder's WebAssembly.
        images: test images, side by side, as a data address; empty where there are none.
        num_images: how many.
        steps: of training at which they were reconstructed.
        folder: of the experiment.
        samples: of the prior, which traversals start from.
        scale: how a decoder's outputs become pixels.
        runs: every beta of the first seed first.
    """

    kernel: str
    images: str
    num_images: int
    steps: list[int]
    folder: str
    samples: list[list[float]]
    scale: PixelScale
    runs: Sequence[ScriptRun]

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a JSON document."""
        return {
            "kernel": self.kernel,
            "images": self.images,
            "num_images": self.num_images,
            "steps": self.steps,
            "folder": self.folder,
            "samples": self.samples,
            "scale": asdict(self.scale),
            "reach": REACH,
            "runs": [run.as_dict() for run in self.runs],
        }


def empty_script_data() -> ScriptData:
    """Give what the scripts of a page without any finished run read."""
    return ScriptData(
        kernel="",
        images="",
        num_images=0,
        steps=[],
        folder="",
        samples=[],
        scale=PixelScale(shape=(1, 1, 1), mean="", std="", sigmoid=False),
        runs=[],
    )


def script_data(
    runs: Sequence[Run], evidence: Evidence | None, detailed: DetailedRuns | None = None
) -> ScriptData | None:
    """Gather all that the page's scripts read; None where there is no run.

    Args:
        runs: finished, every beta of the first seed first.
        evidence: for the latents' labels.
        detailed: those that may have decoders and reconstructions; None for all.
    """
    if not runs:
        return None
    frames = next(filter(None, map(_frames, runs)), {})
    images = frames.get("images", np.empty((0, *runs[0].image_shape), np.uint8))
    codes = {run.name: posteriors_of(run, HeldOutCodes.load(run.files)) for run in runs}
    described: list[ScriptRun] = []
    model_bytes = 0
    shown = [run for run in runs if detailed is None or run.name in detailed.names]
    made = make_within_budget(_sheet, shown, len, SHEET_BYTES)
    sheets = {run.name: sheet for run, sheet in zip(shown, made)}
    for run in runs:
        reason = "" if model_bytes < MODEL_BYTES else _over_budget()
        described.append(
            _describe(
                run,
                _script_latents(run, _label_texts(evidence, run), codes[run.name]),
                images,
                no_model=reason if detailed is None or run in shown else detailed.reason,
                sheet=sheets.get(run.name) or None,
            )
        )
        model = described[-1].model
        model_bytes += len(encoded(model.weights)) if model else 0
    described = _with_partners(described, codes)
    return ScriptData(
        kernel=kernel(),
        images=sheet_address(images[None], lossless=True) if len(images) else "",
        num_images=len(images),
        steps=frames["steps"].tolist() if frames else [],
        folder=str(runs[0].folder.parent),
        samples=np.round(prior_codes(runs[0]), DECIMALS).tolist(),
        scale=_scale(runs, described),
        runs=described,
    )


def _describe(
    run: Run,
    latents: Sequence[ScriptLatent],
    images: NDArray[np.uint8],
    *,
    no_model: str,
    sheet: str | None,
) -> ScriptRun:
    model, reason = (None, no_model) if no_model else _open_decoder(run)
    return ScriptRun(
        name=run.name,
        title=run_title(run.config),
        beta=beta_text(run.config.beta),
        objective=run.config.training.objective,
        seed=run.config.seed,
        latents=latents,
        sheet=sheet,
        model=model,
        codes=_codes(run, images) if model else [],
        partners={},
        reason=reason,
    )


def _script_latents(run: Run, labels: Sequence[str], codes: RunPosteriors) -> list[ScriptLatent]:
    """The latents of a run, the largest rate first."""
    edges = np.linspace(-REACH, REACH, NUM_BINS + 1)
    kl = run.kl
    return [
        ScriptLatent(
            index=latent,
            kl=round(float(kl[latent]), DECIMALS),
            active=latent in codes.active,
            label=labels[latent],
            histogram=np.histogram(codes.mean[:, latent], edges)[0].tolist(),
        )
        for latent in np.argsort(-kl, kind="stable").tolist()
    ]


def _partners(first: RunPosteriors, second: RunPosteriors) -> list[tuple[int, float] | None]:
    """For each latent of the first its partner in the second, with the correlation."""
    partners: list[tuple[int, float] | None] = [None] * first.mean.shape[1]
    for pair in pair_latents(first, second):
        partners[pair.latent] = pair.partner, round(pair.correlation, 2)
    return partners


def _with_partners(
    runs: Sequence[ScriptRun], codes: Mapping[str, RunPosteriors]
) -> list[ScriptRun]:
    """The runs, those with a decoder paired with each other."""
    open_names = [run.name for run in runs if run.model]
    return [
        replace(
            run,
            partners={
                name: _partners(codes[run.name], codes[name])
                for name in open_names
                if name != run.name
            },
        )
        if run.model
        else run
        for run in runs
    ]


def _open_decoder(run: Run) -> tuple[BrowserModel | None, str]:
    """A run's decoder for the page, or the reason why it has none."""
    try:
        return browser_model(run.model), ""
    except UserError as error:
        return None, str(error)


def _over_budget() -> str:
    return f"the page holds some {MODEL_BYTES / 1e6:.0f} MB of decoders, those of the first seeds"


def _scale(runs: Sequence[Run], described: Sequence[ScriptRun]) -> PixelScale:
    """The scale of the first run whose decoder is in the page."""
    for run, script_run in zip(runs, described):
        if script_run.model:
            return pixel_scale(run.model)
    return PixelScale(shape=runs[0].image_shape, mean="", std="", sigmoid=False)


def _codes(codec: Codec, images: NDArray[np.uint8]) -> list[list[float]]:
    codes: list[list[float]] = np.round(codec.posterior(images).mean.numpy(), DECIMALS).tolist()
    return codes


def _label_texts(evidence: Evidence | None, run: Run) -> list[str]:
    """The label that each latent carries: a given one, or else one computed from the pixels."""
    of_run = evidence.runs.get(run.name) if evidence else None
    if of_run is None:
        return [""] * run.latent_dim
    tables = [table for table in (of_run.labels, of_run.properties) if table]
    return [
        next(filter(None, (best_label_text(table, i) for table in tables)), "")
        for i in range(run.latent_dim)
    ]


def _sheet(run: Run) -> str:
    """A run's reconstructions on one sheet; empty where there are none."""
    frames = _frames(run)
    return sheet_address(frames["reconstructions"]) if frames else ""


def _frames(run: Run) -> dict[str, NDArray[Any]]:
    """A run's reconstructions over training; none where they are damaged, which is said."""
    if not run.files.frames.exists():
        return {}
    try:
        return run.frames()
    except UserError as error:
        give_notice(f"{error}; the page shows no reconstructions over training of {run.name}")
        return {}
