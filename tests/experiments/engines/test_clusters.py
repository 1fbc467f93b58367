"""Clusters that are not installed, or do not answer."""

import socket
import time

import pytest

from unknot.common.errors import UserError
from unknot.experiments.engines import clusters
from unknot.experiments.engines.clusters import check_answers, check_installed


def test_a_package_that_is_not_installed_is_named_with_its_command() -> None:
    check_installed("json", "ray")
    with pytest.raises(UserError, match=r"^engine ray needs rai: pip install 'unknot\[ray\]'$"):
        check_installed("rai", "ray")


@pytest.mark.parametrize("address", ["head", "head:", ":6379", "tcp://head", "head:port"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UserError, match=f"address is '{address}'; give HOST:PORT of the Ray"):
        check_answers("Ray", address)


def test_where_nothing_answers_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where connections are taken by nobody: the queue of this socket is full."""
    monkeypatch.setattr(clusters, "SECONDS_TO_ANSWER", 0.3)
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind(("127.0.0.1", 0))
        port = deaf.getsockname()[1]
        with pytest.raises(UserError, match=f"no Dask cluster answers at tcp://127.0.0.1:{port}: "):
            check_answers("Dask", f"tcp://127.0.0.1:{port}")
        deaf.listen(0)
        check_answers("Dask", f"tcp://127.0.0.1:{port}")
        for other in (first, second):
            other.setblocking(False)
            other.connect_ex(("127.0.0.1", port))
        began = time.monotonic()
        with pytest.raises(UserError, match=r"answers at .*timed out; check the engine's option"):
            check_answers("Dask", f"127.0.0.1:{port}")
        assert time.monotonic() - began < 5
