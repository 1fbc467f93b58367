"""A card for each latent of every run: what it does, seen and in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from unknot.common.errors import UserError
from unknot.evidence.run_evidence import pixel_decoder, posteriors_of
from unknot.evidence.traversal_effects import Decode
from unknot.report.blind.codes import spare_rows
from unknot.report.blind.experiment import blind_seed
from unknot.report.detailed_runs import DetailedRuns
from unknot.report.latent_cards import CardSource, HeldOutImages, LatentCard, latent_cards
from unknot.report.latent_pairs import PAIRED, latent_partners
from unknot.report.latent_text import collapsed_text
from unknot.report.page_budget import make_within_budget
from unknot.report.sections import NO_EVIDENCE, NO_RUN, LeftOut, ReportContext
from unknot.report.text import run_title
from unknot.runs.held_out import HeldOutCodes
from unknot.runs.run import Run

NO_EXPERIMENT = "this run was trained alone; unknot evidence RUN asks it"
PICTURE_BYTES = 2_000_000
"""Once the pictures of the first runs' cards have so many characters, no more go into the page."""


@dataclass(frozen=True)
class RunCards:
    """The cards of one run.

    Attributes:
        name: of the run.
        title: its beta and seed.
        cards: one for each active latent, the largest rate first.
        collapsed: which latents are not in use, in a sentence; empty if all are.
        missing: what the cards lack and why, a sentence each.
    """

    name: str
    title: str
    cards: Sequence[LatentCard]
    collapsed: str
    missing: Sequence[str]

    @property
    def num_bytes(self) -> int:
        """What its pictures take in the page."""
        return sum(card.num_bytes for card in self.cards)


@dataclass(frozen=True)
class Cards:
    """The cards of every run.

    Attributes:
        runs: every beta of the first seed first.
        paired: rank correlation from which on two latents are called a pair.
        others: which runs have no cards, and why, in sentences; empty where all have.
    """

    runs: Sequence[RunCards]
    paired: float
    others: str


def cards(context: ReportContext) -> Cards | LeftOut:
    """Make a card for each active latent of every run."""
    if not context.runs:
        return LeftOut(NO_RUN)
    detailed = context.detailed
    shown = [run for run in context.runs if detailed is None or run.name in detailed.names]
    codes = {run.name: posteriors_of(run, HeldOutCodes.load(run.files)) for run in shown}
    partners = latent_partners(codes)
    images, no_images = _test_images(context.runs[0], blind_seed(context.files))
    evidence = context.evidence.runs if context.evidence else {}

    def make(run: Run, *, with_pictures: bool = True) -> RunCards:
        decode, no_decoder = _decoder(run) if with_pictures else (None, _over_budget())
        source = CardSource(
            run=run,
            codes=codes[run.name],
            partners=partners,
            evidence=evidence.get(run.name),
            images=images if with_pictures else None,
            decode=decode,
        )
        gaps = [no_decoder, no_images if with_pictures else "", *_gaps_of_evidence(context, run)]
        return _run_cards(source, list(filter(None, gaps)))

    illustrated = make_within_budget(
        make, shown, lambda run_cards: run_cards.num_bytes, PICTURE_BYTES
    )
    runs = [
        run_cards or make(run, with_pictures=False) for run, run_cards in zip(shown, illustrated)
    ]
    return Cards(runs, PAIRED, _others_text(detailed) if detailed else "")


def _run_cards(source: CardSource, missing: Sequence[str]) -> RunCards:
    run, codes = source.run, source.codes
    collapsed = sorted(set(range(run.latent_dim)) - set(codes.active.tolist()))
    return RunCards(
        name=run.name,
        title=run_title(run.config),
        cards=latent_cards(source),
        collapsed=collapsed_text(collapsed),
        missing=missing,
    )


def _test_images(run: Run, seed: int) -> tuple[HeldOutImages | None, str]:
    """The test images of an experiment, or a sentence that says why they cannot be shown.

    Args:
        run: of the experiment.
        seed: of the blind test.
    """
    try:
        images = run.files.open_prepared_images()
    except UserError as error:
        return None, f"The images with the lowest and the highest codes are not shown: {error}."
    rows = images.indices("test")
    spare = spare_rows(rows, len(images), seed)
    return HeldOutImages(pixels=images.images, rows=rows, spare=spare), ""


def _decoder(run: Run) -> tuple[Decode | None, str]:
    """What draws a run's pictures, or a sentence that says why there are none."""
    try:
        return pixel_decoder(run.model), ""
    except UserError as error:
        return None, f"What moving a latent does is not shown: {error}."


def _gaps_of_evidence(context: ReportContext, run: Run) -> list[str]:
    """What is not known of a run, and why, in sentences."""
    if context.evidence is None:
        why = NO_EVIDENCE if context.files.is_experiment else NO_EXPERIMENT
        return [f"Which labels explain these latents is not known: {why}."]
    if run.name not in context.evidence.runs:
        return ["The evidence was gathered without this run: unknot evidence EXPERIMENT adds it."]
    of_run, evidence = context.evidence.runs[run.name], context.evidence
    reasons = evidence.rows.get(run.config.training.objective, evidence).not_available
    if of_run.labels is None:
        why = reasons.get("labels", "the images have none")
        return [f"No labels that came with the images were compared with these latents: {why}."]
    return []


def _others_text(detailed: DetailedRuns) -> str:
    """Say which runs have no cards, and why; empty where all have."""
    if not detailed.reason:
        return ""
    return f"{detailed.reason[0].upper()}{detailed.reason[1:]}. {detailed.choice}"


def _over_budget() -> str:
    return (
        f"These cards have no pictures: the page holds some {PICTURE_BYTES / 1e6:.0f} MB of them, "
        "those of the first runs."
    )
