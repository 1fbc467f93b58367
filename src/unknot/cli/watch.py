"""The command `watch`, and what `compare --open` shares with it."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from unknot.cli.options import Flag, OutputOptions
from unknot.common.errors import UserError
from unknot.common.text import printable_lines

if TYPE_CHECKING:
    from unknot.experiments.experiment import Experiment
    from unknot.report.server import PageServer

NO_LONGER = "The page is no longer served."


@dataclass(frozen=True)
class WatchOptions:
    """Serve an experiment's page to this machine while its runs train, until Ctrl-C.

    Example: unknot watch runs/demo --open
    """

    experiment: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="EXPERIMENT")]
    open: Flag = False
    """Open the page in a browser."""
    port: Annotated[
        int | None,
        tyro.conf.arg(
            help="Port of this machine.",
            metavar="PORT",
            help_behavior_hint="(default: the one of the last time, or any that is free)",
        ),
    ] = None
    output: OutputOptions = field(default_factory=OutputOptions)


def watch_command(options: WatchOptions) -> tuple[str, Any]:
    """Serve a page until Ctrl-C."""
    from unknot.common.progress import announced

    with announced(options.output.hides_progress, "getting ready to serve the page"):
        from unknot.experiments.experiment import Experiment
        from unknot.experiments.watch import check_watchable, page_server

        check_watchable()
    server = page_server(Experiment(options.experiment), options.port)
    with suppress(KeyboardInterrupt):
        _tell_address(server)
        print("Ctrl-C ends it; the runs do not need it.", file=sys.stderr, flush=True)
        if options.open:
            _open(server)
        server.run()
    return NO_LONGER, {"address": server.address}


class LivePage:
    """The page that `compare --open` serves, from its first step on.

    Args:
        stack: ends the serving.
    """

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._server: PageServer | None = None

    def open(self, experiment: "Experiment") -> None:
        """Serve the page of an experiment and open it in a browser."""
        from unknot.experiments.watch import page_server

        self._server = page_server(experiment)
        self._stack.enter_context(self._server.running())
        _tell_address(self._server)
        _open(self._server)

    def stay(self, text: str) -> str:
        """Show what came of the experiment, and go on serving until Ctrl-C.

        Args:
            text: what came of it.

        Returns:
            What there is to say at the end.
        """
        assert self._server, "it has been opened"
        print(
            f"{printable_lines(text)}\n\nThe page stays at {self._server.address} until Ctrl-C.",
            flush=True,
        )
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(1)
        return NO_LONGER


@contextmanager
def live_page(output: OutputOptions) -> Iterator[LivePage]:
    """Give the page of `compare --open`; it is served no longer when the block ends.

    Raises:
        UserError: if what serves it is not installed, or one JSON document is wanted.
    """
    from unknot.common.progress import announced

    if output.json:
        raise UserError(
            "--json prints one document and ends, --open serves a page until Ctrl-C; leave one out"
        )
    with announced(output.hides_progress, "getting ready to serve the page"):
        from unknot.experiments.watch import check_watchable

        check_watchable()
    with ExitStack() as stack:
        yield LivePage(stack)


def _open(server: "PageServer") -> None:
    from unknot.experiments.watch import open_in_browser

    if not open_in_browser(server.address):
        print("No browser was found here: open the address in one.", file=sys.stderr, flush=True)


def _tell_address(server: "PageServer") -> None:
    text = f"The live page, for you alone and on this machine: {server.address}"
    print(text, file=sys.stderr, flush=True)
