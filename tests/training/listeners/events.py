"""What TensorBoard would read."""

import struct
from pathlib import Path

from tensorboardX.proto.event_pb2 import Event

HEADER, CHECKSUM = 12, 4  # bytes: a length and its checksum; that of the content


def read_scalars(folder: Path) -> dict[tuple[str, int], float]:
    """Read (tag, step) -> value from all event files of a folder."""
    scalars = {}
    for path in sorted(folder.iterdir()):
        content, start = path.read_bytes(), 0
        while start < len(content):
            (size,) = struct.unpack_from("<Q", content, start)
            event = Event.FromString(content[start + HEADER : start + HEADER + size])
            start += HEADER + size + CHECKSUM
            for value in event.summary.value:
                scalars[value.tag, event.step] = value.simple_value
    return scalars


def expected_scalars(lines: list[dict]) -> dict[tuple[str, int], float]:
    """Give what lines of a history are as scalars, written out independently."""
    scalars: dict[tuple[str, int], float] = {}
    for line in lines:
        for key, value in line.items():
            tag, step = f"{line['split']}/{key}", line["step"]
            if isinstance(value, list):
                scalars |= {(f"{tag}_{i}", step): item for i, item in enumerate(value)}
            elif key not in ("split", "step") and value is not None:
                scalars[tag, step] = value
    return scalars
