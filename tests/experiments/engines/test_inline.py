"""Runs in this process."""

import pytest

from unknot.experiments.engines import Job, inline
from unknot.experiments.engines.inline import InlineEngine


def test_nothing_is_begun_after_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = iter([0, 2, 143])
    monkeypatch.setattr(inline, "execute", lambda *_, **__: next(statuses))
    engine = InlineEngine()
    runner = engine.start(engine.num_jobs(None, "cpu"))
    job = Job(folders=("a",), device="cpu", jobs_per_machine=1)
    results = [runner.submit(job).result() for _ in range(4)]
    runner.close()
    assert results == [0, 2, 143, 143]
