"""Clusters that are not installed, or do not answer."""

import socket
from concurrent.futures import ThreadPoolExecutor

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
    """Also where a connection is taken and nothing is said."""
    monkeypatch.setattr(clusters, "SECONDS_TO_ANSWER", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UserError, match=f"no Dask cluster answers at {address}: "):
            check_answers("Dask", address)
        silent.listen()
        with pytest.raises(UserError, match=r"answers at .*timed out; check the engine's option"):
            check_answers("Dask", address)
        check_answers("Dask", address.replace("tcp", "tls"))


def test_a_server_is_told_from_something_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as executor:
        address = f"127.0.0.1:{server.getsockname()[1]}"

        def answer(text: bytes) -> bytes:
            with server.accept()[0] as connection:
                heard = connection.recv(9)
                connection.sendall(text)
                return heard

        told = executor.submit(answer, b"welcome")
        check_answers("Ray", address, b"hello")
        assert told.result() == b"hello"
        executor.submit(answer, b"")
        with pytest.raises(UserError, match="something else is there"):
            check_answers("Ray", address, b"hello")
