"""Whatever bytes a reader is given, it reads them or says in one line why not."""

import os
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.bad_files.mutations import mutated
from tests.data.bad_files.seeds import ARRAYS, PICTURES, TABLES, good_pictures
from unknot.common.errors import UserError
from unknot.data.image_set import ImageSet
from unknot.data.load import load_images
from unknot.data.picture_labels import labels_from_table
from unknot.data.preparation import Preparation
from unknot.data.raster.chunks import ColorFound, Plan, decode_images
from unknot.data.raster.heic import HeicReaders
from unknot.data.raster.picture_files import UnreadableImage

CHILDREN = (".h5", ".mat")  # which another process opens first: a third of a second each
FEWER = settings(max_examples=settings.default.max_examples // 3)
NAMES = list(good_pictures())
CELLS = st.one_of(
    st.text(max_size=20),
    st.floats().map(str),
    st.integers().map(str),
    st.sampled_from(
        ["", "nan", "=1+1", "-", "yes", "no", "1,5", "9" * 5_000, "\u0663", "2001-01-01"]
    ),
)


@contextmanager
def place() -> Iterator[Path]:
    """A folder, and a cache in it."""
    with (
        TemporaryDirectory() as folder,
        mock.patch.dict(os.environ, {"UNKNOT_CACHE": f"{folder}/cache"}),
    ):
        yield Path(folder)


def loaded(path: Path, **options: object) -> ImageSet | None:
    """Load images, or nothing where that is refused in a line."""
    try:
        images = load_images(path, size=28, workers=1, **options)
    except UserError:
        return None
    assert images.images.shape == (len(images.names), *images.image_shape)
    assert int(images.images.sum(dtype=np.int64)) >= 0  # every pixel can be read
    return images


def file_in(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture(scope="module")
def heic() -> Iterator[HeicReaders]:
    with HeicReaders() as readers:
        yield readers


@given(picture=mutated(PICTURES), frames=st.sampled_from(["first", "all"]))
def test_pictures_are_decoded_or_unreadable(
    picture: tuple[str, bytes], frames: str, heic: HeicReaders
) -> None:
    plan = Plan(lambda index: b"", Preparation(28), frames, num_channels=3, heic=heic)
    with suppress(UnreadableImage, ColorFound), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for image in decode_images(plan, picture[1]):
            assert image.pixels.shape == (3, 28, 28)


@given(file=mutated({name: make for name, make in ARRAYS.items() if not name.endswith(CHILDREN)}))
def test_files_of_images_are_loaded_or_refused(file: tuple[str, bytes]) -> None:
    with place() as folder:
        loaded(file_in(folder, *file))


@FEWER
@given(file=mutated(ARRAYS, *CHILDREN))
def test_files_that_other_processes_open_are_loaded_or_refused(file: tuple[str, bytes]) -> None:
    with place() as folder:
        loaded(file_in(folder, *file))


@given(file=mutated(TABLES))
def test_tables_are_read_or_refused(file: tuple[str, bytes]) -> None:
    with place() as folder:
        path = file_in(folder, *file)
        with suppress(UserError):
            known = labels_from_table(path, NAMES)
            assert known.attributes.shape == (len(NAMES), len(known.attribute_names))


@given(
    name=st.sampled_from(sorted({f"a.{name.split('.', 1)[-1]}" for name in {**ARRAYS, **TABLES}})),
    content=st.binary(max_size=300),
)
def test_random_bytes_are_refused(name: str, content: bytes) -> None:
    with place() as folder:
        if not name.endswith(CHILDREN):
            loaded(file_in(folder, name, content))


@given(
    header=st.lists(st.text(max_size=10), min_size=1, max_size=4),
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=len(NAMES)),
)
def test_any_cells_are_labels_or_refused(header: list[str], rows: list[list[str]]) -> None:
    lines = [["file_name", *header], *([name, *row] for name, row in zip(NAMES, rows))]
    text = "\n".join(",".join(f'"{cell}"' for cell in line) for line in lines)
    with place() as folder:
        path = file_in(folder, "labels.csv", text.encode("utf-8", "surrogatepass"))
        with suppress(UserError):
            known = labels_from_table(path, NAMES)
            assert known.factors is not None
            assert not np.isinf(known.factors).any()


@FEWER
@given(
    name=st.sampled_from(["info.json", "labels.npz", "images.u8", "checksums.json"]),
    seed=st.integers(0, 2**32),
)
def test_a_spoiled_cache_gives_the_same_images(name: str, seed: int) -> None:
    with place() as folder:
        (folder / "pictures").mkdir()
        for picture, content in good_pictures().items():
            (folder / "pictures" / picture).write_bytes(content)
        first = load_images(folder / "pictures", size=28, workers=1)
        expected, info = np.array(first.images), first.info
        chance, file = random.Random(seed), first.folder / name
        spoiled = bytearray(file.read_bytes())
        for _ in range(chance.randint(1, 8)):
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
        del spoiled[len(spoiled) - chance.choice((0, 0, 1, 100)) :]
        file.write_bytes(spoiled)
        again = load_images(folder / "pictures", size=28, workers=1)
        assert np.array_equal(again.images, expected)
        assert again.labels.split.tolist() == first.labels.split.tolist()
        notes = [note for note in again.info["notes"] if "prepared again" not in note]
        assert {**again.info, "notes": notes} == info
