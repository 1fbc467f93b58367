"""Folders of pictures that tests write."""

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def picture(seed: int, size: tuple[int, int] = (40, 40), mode: str = "RGB") -> Image.Image:
    """Draw noise of a width and height."""
    rng = np.random.default_rng(seed)
    shape = (*size[::-1], 3) if mode == "RGB" else size[::-1]
    return Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8))


def fill(folder: Path, num: int = 30, suffix: str = ".png", **options: object) -> Path:
    """Write some pictures of noise into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(num):
        picture(i, **options).save(folder / f"{i:04d}{suffix}")
    return folder


def make_celeba(root: Path, num: int = 30, extra_rows: int = 5) -> Path:
    """Write a folder in CelebA's layout, with more rows than images."""
    fill(root / "img_align_celeba", num, ".jpg", size=(178, 218))
    names = [f"{i:04d}.jpg" for i in range(num + extra_rows)]
    flags = [f"{name}  {'1' if i % 3 else '-1'} -1" for i, name in enumerate(names)]
    (root / "list_attr_celeba.txt").write_text(
        "\r\n".join([str(len(names)), "Smiling Bald", *flags]) + "\r\n"
    )
    (root / "list_eval_partition.txt").write_text(
        "\n".join(f"{name} {0 if i < 20 else 1 if i < 25 else 2}" for i, name in enumerate(names))
    )
    return root


def stored_png(pixels: np.ndarray) -> bytes:
    """Write RGB pixels as a PNG whose bytes are the same with every compression library.

    Args:
        pixels: shape `(height, width, 3)`, at most 65,535 bytes with one more for each row.
    """
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    lengths = struct.pack("<HH", len(rows), len(rows) ^ 0xFFFF)
    stream = b"\x78\x01\x01" + lengths + rows + struct.pack(">I", zlib.adler32(rows))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", stream), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
