"""Prepared images on a machine's own disk: copied there once, by the first that needs them.

Where many machines read the same images from one server of files, it is what keeps them waiting.
"""

import os
import shutil
from pathlib import Path
from uuid import uuid4

from unknot.common.errors import UserError, explain_os_error
from unknot.common.locks import Lock
from unknot.common.notices import give_notice
from unknot.data.cache import SPARE_BYTES
from unknot.data.entry_checks import INFO, LABELS, PIXELS
from unknot.data.image_set import DamagedEntryError, ImageSet, open_image_set

STAGE = "UNKNOT_STAGE"
"""The variable that holds the folder that images are copied to."""
NEEDED = (PIXELS, LABELS, INFO)


def stage_in(folder: str) -> None:
    """Have this process read prepared images from copies in a folder; nothing if it is empty."""
    if folder:
        os.environ[STAGE] = folder


def open_staged(entry: Path) -> ImageSet:
    """Map a prepared data set from its copy on this machine, or from where it is.

    A copy is made where there is none yet, and compared with its checksums. Where none can be made,
    a note says why, and the images are read from where they are.

    Args:
        entry: its folder in the cache.

    Raises:
        UserError: if the images are not there, are damaged, or may not be read.
    """
    place = os.environ.get(STAGE)
    if not place:
        return open_image_set(entry)
    copy = Path(place) / entry.name
    try:
        _copy_once(entry, copy)
        return open_image_set(copy)
    except DamagedEntryError as error:
        shutil.rmtree(copy, ignore_errors=True)
        give_notice(f"{error.why}; images are read from {entry}")
    except UserError as error:
        give_notice(f"{error}; images are read from {entry}")
    except OSError as error:
        give_notice(f"{explain_os_error(error, copy)}; images are read from {entry}")
    return open_image_set(entry)


def _copy_once(entry: Path, copy: Path) -> None:
    """Copy the files of an entry, unless that was done, and they are still those of the entry."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    if _is_copy(entry, copy):
        return
    lock = Lock(copy.parent / f"{copy.name}.lease", f"copying images to {copy.parent}")
    with lock.waited_for():
        if _is_copy(entry, copy):
            return
        num_bytes = sum((entry / name).stat().st_size for name in NEEDED)
        free = shutil.disk_usage(copy.parent).free
        if free < num_bytes + SPARE_BYTES:
            raise UserError(
                f"images of {num_bytes / 2**20:,.0f} MiB do not fit into {copy.parent}, which has "
                f"{free / 2**20:,.0f} MiB free"
            )
        shutil.rmtree(copy, ignore_errors=True)
        for left_over in copy.parent.glob(f"{copy.name}.partial*"):
            shutil.rmtree(left_over, ignore_errors=True)
        beside = copy.with_name(f"{copy.name}.partial-{uuid4().hex[:8]}")
        shutil.copytree(entry, beside, copy_function=shutil.copyfile)
        lock.check_held()
        beside.rename(copy)


def _is_copy(entry: Path, copy: Path) -> bool:
    """Whether a copy has the description of what it should be a copy of."""
    try:
        return (copy / INFO).read_bytes() == (entry / INFO).read_bytes()
    except FileNotFoundError:
        return False
