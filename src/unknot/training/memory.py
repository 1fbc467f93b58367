"""Freed memory kept for the next step."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGEST = 32 * 2**20  # the largest block that glibc lets stay on its heap


def keep_freed_memory() -> bool:
    """Tell glibc to reuse large blocks rather than give them back to the system.

    A training step frees and asks for the same dozens of megabytes; handed back, each page costs a
    fault when it is touched again: 9,700 faults and a fifth of the step's time with the reference
    network at batch 64 (docs/log.md).

    Returns:
        Whether the C library took it; others than glibc have nothing to tell.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST) and mallopt(M_TRIM_THRESHOLD, 2**30))
