"""Good files of a few hundred bytes, one for each format that is read: what bad ones begin as."""

import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

NUM = 12
"""Images in every file of several."""


def pixels(*shape: int, seed: int = 0) -> NDArray[np.uint8]:
    """Draw noise."""
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def picture(mode: str = "RGB", side: int = 32, seed: int = 0) -> Image.Image:
    """Draw a smooth picture, which packs well."""
    ramp = np.add.outer(np.arange(side), np.arange(side) * (seed + 1)) % 256
    return Image.fromarray(ramp.astype(np.uint8)).convert(mode)


def encoded(kind: str, mode: str = "RGB", **options: object) -> bytes:
    """Encode a picture as a file of a format."""
    buffer = io.BytesIO()
    picture(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def _profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a picture"
    return exif


def _sixteen_bits(kind: str) -> bytes:
    buffer = io.BytesIO()
    values = pixels(32, 32).astype(np.uint16) * 200
    Image.fromarray(values).save(buffer, kind)
    return buffer.getvalue()


def _float_tiff() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.linspace(0, 1, 1024, dtype=np.float32).reshape(32, 32)).save(buffer, "TIFF")
    return buffer.getvalue()


def _frames(kind: str) -> bytes:
    buffer = io.BytesIO()
    more = [picture(seed=i) for i in range(1, 3)]
    picture().save(buffer, kind, save_all=True, append_images=more)
    return buffer.getvalue()


def _heic() -> bytes:
    from pillow_heif import from_pillow

    buffer = io.BytesIO()
    from_pillow(picture(side=64)).save(buffer, quality=30)
    return buffer.getvalue()


PICTURES: dict[str, Callable[[], bytes]] = {
    "rgb.png": lambda: encoded("PNG"),
    "grey.png": lambda: encoded("PNG", "L"),
    "alpha.png": lambda: encoded("PNG", "RGBA"),
    "palette.png": lambda: encoded("PNG", "P"),
    "bits.png": lambda: encoded("PNG", "1"),
    "sixteen.png": lambda: _sixteen_bits("PNG"),
    "profile.png": lambda: encoded("PNG", icc_profile=_profile()),
    "frames.png": lambda: _frames("PNG"),
    "rgb.jpg": lambda: encoded("JPEG"),
    "progressive.jpg": lambda: encoded("JPEG", progressive=True),
    "exif.jpg": lambda: encoded("JPEG", exif=_exif()),
    "profile.jpg": lambda: encoded("JPEG", icc_profile=_profile()),
    "print.jpg": lambda: encoded("JPEG", "CMYK"),
    "one.gif": lambda: encoded("GIF", "P"),
    "frames.gif": lambda: _frames("GIF"),
    "rgb.tif": lambda: encoded("TIFF"),
    "lzw.tif": lambda: encoded("TIFF", compression="tiff_lzw"),
    "deflate.tif": lambda: encoded("TIFF", compression="tiff_adobe_deflate"),
    "jpeg.tif": lambda: encoded("TIFF", compression="jpeg"),
    "fax.tif": lambda: encoded("TIFF", "1", compression="group4"),
    "sixteen.tif": lambda: _sixteen_bits("TIFF"),
    "float.tif": _float_tiff,
    "pages.tif": lambda: _frames("TIFF"),
    "rgb.webp": lambda: encoded("WEBP"),
    "frames.webp": lambda: _frames("WEBP"),
    "rgb.avif": lambda: encoded("AVIF"),
    "rgb.bmp": lambda: encoded("BMP"),
    "rgb.dib": lambda: encoded("DIB"),
    "rgb.tga": lambda: encoded("TGA", compression="tga_rle"),
    "grey.pgm": lambda: encoded("PPM", "L"),
    "rgb.ppm": lambda: encoded("PPM"),
    "bits.pbm": lambda: encoded("PPM", "1"),
    "rgb.qoi": lambda: encoded("QOI"),
    "rgb.jp2": lambda: encoded("JPEG2000"),
    "rgb.heic": _heic,
}
"""Name -> a picture of that format, by its ending."""


def npy(array: NDArray[np.generic]) -> bytes:
    """Write an array as NumPy does."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def npz(**arrays: object) -> bytes:
    """Write named arrays as NumPy does."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def h5(**arrays: object) -> bytes:
    """Write named arrays as HDF5."""
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array, chunks=True, compression="gzip")
    return buffer.getvalue()


def mat(**arrays: object) -> bytes:
    """Write named arrays as MATLAB's version 5."""
    from scipy.io import savemat

    buffer = io.BytesIO()
    savemat(buffer, arrays, do_compression=True)
    return buffer.getvalue()


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Pack files as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    """Pack files as a tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zstd(content: bytes) -> bytes:
    """Pack bytes as Zstandard does."""
    import zstandard

    return zstandard.ZstdCompressor().compress(content)


@cache
def good_pictures() -> dict[str, bytes]:
    """Encode a few different pictures."""
    pictures = {}
    for i in range(NUM):
        buffer = io.BytesIO()
        picture("L", seed=i).save(buffer, "PNG")
        pictures[f"{i:03d}.png"] = buffer.getvalue()
    return pictures


def parquet(columns: dict[str, object]) -> bytes:
    """Write columns as a parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def idx(array: NDArray[np.uint8]) -> bytes:
    """Write an array as MNIST has it."""
    return (
        bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + bytes(array)
    )


def norb(array: NDArray[np.generic], magic: int = 0x1E3D4C55) -> bytes:
    """Write an array as SmallNORB has it."""
    shape = (*array.shape, 1, 1)[: max(3, array.ndim)]
    return struct.pack(f"<II{len(shape)}i", magic, array.ndim, *shape) + array.tobytes()


STACK, CLASSES = "images", "labels"


def _arrays() -> dict[str, NDArray[np.generic]]:
    ramp = np.stack([np.asarray(picture("L", seed=i)) for i in range(NUM)])
    return {STACK: ramp, CLASSES: np.arange(NUM) % 3}


ARRAYS: dict[str, Callable[[], bytes]] = {
    "set.npz": lambda: npz(**_arrays()),
    "set.npy": lambda: npy(_arrays()[STACK]),
    "set.h5": lambda: h5(**_arrays()),
    "set.mat": lambda: mat(**_arrays()),
    "later/set.mat": lambda: b"MATLAB 7.3 MAT-file".ljust(512) + h5(**_arrays()),
    "set.zip": lambda: zipped(good_pictures()),
    "set.tar": lambda: tarred(good_pictures()),
    "set.tar.gz": lambda: gzip.compress(tarred(good_pictures())),
    "set.tar.zst": lambda: zstd(tarred(good_pictures())),
    "set.parquet": lambda: parquet({"image": list(good_pictures().values())}),
    "train-images-idx3-ubyte": lambda: idx(pixels(NUM, 28, 28)),
    "train-images-idx3-ubyte.gz": lambda: gzip.compress(idx(pixels(NUM, 28, 28) // 64)),
    "data_batch_1.bin": lambda: bytes(pixels(NUM, 3073) % 10),
}
"""Name -> a whole set of images in one file."""


def _csv(separator: str = ",") -> bytes:
    lines = [separator.join((name, str(i % 2), f"{i / 7:.3f}")) for i, name in _numbered()]
    return "\n".join([separator.join(("file_name", "smile", "age")), *lines]).encode()


def _numbered() -> list[tuple[int, str]]:
    return list(enumerate(good_pictures()))


def _records() -> list[dict[str, object]]:
    return [{"file_name": name, "smile": i % 2, "age": i / 7} for i, name in _numbered()]


TABLES: dict[str, Callable[[], bytes]] = {
    "labels.csv": _csv,
    "labels.tsv": lambda: _csv("\t"),
    "labels.jsonl": lambda: "\n".join(map(json.dumps, _records())).encode(),
    "labels.json": lambda: json.dumps(_records()).encode(),
    "labels.parquet": lambda: parquet(
        {key: [record[key] for record in _records()] for key in ("file_name", "smile", "age")}
    ),
    "list_attr_celeba.txt": lambda: "\n".join(
        [str(NUM), "Smiling Bald", *(f"{name} 1 -1" for name in good_pictures())]
    ).encode(),
}
"""Name -> labels of the good pictures."""
