"""The tests stand where what they test stands."""

import ast
from pathlib import Path

import unknot

SOURCE, TESTS = Path(unknot.__file__).parent, Path(__file__).parent
ABOUT_THE_WHOLE = {
    "test_imports.py",
    "test_mirror.py",
    "test_plugins.py",
    "test_benchmarks.py",
    "test_examples.py",
    "test_written_by_0_1.py",
}
"""Tests of the project rather than of a module."""


def _has_public_code(path: Path) -> bool:
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    body = ast.parse(path.read_text()).body
    return any(isinstance(node, definitions) and not node.name.startswith("_") for node in body)


def _test_file(module: Path) -> Path:
    """`a/b.py` is tested by `a/test_b.py`, and `a/__init__.py` by `a/test_a.py`."""
    place = module.relative_to(SOURCE)
    stem = place.parent.name if place.stem == "__init__" else place.stem
    return TESTS / place.parent / f"test_{stem}.py"


def _tests() -> list[Path]:
    return [path for path in TESTS.rglob("test_*.py") if path.name not in ABOUT_THE_WHOLE]


def test_every_module_is_tested_in_a_file_of_its_name() -> None:
    modules = [p for p in SOURCE.rglob("*.py") if p.parent != SOURCE]
    missing = [
        f"{module.relative_to(SOURCE)} has no {_test_file(module).relative_to(TESTS)}"
        for module in modules
        if _has_public_code(module) and not _test_file(module).exists()
    ]
    assert not missing


def test_every_test_file_names_a_module() -> None:
    """`test_page.py` and `test_page_in_browser.py` both name `page.py`."""
    modules = {_test_file(module) for module in SOURCE.rglob("*.py")}
    strays = [
        str(path.relative_to(TESTS))
        for path in _tests()
        if not any(
            path.parent == test.parent and (path.stem + "_").startswith(test.stem + "_")
            for test in modules
        )
    ]
    assert not strays
