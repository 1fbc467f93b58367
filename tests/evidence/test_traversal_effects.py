"""What moving a latent changes, on decoders whose effect is known."""

import json

import numpy as np
import pytest

from unknot.evidence.traversal_effects import TraversalEffects, traversal_effects

SIZE = 12
STD = np.full((3, SIZE, SIZE), 50.0)


def _decode(z: np.ndarray) -> np.ndarray:
    """Latent 0 brightens, 1 turns red to blue, 2 lights the top left, 3 does nothing."""
    images = np.full((len(z), 3, SIZE, SIZE), 100.0)
    images += 10 * z[:, 0, None, None, None]
    images += 10 * z[:, 1, None, None, None] * np.array([1.0, 0.0, -1.0])[None, :, None, None]
    images[:, :, :4, :4] += 30 * z[:, 2, None, None, None]
    return images


def _codes(variance: float = 0.04) -> tuple[np.ndarray, np.ndarray]:
    mean = np.random.default_rng(0).standard_normal((2_000, 4))
    return mean, np.full(mean.shape, np.log(variance))


def test_how_much_where_and_of_what_kind() -> None:
    mean, logvar = _codes()
    effects = traversal_effects(_decode, mean, logvar, np.array([0, 1, 2]), STD)
    span = np.diff(np.quantile(mean[:, 0], (0.16, 0.84)))[0]
    assert effects.change[0] == pytest.approx(10 * span)
    assert effects.change_per_posterior_std[0] == pytest.approx(10 * 0.2)
    assert effects.brightness[0] == pytest.approx(1)
    assert effects.color[1] == pytest.approx(1)
    assert effects.shape[2] == pytest.approx(8 / 9)
    assert effects.change_map[2, 0, 0] == pytest.approx(1)
    assert effects.change_map[0] == pytest.approx(np.full((3, 3), 1 / 9))
    assert [effects.change_kind(i) for i in range(3)] == ["brightness", "color", "shape"]
    assert effects.change_region(2) == "top left"
    assert effects.change_region(0) == "all over"
    assert np.isnan(effects.change[3])


def test_the_cosine_is_that_of_the_jacobian() -> None:
    mean, logvar = _codes()
    pair = traversal_effects(_decode, mean, logvar, np.array([0, 1]), STD)
    assert pair.jacobian_cosine == pytest.approx(0, abs=1e-6)
    overlap = traversal_effects(_decode, mean, logvar, np.array([0, 2]), STD)
    assert overlap.jacobian_cosine == pytest.approx(1 / 3)  # a ninth of the picture: sqrt(1/9)
    assert np.isnan(traversal_effects(_decode, mean, logvar, np.array([0]), STD).jacobian_cosine)


def test_nothing_that_changes_is_no_crash() -> None:
    mean, logvar = _codes()
    effects = traversal_effects(_decode, mean, logvar, np.array([0, 3]), STD)
    assert effects.change[3] == 0
    document = effects.as_dict()
    assert document["brightness"][3] is None
    assert document["change_region"][2] is None
    assert (document["change_kind"][3], document["change_region"][3]) == ("nothing", "nowhere")
    assert document["jacobian_cosine"] == pytest.approx(0)


def test_effects_are_read_back() -> None:
    mean, logvar = _codes()
    for active in ([0, 1, 2], [2], []):
        effects = traversal_effects(_decode, mean, logvar, np.array(active, int), STD)
        document = json.loads(json.dumps(effects.as_dict(), allow_nan=False))
        again = TraversalEffects.from_dict(document)
        assert again.as_dict() == document
        np.testing.assert_allclose(again.change_map, effects.change_map, atol=1e-5)
