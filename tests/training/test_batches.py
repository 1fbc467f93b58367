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


def test_a_batch_may_be_larger_than_the_data() -> None:
    batch = BatchOrder(np.arange(5), 12, seed=0).batch(0)
    assert len(batch) == 12
    assert set(np.bincount(batch)) <= {2, 3}
