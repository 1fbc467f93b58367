"""Freed memory kept for the next step."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGEST = 32 * 2**20  # the largest block that glibc lets stay on its heap


def disable_heap_trimming() -> bool:
    """Tell glibc to reuse large blocks rather than give them back to the system.

    A training step frees and asks for the same dozens of megabytes; handed back, each page costs a
    fault when it is touched again: 9,700 faults and a fifth of the step's time with the reference
    network at batch 64 (docs/log.md).

    Returns:
        Whether the C library took it; others than glibc have nothing to tell.
    """
    library = _glibc()
    return bool(
        library
        and library.mallopt(M_MMAP_THRESHOLD, LARGEST)
        and library.mallopt(M_TRIM_THRESHOLD, 2**30)
    )


def return_freed_memory() -> None:
    """Hand back to the system what a finished run leaves free, so that the next one has room."""
    library = _glibc()
    if library:
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        library = ctypes.CDLL("libc.so.6")
        return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
    except OSError:
        return None
