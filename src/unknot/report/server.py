"""The page while its runs train, served to this machine alone: http://127.0.0.1:PORT/TOKEN/.

Who does not know the token gets nothing, and neither does a page of another site that the browser
was led to (its address has another name than this machine's own).
"""

import asyncio
import json
import secrets
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from threading import Lock, Thread
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from unknot.common.errors import UserError
from unknot.report.live_runs import LiveExperiment

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
"""What a browser may call this machine."""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",  # the page has the rest of it
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
MAX_PORT = 65_535
PULSE_SECONDS = 0.25
"""Between two glances whether there is something to tell, or the server is to close."""
SILENCE_SECONDS = 15.0
"""After which a stream says that it is still there."""
RETRY_MILLISECONDS = 1000
"""After which a page whose server is gone looks for it again, and so on."""
CLOSING_SECONDS = 1


class PageServer:
    """Serves one page and what is new of it, from a port of this machine that is open at once.

    Args:
        html: gives the page.
        look: tells how the runs are.
        token: without which nothing is served.
        port: 0 for any that is free.

    Attributes:
        token: as it was given.
        port: that is open.
        address: of the page.

    Raises:
        UserError: if the port is taken.
    """

    def __init__(
        self, html: Callable[[], str], look: Callable[[], LiveExperiment], token: str, port: int = 0
    ) -> None:
        if not 0 <= port <= MAX_PORT:
            raise UserError(f"port is {port}; it must be from 0 to {MAX_PORT}")
        try:
            self._socket = socket.create_server((HOST, port))
        except OSError as error:
            raise UserError(
                f"port {port} cannot be had ({error.strerror}); choose another --port, or leave it "
                "out"
            ) from None
        self.token = token
        self.port = self._socket.getsockname()[1]
        self.address = f"http://{HOST}:{self.port}/{token}/"
        self._server = uvicorn.Server(
            uvicorn.Config(
                build_app(html, look, token, is_closing=lambda: self._server.should_exit),
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=CLOSING_SECONDS,
            )
        )

    def run(self) -> None:
        """Serve until Ctrl-C; in a thread of its own, until `running` ends.

        Raises:
            KeyboardInterrupt: after Ctrl-C, once everything is closed.
        """
        with self._socket:
            self._server.run(sockets=[self._socket])

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve from a thread while the block runs."""
        thread = Thread(target=self.run, name="unknot page", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.should_exit = True
            thread.join()


def is_free(port: int) -> bool:
    """Whether a port of this machine can be had."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def build_app(
    html: Callable[[], str],
    look: Callable[[], LiveExperiment],
    token: str,
    *,
    is_closing: Callable[[], bool],
) -> ASGIApp:
    """Build the application of a `PageServer`.

    Args:
        html: gives the page.
        look: tells how the runs are.
        token: without which nothing is served.
        is_closing: says that streams are to end.
    """
    lock = Lock()

    def page(request: Request) -> Response:
        try:
            with lock:  # a page takes a second of computing, which runs may need
                return HTMLResponse(html())
        except UserError as error:
            text = f"error: {error}"
        except Exception:  # a fault of ours: nobody reads what the server would log
            text = traceback.format_exc()
        return PlainTextResponse(text, HTTPStatus.INTERNAL_SERVER_ERROR)

    async def events(request: Request) -> Response:
        return StreamingResponse(news(look, is_closing), media_type="text/event-stream")

    return Starlette(
        routes=[Route(f"/{token}/", page), Route(f"/{token}/events", events)],
        middleware=[Middleware(Guard, token=token)],
    )


class Guard:
    """Turns away who calls this machine by another name, lacks the token, or wants to write.

    Args:
        app: what is guarded.
        token: the first part of every path.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it pass; every answer gets `HEADERS`."""

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = [(name.lower().encode(), text.encode()) for name, text in HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *headers]}
            await send(message)

        refusal = self._refusal(Request(scope))
        answer: Callable[[Scope, Receive, Send], Awaitable[None]] = refusal or self._app
        await answer(scope, receive, send_with_headers)

    def _refusal(self, request: Request) -> Response | None:
        name = request.headers.get("host", "").rsplit(":", 1)[0]
        given = request.scope["path"].removeprefix("/").split("/")[0]
        if name not in NAMES or not secrets.compare_digest(given.encode(), self._token.encode()):
            text = "This page opens with the whole address that unknot printed."
            return PlainTextResponse(text, HTTPStatus.FORBIDDEN)
        if request.method != "GET":
            return PlainTextResponse("Read only.", HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": "GET"})
        return None


async def news(
    look: Callable[[], LiveExperiment], is_closing: Callable[[], bool]
) -> AsyncIterator[str]:
    """Yield server-sent events: first how everything is, then what has changed, as JSON.

    Args:
        look: tells how the runs are.
        is_closing: says that the stream is to end.
    """
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    before = LiveExperiment((), is_finished=False)
    is_first, silence = True, 0.0
    while not is_closing():
        now = await run_in_threadpool(look)
        if is_first or now != before:
            yield f"data: {json.dumps(changes(before, now), allow_nan=False)}\n\n"
            before, is_first, silence = now, False, 0.0
        elif silence >= SILENCE_SECONDS:
            yield ": nothing new\n\n"
            silence = 0.0
        await asyncio.sleep(PULSE_SECONDS)
        silence += PULSE_SECONDS


def changes(before: LiveExperiment, now: LiveExperiment) -> dict[str, Any]:
    """Tell the runs that have changed between two looks, and a picture only where it has.

    Returns:
        The fields of `LiveExperiment.as_dict`, with fewer runs.
    """
    known = {run.name: run for run in before.runs}
    document = now.as_dict()
    changed = []
    for run, fields in zip(now.runs, document["runs"]):
        earlier = known.get(run.name)
        if earlier != run:
            is_same_frame = earlier is not None and earlier.frame == run.frame
            changed.append(fields | ({"frame": None} if is_same_frame else {}))
    return document | {"runs": changed}
