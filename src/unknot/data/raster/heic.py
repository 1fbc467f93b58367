"""HEIC, as telephones write it, decoded in another process: its library may crash."""

import io
import json
import struct
from types import TracebackType
from typing import Any

from PIL import Image

from unknot.data.child import Child, ChildFailure
from unknot.data.preparation import MAX_PIXELS
from unknot.data.raster.decoder_limits import too_many_pixels

BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
OTHERS = (b"avif", b"avis")  # whose files may begin with the last two of these as well
HEAD = struct.Struct("<Q")


def is_heic(content: bytes) -> bool:
    """Whether a file begins like one."""
    is_branded = content[4:8] == b"ftyp" and content[8:12] in BRANDS
    return is_branded and not any(brand in content[12:64] for brand in OTHERS)


class HeicReaders:
    """Processes that decode HEIC: one for each thread that needs one at the time.

    As a context it ends them.
    """

    def __init__(self) -> None:
        self._idle: list[Child] = []

    def __enter__(self) -> "HeicReaders":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._idle:
            self._idle.pop().close()

    def decode(self, content: bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
        """Decode a picture; a process that fails is not used again.

        Args:
            content: the bytes of the file.
            max_pixels: that it may have.

        Raises:
            ValueError: if it is damaged or too large, or the library crashes or hangs.
        """
        try:
            child = self._idle.pop()
        except IndexError:
            child = Child(f"{__name__}:answer")
        try:
            reply = child.ask(HEAD.pack(max_pixels) + content)
        except ChildFailure as error:
            raise ValueError(str(error)) from None
        except BaseException:
            child.close()
            raise
        self._idle.append(child)
        return _picture_of(reply)


def _picture_of(reply: bytes) -> Image.Image:
    (length,) = HEAD.unpack_from(reply)
    head = json.loads(reply[HEAD.size : HEAD.size + length])
    if "error" in head:
        raise ValueError(head["error"])
    pixels = reply[HEAD.size + length :]
    picture = Image.frombytes(head["mode"], tuple(head["size"]), pixels)
    for name in ("exif", "icc_profile"):
        if head[name]:
            picture.info[name] = bytes.fromhex(head[name])
    return picture


def answer(request: bytes) -> bytes:
    """Decode a picture in a child: what is known of it as JSON, and its pixels.

    Args:
        request: the number of pixels that it may have, and the file.
    """
    try:
        head, pixels = _decoded(request[HEAD.size :], *HEAD.unpack_from(request))
    except MemoryError:
        head, pixels = {"error": "takes more memory than its reader is given"}, b""
    except Exception as error:  # whatever its library raises on damaged files
        reason = " ".join(str(error).split()) or type(error).__name__
        head, pixels = {"error": reason}, b""
    text = json.dumps(head).encode()
    return HEAD.pack(len(text)) + text + pixels


def _decoded(content: bytes, max_pixels: int) -> tuple[dict[str, Any], bytes]:
    from pillow_heif import register_heif_opener

    register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None
    picture = Image.open(io.BytesIO(content), formats=("HEIF",))
    if picture.width * picture.height > max_pixels:
        raise ValueError(too_many_pixels(picture.size, max_pixels))
    picture.load()
    head: dict[str, Any] = {"mode": picture.mode, "size": picture.size}
    for name in ("exif", "icc_profile"):
        head[name] = (picture.info.get(name) or b"").hex()
    return head, picture.tobytes()
