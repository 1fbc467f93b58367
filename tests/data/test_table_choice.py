"""Which tables go with pictures."""

from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.data.folder_walk import walk_folder
from unknot.data.table_choice import TableFile, given_key, table_file, tables_beside, tables_in

NAMES = [f"{i:03d}.png" for i in range(10)]
FLAGS = [int(i % 3 == 0) for i in range(10)]


def _table(name: str, column: str = "x", names: list[str] = NAMES) -> TableFile:
    rows = [f"{file},{flag}" for file, flag in zip(names, FLAGS)]
    content = "\n".join([f"file,{column}", *rows]).encode()
    return TableFile(name, (len(content), 0), lambda: content)


def test_tables_of_a_folder_are_those_that_name_its_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for name in NAMES:
        (folder / name).touch()
    (folder / "labels.csv").write_bytes(_table("").read())
    (folder / "prices.csv").write_text("item,price\nmilk,1\n")
    (tmp_path / "own.csv").write_bytes(_table("").read())
    (tmp_path / "other.csv").write_text("item,price\nmilk,1\n")
    inside, notes = tables_in(folder, walk_folder(folder))
    assert [table.name for table in inside] == ["labels.csv"]
    assert notes == (
        "not used: prices.csv: the first rows name none of the images, or it holds codes",
    )
    assert [Path(t.name).name for t in tables_beside(folder, NAMES)] == ["own.csv"]
    assert tables_beside(folder, None) == []
    (tmp_path / "labels.csv").touch()
    assert [Path(t.name).name for t in tables_beside(folder, None)] == ["labels.csv"]


def test_a_table_is_told_from_another_by_its_content(tmp_path: Path) -> None:
    assert given_key(None) == []
    one, other = given_key({"a": [1, 2]}), given_key({"a": [1, 3]})
    assert one != other
    assert one == given_key({"a": [1, 2]})
    path = tmp_path / "t.csv"
    path.write_text("x")
    before = given_key(path)
    path.write_text("xy")
    assert given_key(str(path)) != before


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: No such file"):
        table_file(tmp_path / "none.csv")


def test_codes_of_unknot_are_no_labels(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    rows = "name,mean_0,mean_1,logvar_0,logvar_1\na.png,1,2,3,4\n"
    (tmp_path / "codes.csv").write_text(rows)
    assert tables_beside(tmp_path / "pictures", ["a.png", "b.png"]) == []
    (tmp_path / "codes.csv").write_text(rows.replace("mean", "size"))
    assert len(tables_beside(tmp_path / "pictures", ["a.png", "b.png"])) == 1
