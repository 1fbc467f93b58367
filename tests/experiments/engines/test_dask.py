"""Dask: options, errors, and two workers of which one is killed."""

import pytest

from unknot.common.errors import UserError
from unknot.experiments.engines import build_engine, dask

pytest.importorskip("distributed", reason="Dask is not installed")


def test_resources() -> None:
    assert dask.resources_of("GPU=1  MEMORY=4e9") == {"GPU": 1.0, "MEMORY": 4e9}
    assert dask.resources_of("") == {}


def test_options_that_do_not_fit_are_refused() -> None:
    for options, words in (
        ({"cores": 0}, "cores"),
        ({"retries": -1}, "retries"),
        ({"address": "a:1", "resources": "GPU"}, "resources is 'GPU'; give names and amounts"),
        ({"resources": "GPU=1"}, "give its address too"),
    ):
        with pytest.raises(UserError, match=words):
            build_engine("dask", options)


def test_as_many_jobs_at_a_time_as_the_cluster_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "num_cores", lambda: 8)
    assert build_engine("dask", {"cores": 2}).num_jobs(None, "cpu") == 4
    assert build_engine("dask", {"address": "head:1"}).num_jobs(5, "cpu") == 5


def test_an_address_that_does_not_answer_is_one_line() -> None:
    engine = build_engine("dask", {"address": "tcp://127.0.0.1:9"})
    with pytest.raises(UserError, match=r"no Dask cluster answers at tcp://127\.0\.0\.1:9: "):
        engine.start(1, None)


def test_where_it_is_not_installed_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unknot.experiments.engines.clusters.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"engine dask needs distributed: pip install 'unknot\[d"):
        build_engine("dask", {})
