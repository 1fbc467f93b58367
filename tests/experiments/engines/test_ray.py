"""Ray: options, errors, and two nodes of which one is killed."""

from pathlib import Path

import pytest

from tests.experiments.engines.lost_nodes import (
    check_that_a_lost_node_costs_nothing,
    check_that_ctrl_c_leaves_nothing,
    descendants,
    kill_tree,
    one_thread,
)
from unknot.common.errors import UserError
from unknot.data.image_set import ImageSet
from unknot.experiments.engines import build_engine, ray

pytest.importorskip("ray", reason="Ray is not installed")
__all__ = ["one_thread"]

QUICK_TO_NOTICE = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_failure_threshold": 3,
}


@pytest.mark.parametrize(
    ("text", "size"),
    [("", 0), ("100", 100), ("512M", 2**29), ("1.5 GB".replace(" ", ""), 3 * 2**29)],
)
def test_sizes(text: str, size: int) -> None:
    assert ray.size_in_bytes(text) == size


def test_options_that_do_not_fit_are_refused() -> None:
    for options, words in (
        ({"cores": 0}, "cores"),
        ({"gpus": -1}, "gpus"),
        ({"retries": -1}, "retries"),
        ({"memory": "much"}, "memory is 'much'; give a size such as '512M' or '4G'"),
        ({"adress": "x"}, "no option 'adress'; did you mean 'address'"),
    ):
        with pytest.raises(UserError, match=words):
            build_engine("ray", options)


def test_as_many_jobs_at_a_time_as_the_cluster_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "num_cores", lambda: 8)
    assert build_engine("ray", {"cores": 2}).num_jobs(None, "cpu") == 4
    assert build_engine("ray", {"cores": 2}).num_jobs(3, "cpu") == 3
    assert build_engine("ray", {"address": "head:1"}).num_jobs(None, "cpu") > 1000


def test_an_address_that_does_not_answer_is_one_line() -> None:
    engine = build_engine("ray", {"address": "127.0.0.1:9"})
    with pytest.raises(UserError, match=r"no Ray cluster answers at 127\.0\.0\.1:9: ") as caught:
        engine.start(1, None)
    assert "\n" not in str(caught.value)


def test_where_it_is_not_installed_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unknot.experiments.engines.clusters.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"engine ray needs ray: pip install 'unknot\[ray\]'"):
        build_engine("ray", {})


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_what_a_killed_node_was_at_ends_elsewhere_with_the_same_bits(
    bare_faces: ImageSet, tmp_path: Path
) -> None:
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": ray.STORE_BYTES}
    cluster = Cluster(
        initialize_head=True,
        head_node_args={**node, "include_dashboard": False, "_system_config": QUICK_TO_NOTICE},
    )
    other = cluster.add_node(**node)
    try:
        raylet = other.all_processes["raylet"][0].process.pid

        def lose(holder: int) -> bool:
            is_there = holder in descendants(raylet)
            if is_there:
                kill_tree(raylet)
            return is_there

        address = {"address": cluster.address}
        check_that_a_lost_node_costs_nothing(bare_faces, tmp_path, "ray", address, lose)
    finally:
        started = [
            info.process
            for each in (cluster.head_node, other)
            for processes in each.all_processes.values()
            for info in processes
        ]
        cluster.shutdown()
        for process in started:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_ctrl_c_ends_the_cluster_that_was_started_here(tmp_path: Path) -> None:
    check_that_ctrl_c_leaves_nothing(tmp_path / "e", "ray")
