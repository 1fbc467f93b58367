"""Which images each step trains on."""

import numpy as np

from unknot.data.image_set import ImageSet
from unknot.data.pairs import find_partners
from unknot.models.objectives.ada_gvae import AdaGVAE
from unknot.models.objectives.beta_vae import BetaVAE
from unknot.training.batches import BatchOrder, PairOrder, batch_order, other_batch


def test_batches_run_through_every_image_once_an_epoch() -> None:
    indices = np.arange(100, 150)
    order = BatchOrder(indices, 8, seed=0)
    drawn = np.concatenate([order.batch(step) for step in range(25)])
    for epoch in range(4):
        assert np.array_equal(np.sort(drawn[epoch * 50 : (epoch + 1) * 50]), indices)


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    indices = np.arange(30)
    straight, jumped = BatchOrder(indices, 8, seed=0), BatchOrder(indices, 8, seed=0)
    batches = [straight.batch(step) for step in range(20)]
    assert np.array_equal(jumped.batch(17), batches[17])
    assert np.array_equal(jumped.batch(3), batches[3])
    assert not np.array_equal(BatchOrder(indices, 8, seed=1).batch(3), batches[3])


def test_another_batch_has_none_of_the_steps_images() -> None:
    order = BatchOrder(np.arange(100, 140), 16, seed=0)
    counts = np.zeros(40)
    for step in range(200):
        other = other_batch(order, step)
        assert not set(other) & set(order.batch(step))
        assert len(set(other)) == 16
        counts[other - 100] += 1
    assert abs(counts - 80).max() < 4 * np.sqrt(80)
    again = BatchOrder(np.arange(100, 140), 16, seed=0)
    assert np.array_equal(other_batch(again, 17), other_batch(order, 17))
    assert not np.array_equal(other_batch(order, 17), other_batch(order, 18))
    assert not np.array_equal(
        other_batch(BatchOrder(np.arange(100, 140), 16, seed=1), 17), other_batch(order, 17)
    )


def test_another_batch_of_few_images_takes_the_others_first() -> None:
    order = BatchOrder(np.arange(12), 8, seed=0)
    assert set(range(12)) - set(order.batch(0)) <= set(other_batch(order, 0))
    for num in (1, 5):
        assert len(other_batch(BatchOrder(np.arange(num), 8, seed=0), 0)) == 8


def test_a_batch_may_be_larger_than_the_data() -> None:
    batch = BatchOrder(np.arange(5), 12, seed=0).batch(0)
    assert len(batch) == 12
    assert set(np.bincount(batch)) <= {2, 3}


def test_pairs_have_their_partners_in_the_second_half(small_faces: ImageSet) -> None:
    """They depend on seed and step alone; the first half runs through all images."""
    partners = find_partners(small_faces)
    order = PairOrder(partners, 8, seed=0)
    batches = [order.batch(step) for step in range(40)]
    num = len(partners.indices)
    firsts = np.concatenate([batch[:4] for batch in batches])
    assert len(firsts) == 160 >= num
    assert np.array_equal(np.sort(firsts[:num]), partners.indices)
    for batch in batches:
        assert batch.shape == (8,)
        assert (batch[:4] != batch[4:]).all()
        assert np.isin(batch, partners.indices).all()
    assert np.array_equal(PairOrder(partners, 8, seed=0).batch(17), batches[17])
    assert not np.array_equal(PairOrder(partners, 8, seed=1).batch(17), batches[17])
    assert not np.array_equal(batches[0][4:], PairOrder(partners, 8, seed=2).batch(0)[4:])


def test_only_an_objective_that_takes_pairs_gets_them(small_faces: ImageSet) -> None:
    alone = batch_order(small_faces, BetaVAE(), 8, 3)
    assert isinstance(alone, BatchOrder)
    expected = BatchOrder(small_faces.indices("train"), 8, 3).batch(2)
    assert np.array_equal(alone.batch(2), expected)
    assert isinstance(batch_order(small_faces, AdaGVAE(), 8, 3), PairOrder)
