"""Who may import whom: a room imports only what stands to its left in CONTRIBUTING.md."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import unknot

ROOT = Path(unknot.__file__).parent
CONTRIBUTING = Path(__file__).parents[1] / "CONTRIBUTING.md"
OUTSIDE = ("__init__", "__main__")
MOST_ROOMS = 11
MOST_LINES_OF_COMMON = 1_750
KNOW_CONFIG = {"config", "runs", "training", "evidence", "report", "experiments", "cli"}


class Flow(NamedTuple):
    """The imports between rooms, counted."""

    rooms: int
    floors: int
    arrows: int


def order_of_rooms() -> list[str]:
    """Read the one line that says which room stands where."""
    (line,) = (line for line in CONTRIBUTING.read_text().splitlines() if "common -> " in line)
    return [room.strip() for room in line.split("->")]


def room_of(path: Path, root: Path = ROOT) -> str:
    return path.relative_to(root).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    """Find the rooms of ours that a file imports, inside functions too."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            parts = node.module.split(".")
            if parts[0] == "unknot":
                rooms |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"{path}: relative import"
    return rooms


def count_flow(root: Path = ROOT) -> Flow:
    """Count rooms, floors (the longest chain of imports) and arrows (which room imports which)."""
    rooms = {room_of(path, root) for path in root.rglob("*.py")} - set(OUTSIDE)
    arrows = {
        (room_of(path, root), room)
        for path in root.rglob("*.py")
        for room in imported_rooms(path) & rooms
        if room_of(path, root) in rooms - {room}
    }

    @cache
    def floor(room: str) -> int:
        return 1 + max((floor(below) for above, below in arrows if above == room), default=0)

    return Flow(rooms=len(rooms), floors=max(map(floor, rooms)), arrows=len(arrows))


def test_every_module_has_its_room() -> None:
    rooms = {room_of(path) for path in ROOT.rglob("*.py")}
    assert rooms == {*order_of_rooms(), *OUTSIDE}
    assert len(rooms - set(OUTSIDE)) <= MOST_ROOMS


def test_imports_follow_the_order() -> None:
    place = {room: i for i, room in enumerate([*order_of_rooms(), *OUTSIDE])}
    against = [
        f"{path.relative_to(ROOT)} imports {room}"
        for path in ROOT.rglob("*.py")
        for room in imported_rooms(path) & place.keys()
        if place[room] > place[room_of(path)] and room_of(path) != "__init__"
    ]
    assert not against


def test_rooms_to_the_left_of_config_take_plain_values() -> None:
    knowing = {room_of(path) for path in ROOT.rglob("*.py") if "config" in imported_rooms(path)}
    assert knowing <= KNOW_CONFIG


def test_common_stays_small() -> None:
    lines = sum(len(path.read_text().splitlines()) for path in (ROOT / "common").rglob("*.py"))
    assert lines < MOST_LINES_OF_COMMON


def test_only_the_command_line_knows_its_library() -> None:
    knowing = {
        room_of(path)
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import) and any(alias.name == "tyro" for alias in node.names)
    }
    assert knowing == {"cli"}


def test_help_and_the_package_import_nothing_heavy() -> None:
    for code in (
        "from unknot.cli import main; main(['--help'])",
        "import unknot",
        "import unknot.config",
    ):
        check = (
            f"import sys; {code}; "
            "sys.exit(bool({'torch', 'matplotlib', 'numpy', 'scipy', 'PIL'} & set(sys.modules)))"
        )
        assert subprocess.run([sys.executable, "-c", check], capture_output=True).returncode == 0


def test_public_names_are_there() -> None:
    for name in unknot.__all__:
        assert getattr(unknot, name) is not None
        assert getattr(unknot, name).__doc__


def test_a_public_name_stays_what_it_is_after_its_module_is_imported() -> None:
    modules = {path.stem for path in ROOT.iterdir()}
    assert not modules & set(unknot.__all__)


if __name__ == "__main__":
    print(count_flow(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
