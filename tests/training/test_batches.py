"""Which images each step trains on."""

import numpy as np

from unknot.training.batches import BatchOrder


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
        other = order.other_batch(step)
        assert not set(other) & set(order.batch(step))
        assert len(set(other)) == 16
        counts[other - 100] += 1
    assert abs(counts - 80).max() < 4 * np.sqrt(80)
    again = BatchOrder(np.arange(100, 140), 16, seed=0)
    assert np.array_equal(again.other_batch(17), order.other_batch(17))
    assert not np.array_equal(order.other_batch(17), order.other_batch(18))
    assert not np.array_equal(
        BatchOrder(np.arange(100, 140), 16, seed=1).other_batch(17), order.other_batch(17)
    )


def test_another_batch_of_few_images_takes_the_others_first() -> None:
    order = BatchOrder(np.arange(12), 8, seed=0)
    assert set(range(12)) - set(order.batch(0)) <= set(order.other_batch(0))
    for num in (1, 5):
        assert len(BatchOrder(np.arange(num), 8, seed=0).other_batch(0)) == 8


def test_a_batch_may_be_larger_than_the_data() -> None:
    batch = BatchOrder(np.arange(5), 12, seed=0).batch(0)
    assert len(batch) == 12
    assert set(np.bincount(batch)) <= {2, 3}
