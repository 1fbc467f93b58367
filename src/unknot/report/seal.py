"""A seal on what this user's unknot wrote: a page or an address that came with a folder has none.

It is an HMAC (RFC 2104) with a key that lies in the user's cache and leaves it never. Whoever made
the folder can compute a digest of what he put there, but not its seal.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from unknot.common.errors import UserError
from unknot.common.files import written_beside
from unknot.common.reading import read_file
from unknot.data.cache import cache_folder

KEY = "seal.key"
KEY_BYTES = 32


def seal(text: str) -> str:
    """Seal a text; gives an empty string where no key can be kept, and then nothing is sealed."""
    key = _read_key() or _new_key()
    return _seal(key, text) if key else ""


def is_sealed(text: str, mark: str) -> bool:
    """Whether `mark` is what `seal` gave for this text."""
    key = _read_key()
    return bool(key and mark) and hmac.compare_digest(_seal(key, text).encode(), mark.encode())


def _seal(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def _read_key() -> bytes:
    """Read the key; empty where there is none."""
    path = _place()
    try:
        key = read_file(path, within=path.parent, most_bytes=KEY_BYTES) if path.exists() else b""
    except UserError:
        return b""
    return key if len(key) == KEY_BYTES else b""


def _new_key() -> bytes:
    """Make a key that the user alone can read; empty where nothing can be written."""
    key = secrets.token_bytes(KEY_BYTES)
    try:
        with written_beside(_place()) as temporary:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as file:
                file.write(key)
    except (OSError, UserError):
        return b""
    return key


def _place() -> Path:
    return cache_folder() / KEY
