"""The server: who gets something from it, and what it tells."""

import asyncio
import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from tests.report.small import small_live_run
from unknot.common.errors import UserError
from unknot.report.live_runs import LiveExperiment
from unknot.report.server import (
    MOST_FILES,
    PageServer,
    allow_many_files,
    changes,
    is_free,
    news,
)

TOKEN = "a-token"
SEEN = LiveExperiment((small_live_run(),), is_finished=False)


def _page() -> str:
    return "<p>the page</p>"


def _damaged() -> str:
    raise UserError("plan.json is damaged")


def _faulty() -> str:
    raise ZeroDivisionError


@pytest.fixture
def server() -> Iterator[PageServer]:
    """One that is running."""
    made = PageServer(_page, lambda: SEEN, TOKEN)
    with made.running():
        yield made


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@contextmanager
def _asking(
    server: PageServer, path: str, *, method: str = "GET", host: str = ""
) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path, headers={"Host": host or f"127.0.0.1:{server.port}"})
    with closing(connection), connection.getresponse() as response:
        yield response


def _ask(server: PageServer, path: str, **options: Any) -> Answer:
    with _asking(server, path, **options) as response:
        return Answer(response.status, response.read(), dict(response.getheaders()))


def test_the_page_is_served_to_whom_knows_the_token(server: PageServer) -> None:
    answer = _ask(server, f"/{TOKEN}/")
    assert (answer.status, answer.body) == (200, b"<p>the page</p>")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"] == "frame-ancestors 'none'"
    assert server.address == f"http://127.0.0.1:{server.port}/{TOKEN}/"
    through_a_tunnel = _ask(server, f"/{TOKEN}/", host="localhost:9000")
    assert through_a_tunnel.status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/events",
        "/wrong/",
        "/wrong/events",
        f"/{TOKEN}x/",
        f"/x/{TOKEN}/",
        f"/?token={TOKEN}",
        "*",
    ],
)
def test_without_the_token_nothing_is_served(path: str, server: PageServer) -> None:
    answer = _ask(server, path)
    assert answer.status == 403
    assert b"the page" not in answer.body


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1.example.org", "[::1]", "10.0.0.1"])
def test_by_another_name_nothing_is_served(host: str, server: PageServer) -> None:
    assert _ask(server, f"/{TOKEN}/", host=f"{host}:{server.port}").status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_it_can_only_be_read(method: str, server: PageServer) -> None:
    assert _ask(server, f"/{TOKEN}/", method=method).status == 405


@pytest.mark.parametrize(
    "path",
    [
        *("/../pyproject.toml", "/%2e%2e/pyproject.toml", "/page.html", "/events/", "//etc/passwd"),
        *("/..%2fpyproject.toml", "/%2e%2e%2f%2e%2e%2fetc/passwd", "/..;/etc/passwd", "/%00"),
        *("/..%5c..%5cetc%5cpasswd", "/%252e%252e/etc/passwd", "/%c0%ae%c0%ae/etc/passwd", "/%ff"),
        *("/report.html", "/experiment.toml", "/.served.json", "/sample.png", "/evidence.json"),
        *("/beta-1_seed-0/weights.safetensors", "/events/../../etc/passwd", "/file:///etc/passwd"),
    ],
)
def test_there_is_nothing_else(path: str, server: PageServer) -> None:
    answer = _ask(server, f"/{TOKEN}{path}")
    assert answer.status in (307, 404)
    assert not any(secret in answer.body for secret in (b"[project]", b"root:", b"the page"))


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET http://example.org/a-token/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /a-token/ HTTP/1.1\r\nHost: example.org\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /a-token/ HTTP/1.1\r\n\r\n",
        b"GET /a-token/ HTTP/1.0\r\n\r\n",
        b"GET /\xff\xfe/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /a-token/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a greeting in TLS",
        b"\r\n\r\n\r\n",
    ],
)
def test_what_is_no_proper_request_gets_nothing(
    request_bytes: bytes, server: PageServer, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as asking:
        asking.sendall(request_bytes)
        asking.shutdown(socket.SHUT_WR)
        answer = asking.recv(10_000)
    assert not answer.startswith(b"HTTP/1.1 2")
    assert b"the page" not in answer
    assert _ask(server, f"/{TOKEN}/").status == 200
    assert capfd.readouterr().err == ""


def test_many_who_ask_at_once_share_a_page() -> None:
    made: list[int] = []

    def slow_page() -> str:
        made.append(len(made))
        time.sleep(0.2)
        return f"page {made[-1]} {'x' * 100_000}"

    server = PageServer(slow_page, lambda: SEEN, TOKEN)
    with server.running(), ThreadPoolExecutor(100) as executor:
        answers = list(executor.map(lambda _: _ask(server, f"/{TOKEN}/"), range(300)))
        before = len(made)
        assert _ask(server, f"/{TOKEN}/").body.startswith(f"page {before}".encode())
    assert {answer.status for answer in answers} == {200}
    assert {len(answer.body) for answer in answers} == {100_007}
    assert before < 50


def test_who_reads_slowly_keeps_nobody_waiting_and_the_page_is_whole() -> None:
    text = "".join(f"{i:07}" for i in range(1_000_000))
    server = PageServer(lambda: text, lambda: SEEN, TOKEN)
    with server.running(), ExitStack() as readers:
        slow = [readers.enter_context(_asking(server, f"/{TOKEN}/")) for _ in range(20)]
        starts = [reader.read(10) for reader in slow]
        began = time.monotonic()
        assert _ask(server, f"/{TOKEN}/").body == text.encode()
        assert time.monotonic() - began < 10
        assert starts[0] + slow[0].read() == text.encode()
        began = time.monotonic()
    assert time.monotonic() - began < 10


def test_more_connections_are_allowed_than_a_process_usually_has() -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (500, before[1]))
        allow_many_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(MOST_FILES, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_no_other_address_of_this_machine_answers(server: PageServer) -> None:
    for address in ("127.0.0.2", *socket.gethostbyname_ex(socket.gethostname())[2]):
        if address != "127.0.0.1":
            with socket.socket() as asking:
                asking.settimeout(5)
                assert asking.connect_ex((address, server.port)) != 0


@pytest.mark.parametrize(
    ("html", "ending"),
    [(_damaged, "error: plan.json is damaged"), (_faulty, "ZeroDivisionError\n")],
)
def test_what_is_wrong_is_said_in_the_browser(
    html: Callable[[], str], ending: str, capfd: pytest.CaptureFixture[str]
) -> None:
    server = PageServer(html, lambda: SEEN, TOKEN)
    with server.running():
        answer = _ask(server, f"/{TOKEN}/")
        assert answer.status == 500
        assert answer.body.decode().endswith(ending)
    assert capfd.readouterr().err == ""


def test_a_taken_port_is_a_line(server: PageServer) -> None:
    assert not is_free(server.port)
    with pytest.raises(UserError, match=f"port {server.port} cannot be had"):
        PageServer(_page, lambda: SEEN, TOKEN, server.port)
    with pytest.raises(UserError, match="port is 65536"):
        PageServer(_page, lambda: SEEN, TOKEN, 65_536)


def test_it_closes_while_a_page_is_open_and_its_port_is_free_at_once() -> None:
    server = PageServer(_page, lambda: SEEN, TOKEN)
    with ExitStack() as streams, server.running():
        stream = streams.enter_context(_asking(server, f"/{TOKEN}/events"))
        assert stream.getheader("Content-Type") == "text/event-stream; charset=utf-8"
        assert stream.readline() == b"retry: 1000\n"
        stream.readline()
        told = json.loads(stream.readline().removeprefix(b"data: "))
        assert told == json.loads(json.dumps(SEEN.as_dict()))
    assert is_free(server.port)
    again = PageServer(_page, lambda: SEEN, TOKEN, server.port)
    with again.running():
        assert _ask(again, f"/{TOKEN}/").status == 200


def test_the_stream_tells_what_is_new_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unknot.report.server.PULSE_SECONDS", 0.0)
    monkeypatch.setattr("unknot.report.server.SILENCE_SECONDS", 0.0)
    later = LiveExperiment((replace(SEEN.runs[0], step=9),), is_finished=True)
    looks = [SEEN, SEEN, later]

    async def read() -> list[str]:
        return [text async for text in news(lambda: looks.pop(0), lambda: not looks)]

    with ThreadPoolExecutor(1) as executor:  # the browser of other tests has a loop in this thread
        retry, first, nothing, last = executor.submit(lambda: asyncio.run(read())).result()
    assert retry.startswith("retry: ")
    assert json.loads(first.removeprefix("data: "))["runs"][0]["frame"]["step"] == 5
    assert nothing.startswith(": ")
    told: dict[str, Any] = json.loads(last.removeprefix("data: "))
    assert told["is_finished"]
    assert told["runs"][0]["step"] == 9


def test_the_stream_tells_what_keeps_it_from_telling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unknot.report.server.PULSE_SECONDS", 0.0)
    looks = [SEEN, None, None, SEEN]

    def look() -> LiveExperiment:
        seen = looks.pop(0)
        if seen is None:
            raise UserError("history.jsonl is damaged")
        return seen

    async def read() -> list[str]:
        return [text async for text in news(look, lambda: not looks)]

    with ThreadPoolExecutor(1) as executor:
        _, first, problem, again = executor.submit(lambda: asyncio.run(read())).result()
    told = [json.loads(text.removeprefix("data: ")) for text in (first, problem, again)]
    assert told[1] == {
        "sentence": "error: history.jsonl is damaged",
        "is_finished": False,
        "runs": [],
    }
    assert told[2] == told[0] | {"runs": []}


def test_only_runs_that_changed_are_told_and_a_picture_once() -> None:
    first, second = small_live_run("beta-1_seed-0"), small_live_run("beta-2_seed-0")
    before = LiveExperiment((first, second), is_finished=False)
    now = LiveExperiment((first, replace(second, step=9)), is_finished=False)
    told = changes(before, now)["runs"]
    assert [(run["name"], run["step"], run["frame"]) for run in told] == [
        ("beta-2_seed-0", 9, None)
    ]
    assert first.frame is not None
    newer = replace(second, frame=first.frame._replace(step=7))
    assert changes(before, LiveExperiment((newer,), is_finished=False))["runs"][0]["frame"]
