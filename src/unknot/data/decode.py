"""A set of encoded pictures -> one file of pixels, decoded in parallel threads.

Whether the set is grey, and which value of a 16-bit file is white, depends on all pictures: some
decide what to begin with, every picture is checked against it while it is decoded, and what was
wrongly guessed is decoded again, once.

Pillow releases the interpreter lock while it decodes and resizes, so threads suffice.
"""

import os
import shutil
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unknot.common.errors import UserError
from unknot.common.progress import Progress
from unknot.data.preparation import MAX_PIXELS, NUM_CHANNELS, Preparation
from unknot.data.raster.chunks import (
    ColorFound,
    Plan,
    Tally,
    decode_chunk,
    decode_images,
    digest_of,
    read_content,
)
from unknot.data.raster.heic import HeicReaders
from unknot.data.raster.picture_files import UnreadableImage
from unknot.data.raster.value_ranges import Measured, describe_range, find_ranges, merge

CHUNK = 64
NUM_SAMPLED = 64


@dataclass(frozen=True)
class Decoded:
    """What became of a set of pictures.

    Attributes:
        image_shape: channels, height, width.
        digests: of each picture's bytes; empty where they could not be had.
        rows: of each row that was written, the positions of its picture and of its frame in it,
            shape `(num_rows, 2)`.
        unreadable: the position and the reason of each picture that has no row.
        passing: those of them whose file could not be had; another time they may be read.
        notes: what the user should know, one line each.
    """

    image_shape: tuple[int, int, int]
    digests: list[bytes]
    rows: NDArray[np.int32]
    unreadable: dict[int, str]
    passing: frozenset[int]
    notes: tuple[str, ...]


def decode_all(
    read: Callable[[int], bytes],
    num: int,
    preparation: Preparation,
    pixels: Path,
    *,
    frames: str = "first",
    max_pixels: int = MAX_PIXELS,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Decoded:
    """Decode every picture into one file of uint8 pixels, a row per picture or frame.

    Rows are written, not mapped, so that a full disk is an error and not a crash. A picture that
    cannot be read has no row.

    Args:
        read: the bytes of picture number i; called from several threads. Raises `UnreadableImage`
            or `OSError` where they cannot be had.
        num: how many pictures there are.
        preparation: crop, size and color.
        pixels: the file to write.
        frames: `first`, or `all` pages or frames of a file that holds several.
        max_pixels: that one picture may have.
        workers: threads; by default one per core.
        progress: called after each chunk.

    Raises:
        UserError: if a file changes while the set is decoded.
    """
    num_threads = workers or os.cpu_count() or 1
    with (
        _without_warnings(),
        _without_limit(),
        HeicReaders() as heic,
        ThreadPoolExecutor(num_threads) as pool,
    ):
        plan = Plan(
            read=read, preparation=preparation, frames=frames, heic=heic, max_pixels=max_pixels
        )
        try:
            plan = _survey(plan, num)
            report = partial(progress, "decoding") if progress else _say_nothing
            try:
                tally = _decode_set(pool, 4 * num_threads, plan, num, pixels, report)
            except ColorFound:
                plan = replace(plan, num_channels=3, checks_color=False)
                tally = _decode_set(pool, 4 * num_threads, plan, num, pixels, report)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return Decoded(
        image_shape=plan.image_shape,
        digests=tally.digests,
        rows=np.array(tally.rows, np.int32).reshape(-1, 2),
        unreadable=tally.unreadable,
        passing=frozenset(tally.passing),
        notes=_notes(plan, tally),
    )


def name_rows(names: Sequence[str], rows: NDArray[np.int32]) -> list[str]:
    """Name each row after its picture; of several of one file, with their number from 1: `a.gif#2`.

    Args:
        names: one per picture.
        rows: as in `Decoded`.
    """
    num_rows = np.bincount(rows[:, 0], minlength=len(names))
    return [
        f"{names[picture]}#{frame + 1}" if num_rows[picture] > 1 else names[picture]
        for picture, frame in rows.tolist()
    ]


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Silence Pillow's notes on odd metadata. The filters are the process's: enter it once only."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _without_limit() -> Iterator[None]:
    """Have Pillow open what we then refuse or take by a limit of our own."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _say_nothing(done: int, total: int) -> None:
    pass


def _survey(plan: Plan, num: int) -> Plan:
    """Look at some pictures to choose colors and ranges that will most likely hold for all."""
    color = plan.preparation.color
    plan = replace(plan, num_channels=NUM_CHANNELS[color], checks_color=color == "auto")
    others = np.random.default_rng(0).permutation(num)[: NUM_SAMPLED - 2].tolist()
    measured: list[Measured] = []
    for index in dict.fromkeys([0, num - 1, *others] if num else []):
        try:
            image = next(decode_images(replace(plan, frames="first"), read_content(plan, index)))
        except UnreadableImage:
            continue
        except ColorFound:
            plan = replace(plan, num_channels=3, checks_color=False)
            break
        measured += [image.measured] if image.measured else []
        if not image.measured and not plan.checks_color:
            break
    return replace(plan, ranges=find_ranges(merge(measured)))


def _decode_set(
    pool: ThreadPoolExecutor,
    num_waiting: int,
    plan: Plan,
    num: int,
    pixels: Path,
    report: Callable[[int, int], None],
) -> Tally:
    """Write all rows; raises `ColorFound` as soon as the plan turns out to be wrong."""
    tally, work = Tally(), partial(decode_chunk, plan, pixels.parent)
    chunks = [range(start, min(start + CHUNK, num)) for start in range(0, num, CHUNK)]
    with pixels.open("wb") as file:
        for part, rows in _in_order(pool, work, chunks, num_waiting):
            with rows:
                rows.seek(0)
                shutil.copyfileobj(rows, file)
            tally.add(part)
            report(len(tally.digests), num)
    final = find_ranges(tally.measured)
    wrong = [
        row
        for kind, rows_of_kind in tally.raw_rows.items()
        if final[kind] != plan.ranges.get(kind)
        for row in rows_of_kind
    ]
    if wrong:
        _write_again(pool, replace(plan, ranges=final), tally, wrong, pixels, report)
    return tally


def _in_order(
    pool: ThreadPoolExecutor,
    work: Callable[[range], tuple[Tally, IO[bytes]]],
    chunks: Sequence[range],
    num_waiting: int,
) -> Iterator[tuple[Tally, IO[bytes]]]:
    """Give what becomes of each chunk, in order, with few of them waiting at a time."""
    waiting: deque[Future[tuple[Tally, IO[bytes]]]] = deque()
    try:
        for chunk in chunks:
            waiting.append(pool.submit(work, chunk))
            if len(waiting) >= num_waiting:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _write_again(
    pool: ThreadPoolExecutor,
    plan: Plan,
    tally: Tally,
    wrong: Sequence[int],
    pixels: Path,
    report: Callable[[int, int], None],
) -> None:
    """Decode the pictures of some rows with the ranges that hold for all, and write over them."""
    pictures = sorted({tally.rows[row][0] for row in wrong})
    first_rows: dict[int, int] = {}
    for row, (picture, _) in enumerate(tally.rows):
        first_rows.setdefault(picture, row)
    lock, row_bytes = threading.Lock(), prod(plan.image_shape)

    def work(picture: int) -> None:
        content = read_content(plan, picture)
        if digest_of(content) != tally.digests[picture]:
            raise UnreadableImage("it has changed")
        for row, image in enumerate(decode_images(plan, content), first_rows[picture]):
            with lock:
                file.seek(row * row_bytes)
                file.write(np.ascontiguousarray(image.pixels).data)

    with pixels.open("r+b") as file:
        try:
            for done, _ in enumerate(pool.map(work, pictures), 1):
                report(done, len(pictures))
        except UnreadableImage as error:
            raise UserError(
                f"a picture could be read once and not again ({error}); leave the images alone "
                "while they are loaded, and load them once more"
            ) from None


def _notes(plan: Plan, tally: Tally) -> tuple[str, ...]:
    notes = [describe_range(measured) for measured in tally.measured.values()]
    if plan.num_channels == 1 and tally.stored_in_color:
        share = "" if tally.stored_in_color == len(tally.rows) else " (in part)"
        notes.append(
            f"stored in color{share} but grey throughout: one channel; --color rgb keeps three"
        )
    if tally.damaged:
        which = "1 file has" if tally.damaged == 1 else f"{tally.damaged:,} files have"
        notes.append(f"{which} damaged metadata (EXIF or color profile): the pixels were used")
    if tally.with_frames:
        which = "1 file holds" if tally.with_frames == 1 else f"{tally.with_frames:,} files hold"
        left = "1 was" if tally.left_frames == 1 else f"{tally.left_frames:,} were"
        first = "its first" if tally.with_frames == 1 else "the first of each"
        notes.append(
            f"{which} several pages or frames: {first} was taken, {left} left; "
            "--frames all takes them"
        )
    return tuple(filter(None, notes))
