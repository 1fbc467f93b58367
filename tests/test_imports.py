"""Who may import whom: a module imports only what stands before it in the flow."""

import ast
import subprocess
import sys
from pathlib import Path

import unknot

ROOT = Path(unknot.__file__).parent
FLOW = [
    "errors files",
    "data",
    "config",
    "model",
    "objectives",
    "training",
    "measure",
    "evidence",
    "evaluation",
    "figures",
    "report",
    "pictures",
    "worker engines describe planning",
    "findings",
    "answers explorer export",
    "pages",
    "experiment",
    "begin",
    "comparison",
    "progress doctor",
    "cli",
    "__init__ __main__",
]
PLACE = {name: i for i, names in enumerate(FLOW) for name in names.split()}
KNOW_CONFIG = {
    "planning",
    "begin",
    "training",
    "worker",
    "describe",
    "findings",
    "answers",
    "explorer",
    "export",
    "pages",
    "experiment",
    "comparison",
    "cli",
    "config",
}


def _room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def _imported(path: Path) -> set[str]:
    """Rooms of ours that a file imports, inside functions too."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            parts = node.module.split(".")
            if parts[0] == "unknot":
                rooms |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"{path}: relative import"
    return rooms & PLACE.keys()


def test_every_module_has_its_place() -> None:
    assert {_room(path) for path in ROOT.rglob("*.py")} == PLACE.keys()


def test_imports_follow_the_flow() -> None:
    against = [
        f"{path.relative_to(ROOT)} imports {room}"
        for path in ROOT.rglob("*.py")
        for room in _imported(path)
        if PLACE[room] > PLACE[_room(path)] and _room(path) != "__init__"
    ]
    assert not against


def test_only_the_outer_rooms_know_configurations() -> None:
    knowing = {_room(p) for p in ROOT.rglob("*.py") if "config" in _imported(p)}
    assert knowing <= KNOW_CONFIG


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from unknot.cli import main; main(['--help']); "
        "sys.exit(bool({'torch', 'matplotlib', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_public_names_are_there() -> None:
    for name in unknot.__all__:
        assert getattr(unknot, name) is not None
        assert getattr(unknot, name).__doc__


def test_a_public_name_stays_what_it_is_after_its_module_is_imported() -> None:
    modules = {path.stem for path in ROOT.iterdir()}
    assert not modules & set(unknot.__all__)
