"""Labels that are computed from pixels, held against pictures made for each."""

import numpy as np
import pytest
from benchmarks.rotation_worlds import draw_pictures
from scipy.stats import rankdata

import unknot
from unknot import UserError
from unknot.data.image_set import ImageSet
from unknot.evidence import computed_labels as module
from unknot.evidence.computed_labels import (
    center_against_border,
    computed_labels,
    contrast,
    detail,
    light_from_above,
    light_from_left,
    saturation,
    symmetry,
    warmth,
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def pictures(rng: np.random.Generator) -> np.ndarray:
    """Color pictures whose levels leave room for a shift and a scale."""
    return draw_pictures(rng.standard_normal((150, 4)), rng) // 3


RAMP = np.linspace(100, 50, 6)
TO_THE_LEFT = np.broadcast_to(RAMP, (1, 6, 6))


def test_each_property_has_the_value_it_should() -> None:
    assert light_from_left(TO_THE_LEFT)[0] == pytest.approx(30)
    assert light_from_above(TO_THE_LEFT)[0] == pytest.approx(0)
    assert light_from_above(TO_THE_LEFT.transpose(0, 2, 1))[0] == pytest.approx(30)
    assert contrast(TO_THE_LEFT)[0] == pytest.approx(RAMP.std())
    assert symmetry(TO_THE_LEFT)[0] == pytest.approx(-1)
    spot = np.zeros((1, 8, 8))
    spot[:, 2:6, 2:6] = 90
    assert center_against_border(spot)[0] == 90
    assert symmetry(spot)[0] == pytest.approx(1)


def test_detail_is_none_for_flat_and_one_for_noise(rng: np.random.Generator) -> None:
    assert detail(np.full((1, 4, 4), 7.0))[0] == 0
    assert detail(rng.standard_normal((1, 200, 200)))[0] == pytest.approx(1, abs=0.02)
    assert detail(TO_THE_LEFT)[0] < 0.1


def test_color_is_measured_from_the_channels() -> None:
    orange = np.array([200.0, 120.0, 40.0])[None, :, None, None] * np.ones((1, 3, 2, 2))
    assert (warmth(orange)[0], saturation(orange)[0]) == (160, 160)
    assert warmth(orange[:, ::-1])[0] == -160
    assert saturation(np.full((1, 3, 2, 2), 9.0))[0] == 0


def test_what_pictures_were_made_of_is_computed(rng: np.random.Generator) -> None:
    causes = rng.standard_normal((150, 4))
    labels = unknot.computed_labels(draw_pictures(causes, rng))
    for k, name in enumerate(
        ("brightness", "light from the left", "light from above", "warm or cold")
    ):
        column = labels.values[:, labels.names.index(name)]
        assert np.corrcoef(rankdata(column), rankdata(causes[:, k]))[0, 1] > 0.9


@pytest.mark.parametrize("change", [lambda p: p + 40, lambda p: 2 * p], ids=["shift", "scale"])
def test_shifted_or_scaled_pixels_keep_the_order_of_images(change, pictures: np.ndarray) -> None:
    labels, changed = computed_labels(pictures), computed_labels(change(pictures))
    assert changed.names == labels.names
    assert changed.left_out == labels.left_out
    before, after = rankdata(labels.values.round(6), axis=0), changed.values.round(6)
    np.testing.assert_array_equal(rankdata(after, axis=0), before)


def test_mirrored_images_flip_the_light_from_the_left_alone(pictures: np.ndarray) -> None:
    labels, mirrored = computed_labels(pictures), computed_labels(pictures[:, :, :, ::-1])
    assert mirrored.names == labels.names
    for name, before, after in zip(labels.names, labels.values.T, mirrored.values.T):
        sign = -1 if name == "light from the left" else 1
        np.testing.assert_allclose(after, sign * before, atol=1e-9)


def test_grey_images_have_no_color(pictures: np.ndarray) -> None:
    grey = computed_labels(pictures[:, :1])
    assert grey.left_out["warm or cold"] == "the pictures are grey"
    three_times = computed_labels(pictures[:, [0, 0, 0]])
    assert three_times.left_out["saturation"] == "does not vary"
    assert three_times.names == grey.names
    np.testing.assert_allclose(three_times.values, grey.values, atol=1e-9)


def test_two_channels_have_no_color(pictures: np.ndarray) -> None:
    labels = computed_labels(pictures[:, :2])
    assert labels.left_out["saturation"] == "two channels are no colors"
    means = pictures[:, :2].mean((1, 2, 3))
    np.testing.assert_allclose(labels.values[:, labels.names.index("brightness")], means)


def test_of_four_channels_three_are_looked_at(pictures: np.ndarray) -> None:
    fourth = np.random.default_rng(3).integers(0, 256, pictures[:, :1].shape, dtype=np.uint8)
    labels = computed_labels(np.concatenate([pictures, fourth], axis=1))
    of_colors = computed_labels(pictures)
    assert labels.names == of_colors.names
    np.testing.assert_array_equal(labels.values, of_colors.values)


def test_a_label_that_repeats_an_earlier_one_is_left_out(rng: np.random.Generator) -> None:
    """Pictures that are the same pattern, brighter or darker: contrast follows brightness."""
    pattern = rng.integers(20, 60, (1, 1, 8, 8))
    labels = computed_labels((pattern * rng.uniform(1, 4, (60, 1, 1, 1))).astype(np.uint8))
    assert labels.names[0] == "brightness"
    assert labels.left_out["contrast"].startswith("repeats brightness (rank correlation 1.00)")
    used = rankdata(labels.values, axis=0)
    between = np.atleast_2d(np.corrcoef(used.T))
    assert (np.abs(between - np.eye(len(between))) <= 0.8).all()


def test_parts_give_what_the_whole_gives(
    pictures: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = computed_labels(pictures)
    monkeypatch.setattr(module, "VALUES_AT_ONCE", 1_000)
    np.testing.assert_array_equal(computed_labels(pictures).values, whole.values)


def test_an_image_set_is_taken_too(faces: ImageSet) -> None:
    labels = computed_labels(faces)
    assert len(labels.values) == len(faces)
    assert set(labels.names) | set(labels.left_out) == set(module.PROPERTIES)
    np.testing.assert_array_equal(labels.values, computed_labels(faces.images).values)


def test_what_are_no_images_is_refused(pictures: np.ndarray) -> None:
    with pytest.raises(UserError, match="the images are float64"):
        computed_labels(pictures.astype(np.float64))  # type: ignore[arg-type]
    with pytest.raises(UserError, match="with 1 to 4 channels"):
        computed_labels(pictures[:, [0, 1, 2, 0, 1]])
    with pytest.raises(UserError, match="give some"):
        computed_labels(pictures[:0])
