"""What this machine has: cores, memory and processor."""

import os
import platform
from pathlib import Path

CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Files of Linux that say how much memory a container may use: of cgroups 2 and 1."""


CORES_OF_A_JOB = "SLURM_CPUS_PER_TASK"
"""Says how many cores a job of Slurm's was given, also where Slurm does not keep it to them."""


def num_cores() -> int:
    """Count the cores that this process may use."""
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    given = os.environ.get(CORES_OF_A_JOB, "")
    return min(cores, int(given)) if given.isdecimal() and int(given) else cores


def memory_bytes() -> int:
    """Count the bytes of memory that this process may use: the machine's, or its container's."""
    limits = [int(os.sysconf("SC_PHYS_PAGES")) * int(os.sysconf("SC_PAGE_SIZE"))]
    limits += [int(text) for text in map(_text, CONTAINER_LIMITS) if text.isdecimal()]
    return min(limits)


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def processor() -> str:
    """Name the processor, as far as the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
