"""The page while its runs train, served to this machine alone: http://127.0.0.1:PORT/TOKEN/.

Who does not know the token gets nothing, and neither does a page of another site that the browser
was led to (its address has another name than this machine's own).
"""

import asyncio
import json
import secrets
import socket
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from threading import Thread
from typing import Any, NamedTuple

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
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
MOST_FILES = 4096
"""That may be open at once, connections too; many systems allow 1,024 unless they are asked."""
CHUNK_BYTES = 65_536
"""Of a page that are handed out at once: one that is read slowly waits in no memory but its own."""


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
            asyncio.run(self._serve())

    async def _serve(self) -> None:
        allow_many_files()
        asyncio.get_running_loop().set_exception_handler(_log_fault)
        await self._server.serve(sockets=[self._socket])

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


def allow_many_files() -> None:
    """Let this process open enough files for a thousand connections and a page at once."""
    try:
        import resource
    except ModuleNotFoundError:  # on Windows, which has no such limit
        return
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if most == resource.RLIM_INFINITY else min(MOST_FILES, most)
    if least != resource.RLIM_INFINITY and least < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _log_fault(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log a fault, but not that there are more connections than files may be open: they wait."""
    if not isinstance(context.get("exception"), OSError):
        loop.default_exception_handler(context)


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
    shared = SharedPage(html)

    async def page(request: Request) -> Response:
        made = await shared.get()
        return StreamingResponse(
            _chunks(made.content),
            made.status,
            {"Content-Length": str(len(made.content))},
            made.media_type,
        )

    async def events(request: Request) -> Response:
        return StreamingResponse(news(look, is_closing), media_type="text/event-stream")

    return Starlette(
        routes=[Route(f"/{token}/", page), Route(f"/{token}/events", events)],
        middleware=[Middleware(Guard, token=token)],
    )


class MadePage(NamedTuple):
    """A page, or what kept it from being made.

    Attributes:
        content: in UTF-8.
        media_type: of it.
        status: of the answer.
    """

    content: bytes
    media_type: str
    status: HTTPStatus


class SharedPage:
    """Makes the page for all who have asked until then: a thousand at once get it after two turns.

    Args:
        html: gives the page; takes a second of computing, which runs may need.
    """

    def __init__(self, html: Callable[[], str]) -> None:
        self._html = html
        self._lock = asyncio.Lock()
        self._began = 0.0
        self._page: MadePage | None = None

    async def get(self) -> MadePage:
        """Give a page that shows what there was when it was asked for, or later."""
        asked = time.monotonic()
        async with self._lock:
            if self._page is None or self._began < asked:
                self._began = time.monotonic()
                self._page = await run_in_threadpool(self._make)
            return self._page

    def _make(self) -> MadePage:
        try:
            return MadePage(self._html().encode(), "text/html", HTTPStatus.OK)
        except UserError as error:
            text = f"error: {error}"
        except Exception:  # a fault of ours: nobody reads what the server would log
            text = traceback.format_exc()
        content = text.encode("utf-8", "backslashreplace")
        return MadePage(content, "text/plain", HTTPStatus.INTERNAL_SERVER_ERROR)


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), CHUNK_BYTES):
        yield content[start : start + CHUNK_BYTES]


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

    What keeps it from being told is told in its place.

    Args:
        look: tells how the runs are.
        is_closing: says that the stream is to end.
    """
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    before = LiveExperiment((), is_finished=False)
    is_first, silence, problem_before = True, 0.0, ""
    while not is_closing():
        now, problem = before, ""
        try:
            now = await run_in_threadpool(look)
        except UserError as error:
            problem = f"error: {error}"
        if is_first or now != before or problem != problem_before:
            document = changes(before, now) | ({"sentence": problem} if problem else {})
            yield f"data: {json.dumps(document, allow_nan=False)}\n\n"
            before, is_first, silence, problem_before = now, False, 0.0, problem
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
