"""Pictures that lie in a run's or an experiment's folder, whoever made them.

What is shown is drawn anew from the pixels: a link that leads out of the folder is not followed,
and a file that is no picture, or an enormous one, is refused.
"""

import io
import struct
import warnings
import zlib
from base64 import b64encode
from pathlib import Path

from PIL import Image

from unknot.common.errors import UserError
from unknot.common.reading import read_file

FORMATS = ("PNG", "WEBP", "JPEG", "GIF", "AVIF")
MOST_BYTES = 128 << 20
MOST_PIXELS = 50_000_000
"""A sample of 40 images of 1,024 pixels has fewer."""
MOST_SIDE = 32_768
DAMAGES = (
    *(OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, AttributeError),
    *(RuntimeError, NotImplementedError, MemoryError, OverflowError, struct.error, zlib.error),
    *(Image.DecompressionBombError, Image.DecompressionBombWarning),
)
"""What Pillow's decoders raise for a file that is no picture, or half of one."""


def picture_address(path: Path, *, within: Path) -> str:
    """Draw the first frame of a picture anew, as a data address.

    Args:
        path: of the file.
        within: the folder that it must lie in once every link is followed.

    Returns:
        A PNG without anything but pixels.

    Raises:
        UserError: if it is missing, lies elsewhere, is no picture, or too large.
    """
    content = read_file(path, within=within, most_bytes=MOST_BYTES)
    drawn = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                _check_size(path, picture)
                seen = picture.convert("L" if picture.mode == "L" else "RGB")
                seen.info.clear()
                seen.save(drawn, "PNG")
    except DAMAGES:
        raise UserError(f"{path} is no picture that can be shown; delete it") from None
    return f"data:image/png;base64,{b64encode(drawn.getvalue()).decode()}"


def _check_size(path: Path, picture: Image.Image) -> None:
    width, height = picture.size
    if max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        raise UserError(f"{path} has {width:,} x {height:,} pixels, too many to show; delete it")
