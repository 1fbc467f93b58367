"""Schedule, batch order, history: the parts of the loop that need no training."""

import json
from pathlib import Path

import numpy as np
import pytest

from unknot.training.history import History, last_step, read_history
from unknot.training.randomness import BatchOrder, derive_seed, standard_normal
from unknot.training.schedule import beta_at, frame_steps, one_cycle


def test_one_cycle_rises_to_its_peak_and_falls_to_a_hundredth() -> None:
    rates = [one_cycle(step, 2000, 1e-3) for step in range(2000)]
    assert max(rates) == pytest.approx(1e-3)
    assert np.argmax(rates) in (199, 200)
    assert rates[0] == pytest.approx(1e-3 / 200)
    assert rates[-1] == pytest.approx(1e-5, rel=0.01)


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 150])
def test_one_cycle_of_a_short_run_stays_within_its_peak(steps: int) -> None:
    rates = [one_cycle(step, steps, 1.0) for step in range(steps)]
    assert max(rates) == pytest.approx(min(1.0, max(1, steps // 2) / 200))
    assert all(0 < rate <= 1 for rate in rates)


def test_beta_rises_linearly() -> None:
    assert [beta_at(step, 8.0, 4) for step in range(6)] == [0, 2, 4, 6, 8, 8]
    assert beta_at(0, 8.0, 0) == 8


def test_frame_steps_hold_both_ends_and_about_forty() -> None:
    steps = frame_steps(3000)
    assert steps[0] == 0
    assert steps[-1] == 3000
    assert 30 <= len(steps) <= 40
    assert frame_steps(1) == [0, 1]


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
    assert len(BatchOrder(np.arange(5), 12, seed=0).batch(0)) == 12


def test_consumers_have_noise_of_their_own() -> None:
    first = standard_normal((1000,), 0, "posterior", 5)
    assert (first == standard_normal((1000,), 0, "posterior", 5)).all()
    for other in (("posterior", 6), ("figures", 5)):
        assert abs(np.corrcoef(first, standard_normal((1000,), 0, *other))[0, 1]) < 0.15
    assert derive_seed(0, "a") != derive_seed(1, "a")


def test_history_is_cut_back_to_the_checkpoint(tmp_path: Path) -> None:
    history = History(tmp_path, 0)
    for step in (10, 20, 30):
        history.add({"split": "train", "step": step, "loss": 1.0, "kl": [0.1, 0.2]})
    history.close()
    with (tmp_path / "history.jsonl").open("a") as file:
        file.write('{"split": "train", "st')
    assert last_step(tmp_path) == 30
    History(tmp_path, 20).close()
    assert [line["step"] for line in read_history(tmp_path)] == [10, 20]
    assert (tmp_path / "history.jsonl").read_text().count("\n") == 2


def test_last_step_reads_only_the_end(tmp_path: Path) -> None:
    assert last_step(tmp_path) == 0
    lines = [json.dumps({"split": "train", "step": i, "pad": "x" * 500}) for i in range(1, 200)]
    (tmp_path / "history.jsonl").write_text("\n".join(lines) + "\n")
    assert last_step(tmp_path) == 199
    (tmp_path / "history.jsonl").write_text(lines[0] + "\n")
    assert last_step(tmp_path) == 1
