"""What the engines of clusters have in common: whether they are installed, and answer."""

import socket
from importlib.util import find_spec

from unknot.common.errors import UserError

SECONDS_TO_ANSWER = 3.0


def check_installed(package: str, extra: str) -> None:
    """Refuse an engine whose package is not installed.

    Args:
        package: that is imported.
        extra: of unknot, which installs it.

    Raises:
        UserError: names the command that installs it.
    """
    if find_spec(package) is None:
        raise UserError(f"engine {extra} needs {package}: pip install 'unknot[{extra}]'")


def check_answers(what: str, address: str, hello: bytes = b"") -> None:
    """Refuse an address where nothing answers, without the minutes that a cluster's client takes.

    Args:
        what: the cluster's kind, for the error.
        address: `HOST:PORT`, with or without a protocol such as `tcp://`; of one that is encrypted
            only the port is tried.
        hello: what a client sends first; a server has something to say then.

    Raises:
        UserError: if it is no such address, or nothing answers there.
    """
    host, separator, port = address.rpartition("://")[2].rpartition(":")
    if not (host and separator and port.isdecimal()):
        raise UserError(f"address is {address!r}; give HOST:PORT of the {what} cluster")
    try:
        place = host.strip("[]"), int(port)
        with socket.create_connection(place, SECONDS_TO_ANSWER) as connection:
            connection.sendall(hello)
            if not (address.startswith("tls://") or connection.recv(1)):
                raise OSError("something else is there")
    except (OSError, OverflowError) as error:
        raise refused(what, address, error) from None


def refused(what: str, address: str, error: BaseException) -> UserError:
    """Say in one line that a cluster cannot be used.

    Args:
        what: its kind.
        address: of the cluster.
        error: that says why.
    """
    reason = " ".join(str(error).split()) or type(error).__name__
    return UserError(
        f"no {what} cluster answers at {address}: {reason}; check the engine's option address, "
        "or leave it out to start one on this machine"
    )
