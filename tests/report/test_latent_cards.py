"""Cards of a run's latents."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from unknot.evidence.run_evidence import pixel_decoder, posteriors_of
from unknot.experiments.experiment import Experiment
from unknot.report.latent_cards import (
    CHANGE_CHARACTERS,
    EXTREMES_CELL,
    EXTREMES_CHARACTERS,
    STRIP_CHARACTERS,
    CardSource,
    HeldOutImages,
    Picture,
    _extremes,
    latent_cards,
)
from unknot.report.latent_pairs import latent_partners
from unknot.runs.held_out import HeldOutCodes

NONE = np.array([], np.int64)
LEVELS = 40  # of 255, on average, that WebP may cost in pictures as small as these


@pytest.fixture(scope="module")
def source(trained: Experiment) -> CardSource:
    """The first run of the trained experiment with latent 2 made as good as constant."""
    run = trained.runs()[0]
    images = run.files.open_images()
    codes = posteriors_of(run, HeldOutCodes.load(run.files))
    mean = codes.mean / codes.mean.std(0) * (1, 1, 0.01)
    codes = codes._replace(mean=mean.astype(np.float32))
    return CardSource(
        run=run,
        codes=codes,
        partners=latent_partners({run.name: codes}),
        evidence=None,
        images=HeldOutImages(images.images, images.indices("test"), NONE),
        decode=pixel_decoder(run.model),
    )


def _pixels(picture: Picture | None) -> np.ndarray:
    assert picture is not None
    with Image.open(io.BytesIO(base64.b64decode(picture.source.split(",")[1]))) as opened:
        assert opened.size == (picture.width, picture.height)
        return np.asarray(opened.convert("RGB")).astype(float)


def test_active_latents_have_cards_the_largest_rate_first(source: CardSource) -> None:
    cards = latent_cards(source)
    kl = source.run.kl
    assert sorted(card.latent for card in cards) == [0, 1]
    assert kl[cards[0].latent] >= kl[cards[1].latent]
    assert cards[0].kl == kl[cards[0].latent]
    assert cards[0].key == f"beta-0.5_seed-0/{cards[0].latent}"
    assert cards[0].address == f"latent=beta-0.5_seed-0/{cards[0].latent}"


def test_a_strip_is_what_the_decoder_makes_of_the_moved_latent(source: CardSource) -> None:
    card = next(card for card in latent_cards(source) if card.latent == 1)
    pixels = _pixels(card.strip)
    assert pixels.shape == (64, 288, 3)
    codes = np.zeros((2, 3), np.float32)
    codes[0] = source.codes.mean[0]
    codes[:, 1] = 3
    expected = source.run.decode(codes).transpose(0, 2, 3, 1)
    for row in range(2):
        last = pixels[32 * row : 32 * (row + 1), 256:]
        assert np.abs(last - expected[row]).mean() < LEVELS
    assert card.strip is not None
    assert "Latent 1 moved from -3 to 3 in nine steps" in card.strip.alt


def test_extremes_are_the_images_with_the_lowest_and_the_highest_codes(
    source: CardSource,
) -> None:
    card = next(card for card in latent_cards(source) if card.latent == 0)
    values, images = source.codes.mean[:, 0], source.images
    assert images is not None
    pixels = _pixels(card.extremes)
    size = min(EXTREMES_CELL, 32)
    for row, position in enumerate((values.argmin(), values.argmax())):
        first = pixels[size * row : size * (row + 1), :size]
        expected = images.pixels[images.rows[position]].transpose(1, 2, 0)
        assert np.abs(first - expected).mean() < LEVELS
    assert card.extremes is not None
    assert f"{values.min():.1f} to" in card.extremes.alt
    assert f"to {values.max():.1f}" in card.extremes.alt


def test_pictures_stay_within_their_size(source: CardSource) -> None:
    for card in latent_cards(source):
        assert card.strip is not None
        assert card.change is not None
        assert card.extremes is not None
        assert len(card.strip.source) <= STRIP_CHARACTERS
        assert len(card.change.source) <= CHANGE_CHARACTERS
        assert len(card.extremes.source) <= EXTREMES_CHARACTERS
        assert card.num_bytes < 12_000


def test_a_card_shows_what_there_is(source: CardSource) -> None:
    cards = latent_cards(replace(source, images=None, decode=None))
    assert all(card.num_bytes == 0 for card in cards)
    assert cards[0].strip is cards[0].change is cards[0].extremes is None
    assert cards[0].spread.startswith("Codes of")
    assert str(cards[0].sentences) == ""


def test_images_of_the_blind_test_are_not_among_the_extremes(source: CardSource) -> None:
    assert source.images is not None
    latent = latent_cards(source)[0].latent
    order = np.argsort(source.codes.mean[:, latent])
    ends = np.array([order[0], order[-1]])
    card = latent_cards(replace(source, images=source.images._replace(spare=ends)))[0]
    values = source.codes.mean[order, latent]
    assert card.extremes is not None
    assert f"of latent {latent}, {values[1]:.1f} to" in card.extremes.alt
    assert f"to {values[-2]:.1f}" in card.extremes.alt


def test_few_images_give_few_extremes(source: CardSource) -> None:
    assert source.images is not None
    few = source.codes._replace(mean=source.codes.mean[:4], logvar=source.codes.logvar[:4])
    cards = latent_cards(
        replace(
            source,
            codes=few,
            partners=latent_partners({source.run.name: few}),
            images=source.images._replace(rows=source.images.rows[:4]),
        )
    )
    assert cards[0].extremes is not None
    assert cards[0].extremes.width == 2 * min(EXTREMES_CELL, 32)


def test_a_single_image_is_no_extreme() -> None:
    images = HeldOutImages(np.zeros((1, 3, 8, 8), np.uint8), np.array([0]), NONE)
    assert _extremes(images, np.array([1.0]), 0) is None
