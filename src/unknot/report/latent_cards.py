"""A card for each active latent of a run: pictures, words and partners."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unknot.evidence.rate_matching import RunPosteriors
from unknot.evidence.rotation_null import spaced_rows
from unknot.evidence.run_evidence import RunEvidence
from unknot.evidence.traversal_effects import QUANTILES, Decode
from unknot.report.figures.latent_pictures import (
    Histogram,
    change_picture,
    data_address,
    film,
    histogram,
)
from unknot.report.latent_pairs import Partners, card_address
from unknot.report.latent_text import LatentSentences, latent_sentences
from unknot.report.text import run_title
from unknot.runs.run import Run

FloatArray = NDArray[np.float64]
VALUES = np.linspace(-3, 3, 9)  # of a latent in its strip
NUM_STARTS = 8  # test images from which a latent is moved, to see where the picture changes
NUM_EXTREMES = 6  # test images with the lowest codes, and as many with the highest
STRIP_CELL, EXTREMES_CELL, CHANGE_SIZE = 64, 48, 48  # images in the pictures, in pixels
STRIP_CHARACTERS, EXTREMES_CHARACTERS, CHANGE_CHARACTERS = 5_200, 4_600, 1_200  # in the page
NOTHING_KNOWN = LatentSentences(lead="", details="", effect="")


class Picture(NamedTuple):
    """A small picture.

    Attributes:
        source: a data address.
        alt: what it shows, with the numbers.
        width: in pixels.
        height: in pixels.
    """

    source: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True)
class LatentCard:
    """One latent of one run.

    Attributes:
        latent: its number.
        title: of the run.
        address: that leads to the card.
        key: name of the run and number of the latent, as the page's script knows the card.
        kl: its rate on test images in nats.
        sentences: what it does.
        strip: the latent moved from -3 to 3; None without a decoder or beyond the page's size.
        change: where that changes the picture; likewise.
        extremes: real images with the lowest and the highest codes; None where images are gone, or
            there is but one.
        histogram: of its codes over the test images.
        spread: the same in words.
        partners: latents of other runs that are like it.
    """

    latent: int
    title: str
    address: str
    key: str
    kl: float
    sentences: LatentSentences
    strip: Picture | None
    change: Picture | None
    extremes: Picture | None
    histogram: Histogram
    spread: str
    partners: Partners

    @property
    def num_bytes(self) -> int:
        """What its pictures take in the page."""
        pictures = (self.strip, self.change, self.extremes)
        return sum(len(picture.source) for picture in pictures if picture)


class HeldOutImages(NamedTuple):
    """The test images of an experiment.

    Attributes:
        pixels: of all images, uint8, shape `(num_images, channel, height, width)`; on disk.
        rows: which of them are test images, in the order of their codes, shape `(num,)`.
        spare: places in `rows` of those that the blind test alone shows.
    """

    pixels: NDArray[np.uint8]
    rows: NDArray[np.int64]
    spare: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CardSource:
    """What the cards of a run are made from.

    Attributes:
        run: trained.
        codes: posteriors of its test images.
        partners: of every latent of every run.
        evidence: what is known of the run; None where nothing is.
        images: None where they are gone, or not to be shown.
        decode: None where the run's decoder cannot draw, or is not to.
    """

    run: Run
    codes: RunPosteriors
    partners: Mapping[tuple[str, int], Partners]
    evidence: RunEvidence | None
    images: HeldOutImages | None
    decode: Decode | None


def latent_cards(source: CardSource) -> list[LatentCard]:
    """Make the cards of a run's active latents, the largest rate first."""
    kl = source.run.kl
    latents = sorted(source.codes.active.tolist(), key=lambda latent: -kl[latent])
    return [_card(source, latent, float(kl[latent])) for latent in latents]


def _card(source: CardSource, latent: int, kl: float) -> LatentCard:
    run, evidence, images = source.run, source.evidence, source.images
    mean = source.codes.mean
    values = mean[:, latent].astype(np.float64)
    strip = change = None
    if source.decode:
        starts = mean[spaced_rows(len(mean), NUM_STARTS)].astype(np.float64)
        strip, change = _decoded(source.decode, starts, latent, np.quantile(values, QUANTILES))
    return LatentCard(
        latent=latent,
        title=run_title(run.config),
        address=card_address(run.name, latent),
        key=f"{run.name}/{latent}",
        kl=kl,
        sentences=latent_sentences(evidence, latent) if evidence else NOTHING_KNOWN,
        strip=strip,
        change=change,
        extremes=_extremes(images, values, latent) if images else None,
        histogram=histogram(values),
        spread=(
            f"Codes of {len(values):,} test images: mean {values.mean():.2f}, standard deviation "
            f"{values.std():.2f}, from {values.min():.1f} to {values.max():.1f}; the line is the "
            "prior"
        ),
        partners=source.partners[run.name, latent],
    )


def _decoded(
    decode: Decode, starts: FloatArray, latent: int, ends: FloatArray
) -> tuple[Picture, Picture]:
    """Move a latent, and draw what comes of it and where it changes the picture.

    Args:
        decode: codes -> pixels.
        starts: codes of test images, shape `(num, latent_dim)`.
        latent: its number.
        ends: low and high value between which the change is measured.
    """
    from_image, from_mean = starts[:1], np.zeros_like(starts[:1])
    places = [
        (from_image, VALUES),
        (from_mean, VALUES),
        *((starts, np.full(len(starts), end)) for end in ends),
    ]
    pixels = decode(np.concatenate([_moved(start, latent, values) for start, values in places]))
    strip, pairs = pixels[: 2 * len(VALUES)], pixels[2 * len(VALUES) :]
    low, high = np.split(pairs, 2)
    rows = np.clip(strip, 0, 255).round().astype(np.uint8)
    rows = rows.reshape(2, len(VALUES), *rows.shape[1:])
    change = np.sqrt(((high - low).astype(np.float64) ** 2).mean((0, 1)))
    return _strip(rows, latent), _change(change, rows[1, len(VALUES) // 2], latent)


def _moved(start: FloatArray, latent: int, values: FloatArray) -> FloatArray:
    """Codes with one latent at each of some values, shape `(len(values), latent_dim)`."""
    codes = np.broadcast_to(start, (len(values), start.shape[1])).copy()
    codes[:, latent] = values
    return codes


def _strip(rows: NDArray[np.uint8], latent: int) -> Picture:
    ends = np.abs(rows[:, -1].astype(float) - rows[:, 0]).mean((1, 2, 3))
    return _picture(
        film(rows, STRIP_CELL),
        STRIP_CHARACTERS,
        f"Latent {latent} moved from -3 to 3 in nine steps, above from a test image, below with "
        f"all others at 0. From end to end a pixel changes by {ends[0] / 255:.0%} (above) and "
        f"{ends[1] / 255:.0%} (below) of the way from black to white, on average",
    )


def _change(change: FloatArray, backdrop: NDArray[np.uint8], latent: int) -> Picture:
    height, width = change.shape
    row, column = np.unravel_index(change.argmax(), change.shape)
    return _picture(
        change_picture(change, backdrop, CHANGE_SIZE),
        CHANGE_CHARACTERS,
        f"Where latent {latent} changes the picture: most, by {change.max() / 255:.0%} of the way "
        f"from black to white, {column / width:.0%} of the width from the left and "
        f"{row / height:.0%} of the height from the top; by {change.mean() / 255:.0%} on average",
    )


def _extremes(images: HeldOutImages, values: FloatArray, latent: int) -> Picture | None:
    order = np.argsort(values, kind="stable")
    order = order[~np.isin(order, images.spare)]
    num = min(NUM_EXTREMES, len(order) // 2)
    if not num:
        return None
    lowest, highest = order[:num], order[::-1][:num]
    chosen = images.pixels[images.rows[np.concatenate([lowest, highest])]]
    return _picture(
        film(chosen.reshape(2, num, *chosen.shape[1:]), EXTREMES_CELL),
        EXTREMES_CHARACTERS,
        f"Above, the {num} test images with the lowest codes of latent {latent}, "
        f"{values[lowest[0]]:.1f} to {values[lowest[-1]]:.1f}; below, the {num} with the highest, "
        f"{values[highest[-1]]:.1f} to {values[highest[0]]:.1f}",
    )


def _picture(picture: Image.Image, max_characters: int, alt: str) -> Picture:
    width, height = picture.size
    return Picture(data_address(picture, max_characters), alt, width, height)
