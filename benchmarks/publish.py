"""docs/benchmarks.md from the results that `make bench` leaves in benchmarks/results.

python benchmarks/publish.py
"""

import ast
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
MACHINE = ("processor", "kind", "cores", "torch", "date", "command")
HEAD = """# Benchmarks

Made by `make bench`, which writes `benchmarks/results` and this page from it. Sides whose speed is
compared alternate in one run. Machines of one kind differ by a factor of two from hour to hour:
read the ratios. A figure stands with its range over the rounds in brackets. Kinds of processors
have columns or tables of their own: `avx512-bfloat16` computes in half precision, `avx2`, as most
laptops, in single precision alone. What was done for speed, and what stops it from being higher:
[speed](speed.md). Error rates of the answers: [evidence](evidence.md).
"""


def main() -> None:
    files = sorted((HERE / "results").glob("*/*.json"))
    sections = {
        name: section(name, [file for file in files if file.stem == name])
        for name in sorted({file.stem for file in files})
    }
    PAGE.write_text(HEAD + "".join(sections.values()), encoding="utf-8")
    print(f"{PAGE}: {len(sections)} benchmarks")


def section(name: str, files: Sequence[Path]) -> str:
    """A benchmark's heading, what it measures, where, and its figures by kind of processor.

    The kind is the name of a file's folder.
    """
    found: dict[str, dict[str, Any]] = {}
    made = []
    for file in files:
        document = json.loads(file.read_text(encoding="utf-8"))
        where = document.pop("machine", None) or {key: document.pop(key, "") for key in MACHINE}
        found[file.parent.name] = document
        line = "{date}, `{command}`, {processor}, {cores} cores, torch {torch}".format(**where)
        made.append(f"- {file.parent.name}: {line}")
    told = ast.get_docstring(ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))) or ""
    first, *rest = told.split("\n\n")
    body = "\n\n".join(part for part in rest if not part.startswith("    "))
    lines = [f"\n## {name.capitalize()}\n", first, *(["", body] if body else []), ""]
    return "\n".join([*lines, *made, "", *figures(found), *tables(found), ""])


def figures(found: dict[str, dict[str, Any]]) -> list[str]:
    """Single figures as one table, a column for each kind of processor."""
    columns = {
        kind: dict(flat({k: v for k, v in document.items() if not is_table(v)}))
        for kind, document in found.items()
    }
    names = dict.fromkeys(name for column in columns.values() for name in column)
    if not names:
        return []
    lines = [f"| | {' | '.join(columns)} |", "|---" * (1 + len(columns)) + "|"]
    for name in names:
        cells = [figure(column.get(name, "")) for column in columns.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def tables(found: dict[str, dict[str, Any]]) -> list[str]:
    """Lists of rows and nested results as tables, one for each kind of processor."""
    lines: list[str] = []
    for kind, document in found.items():
        for name, value in document.items():
            if is_table(value):
                rows = (
                    value if isinstance(value, list) else [{name: k, **v} for k, v in value.items()]
                )
                columns = list(dict.fromkeys(key for row in rows for key in row))
                lines += ["", f"{kind}:", "", "| " + " | ".join(columns) + " |"]
                lines += ["|---" * len(columns) + "|"]
                lines += [
                    "| " + " | ".join(figure(row.get(key, "")) for key in columns) + " |"
                    for row in rows
                ]
    return lines


def is_table(value: Any) -> bool:
    """Whether each of its items is itself a row of named figures."""
    items = value if isinstance(value, list) else value.values() if isinstance(value, dict) else []
    return bool(items) and all(isinstance(item, dict) and not is_range(item) for item in items)


def is_range(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"median", "min", "max"}


def flat(document: dict[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Names of nested figures joined by commas."""
    found: list[tuple[str, Any]] = []
    for name, value in document.items():
        whole = f"{before}, {name}" if before else name
        if isinstance(value, dict) and not is_range(value):
            found += flat(value, whole)
        else:
            found.append((whole, value))
    return found


def figure(value: Any) -> str:
    """A number, a median with its range, or text."""
    if is_range(value):
        if value["min"] == value["max"]:
            return figure(value["median"])
        ends = f"{figure(value['min'])} to {figure(value['max'])}"
        return f"{figure(value['median'])} ({ends})"
    if isinstance(value, dict):
        return ", ".join(f"{name} {figure(one)}" for name, one in value.items())
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    main()
