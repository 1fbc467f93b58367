"""The built-in sprites."""

import numpy as np
import pytest

from unknot.data.sources.sprites import NUM_LEVELS, draw_sprites, sample_factors

SHAPES, SCALES, ORIENTATIONS, POSITIONS = 3, 6, 40, 32
MIDDLE = (SHAPES // 2, SCALES - 1, 3, 15, 15)
STAND = 33  # pixels across which a sprite at the first position may reach


def grid(*columns: object) -> np.ndarray:
    """Every combination of levels, the last column fastest."""
    return np.stack(np.meshgrid(*columns, indexing="ij"), -1).reshape(-1, 5)


def every_orientation(shape: int, scale: int) -> np.ndarray:
    images = draw_sprites(grid([shape], [scale], range(ORIENTATIONS), [0], [0]))
    return images[:, 0, :STAND, :STAND].astype(int)


def test_levels_are_uniform_and_independent() -> None:
    factors = sample_factors(50_000, seed=0)
    assert factors.shape == (50_000, 5)
    for column, levels in zip(factors.T, NUM_LEVELS):
        counts = np.bincount(column, minlength=levels)
        assert len(counts) == levels
        # the hypergeometric spread is below the binomial one
        assert np.abs(counts - 50_000 / levels).max() < 4.5 * np.sqrt(50_000 / levels)
    assert np.abs(np.corrcoef(factors.T) - np.eye(5)).max() < 4 / np.sqrt(50_000)


def test_combinations_do_not_repeat_before_there_are_no_others() -> None:
    total = int(np.prod(NUM_LEVELS))
    assert total == 737_280
    numbers = np.ravel_multi_index(sample_factors(total, seed=1).T, NUM_LEVELS)
    assert np.array_equal(np.sort(numbers), np.arange(total))
    assert len(sample_factors(total + 1, seed=1)) == total + 1


def test_same_seed_same_sprites() -> None:
    first = draw_sprites(sample_factors(20, seed=3))
    assert np.array_equal(first, draw_sprites(sample_factors(20, seed=3)))
    assert not np.array_equal(first, draw_sprites(sample_factors(20, seed=4)))


def test_a_sprite_does_not_depend_on_its_neighbours() -> None:
    factors = sample_factors(300, seed=0)
    alone = np.concatenate([draw_sprites(row[None]) for row in factors])
    assert np.array_equal(alone, draw_sprites(factors))


@pytest.mark.parametrize("size", [32, 128])
def test_any_size_shows_the_same_sprite(size: int) -> None:
    factors = sample_factors(64, seed=1)
    blocks = draw_sprites(factors, size=size).reshape(64, 32, size // 32, 32, size // 32)
    reference = draw_sprites(factors).reshape(64, 32, 2, 32, 2)
    difference = blocks.mean((2, 4)) - reference.mean((2, 4))
    assert np.abs(difference).max() < 24  # a soft edge is narrower in a larger picture
    assert np.abs(difference).mean() < 0.5


def test_every_sprite_stays_inside_the_frame_at_every_position() -> None:
    ends = [0, POSITIONS - 1]
    turns = (range(SHAPES), range(SCALES), range(ORIENTATIONS))
    images = draw_sprites(grid(*turns, ends, ends))[:, 0]
    assert not images[:, [0, -1], :].any()
    assert not images[:, :, [0, -1]].any()
    areas = images.sum((1, 2), dtype=np.int64).reshape(-1, 4)
    assert (areas == areas[:, :1]).all()


def test_a_position_moves_the_sprite_by_whole_pixels() -> None:
    first = draw_sprites(np.array([[*MIDDLE[:3], 4, 9]]))[0, 0]
    shifted = draw_sprites(np.array([[*MIDDLE[:3], 4 + 7, 9 + 2]]))[0, 0]
    assert np.array_equal(shifted, np.roll(first, (2, 7), (0, 1)))


@pytest.mark.parametrize("size", [32, 64])
def test_every_combination_is_a_picture_of_its_own(size: int) -> None:
    # cut to its box a picture no longer tells its position, save where a pixel is two steps wide
    places = [16] if size == 64 else [16, 17]
    turns = (range(SHAPES), range(SCALES), range(ORIENTATIONS))
    images = draw_sprites(grid(*turns, places, places), size=size)[:, 0]
    boxes = set()
    for image in images:
        rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
        box = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        boxes.add((box.shape, box.tobytes()))
    assert len(boxes) == len(images)


@pytest.mark.parametrize("shape", range(SHAPES))
def test_orientations_turn_counterclockwise_by_nine_degrees(shape: int) -> None:
    images = every_orientation(shape, SCALES - 1)
    quarter = np.rot90(images, axes=(1, 2))
    assert np.abs(quarter - np.roll(images, -10, axis=0)).max() <= 1


@pytest.mark.parametrize("shape", range(SHAPES))
@pytest.mark.parametrize("scale", [0, SCALES - 1])
def test_no_turn_maps_a_shape_onto_itself(shape: int, scale: int) -> None:
    images = every_orientation(shape, scale).reshape(ORIENTATIONS, -1)
    apart = np.abs(images[:, None] - images).sum(-1) + np.diag([np.inf] * ORIENTATIONS)
    assert (apart.min(1) > 0.1 * images.sum(1)).all()


def test_shapes_are_distinct_however_they_are_turned() -> None:
    images = np.stack([every_orientation(shape, 0) for shape in range(SHAPES)])
    flat = images.reshape(SHAPES, ORIENTATIONS, -1)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        apart = np.abs(flat[first][:, None] - flat[second]).sum(-1)
        assert apart.min() > 0.3 * flat.sum(-1).mean()


def test_shapes_have_one_area_that_grows_with_the_square_of_the_scale() -> None:
    areas = np.array(
        [[every_orientation(i, j).sum() / 255 / 40 for j in range(SCALES)] for i in range(SHAPES)]
    )
    assert np.abs(areas / areas.mean(0) - 1).max() < 0.02
    assert np.allclose(areas / areas[:, -1:], np.linspace(0.5, 1, SCALES) ** 2, rtol=0.02)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (0, 3, "shape is 3; it must be a whole number from 0 to 2"),
        (1, -1, "scale is -1"),
        (2, 40, "orientation is 40"),
        (3, 0.5, "position_x is 0.5"),
        (4, np.nan, "position_y is nan"),
    ],
)
def test_levels_that_are_not_there_are_refused(column: int, value: float, message: str) -> None:
    factors = np.array([MIDDLE, MIDDLE], type(value))
    factors[1, column] = value
    with pytest.raises(ValueError, match=message):
        draw_sprites(factors)


def test_other_shapes_and_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="needs"):
        draw_sprites(np.zeros((2, 6)))
    with pytest.raises(ValueError, match="32, 64, 128"):
        draw_sprites(np.zeros((2, 5)), size=48)
