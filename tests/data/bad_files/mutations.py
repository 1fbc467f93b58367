"""Good files with a few random changes, for property tests."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from hypothesis import strategies as st

MAX_CHANGES = 4
GIANTS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)
"""Numbers that sizes in headers become."""

_made = lru_cache(maxsize=None)(lambda make: make())


@st.composite
def mutated(
    draw: st.DrawFn, seeds: Mapping[str, Callable[[], bytes]], *endings: str
) -> tuple[str, bytes]:
    """Draw a file: its name, and its bytes after one to four changes.

    Args:
        draw: given by hypothesis.
        seeds: name -> a good file.
        endings: of the names to draw from; all where there are none.
    """
    names = sorted(name for name in seeds if not endings or name.endswith(endings))
    name = draw(st.sampled_from(names))
    content = bytearray(_made(seeds[name]))
    for _ in range(draw(st.integers(1, MAX_CHANGES))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        draw(st.sampled_from(CHANGES))(draw, content, place)
    return name, bytes(content)


def _overwrite(draw: st.DrawFn, content: bytearray, place: int) -> None:
    new = draw(st.binary(min_size=1, max_size=8))
    content[place : place + len(new)] = new


def _insert(draw: st.DrawFn, content: bytearray, place: int) -> None:
    content[place:place] = draw(st.binary(min_size=1, max_size=8))


def _remove(draw: st.DrawFn, content: bytearray, place: int) -> None:
    del content[place : place + draw(st.integers(1, 64))]


def _cut(draw: st.DrawFn, content: bytearray, place: int) -> None:
    del content[place:]


def _repeat(draw: st.DrawFn, content: bytearray, place: int) -> None:
    content[place:place] = content[place : place + draw(st.integers(1, 64))]


def _enlarge(draw: st.DrawFn, content: bytearray, place: int) -> None:
    width, order = draw(st.sampled_from((1, 2, 4, 8))), draw(st.sampled_from(("little", "big")))
    number = draw(st.sampled_from(GIANTS)) % 256**width
    content[place : place + width] = number.to_bytes(width, order)


CHANGES = (_overwrite, _insert, _remove, _cut, _repeat, _enlarge)
