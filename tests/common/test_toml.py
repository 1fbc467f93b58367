"""Dataclasses to TOML and back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from unknot.common.errors import UserError
from unknot.common.files import write_text
from unknot.common.toml import build, first_difference, from_toml, read_table, to_toml
from unknot.config.run import RunConfig


@dataclass(frozen=True)
class Inner:
    """A table."""

    num: int = 6
    scale: float = 1.0
    crop: str = "auto"
    limit: int | None = None
    precision: Literal["auto", "float32"] = "auto"


@dataclass(frozen=True)
class Outer:
    """A file."""

    betas: tuple[float, ...] = (1.0,)
    source: str = "faces"
    inner: Inner = field(default_factory=Inner)
    options: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def upgrade(table: Mapping[str, Any]) -> dict[str, Any]:
        """Read a key's earlier name."""
        return {"betas" if key == "weights" else key: value for key, value in table.items()}


def read(text: str, folder: Path) -> Outer:
    path = folder / "e.toml"
    path.write_text(text)
    config: Outer = from_toml(Outer, path)
    return config


@pytest.mark.parametrize(
    "config",
    [
        Outer(),
        Outer(
            betas=(0.1, 4.0),
            source='a "quoted" <b>/päth\n\\',
            inner=Inner(num=3, scale=0.5, crop="148", limit=7, precision="float32"),
            options={"gamma": 3.5, "nested": {"a": [1, 2]}},
        ),
        Outer(source=b"\xff".decode("utf-8", "surrogateescape")),
    ],
    ids=["defaults", "everything", "a path that is not UTF-8"],
)
def test_toml_comes_back_as_it_went(config: Outer, tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    write_text(path, to_toml(config))
    assert from_toml(Outer, path) == config


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    config = read("betas = [1, 2]\n[inner]\ncrop = 148\n", tmp_path)
    assert config.betas == (1.0, 2.0)
    assert config.inner == Inner(crop="148")


def test_what_toml_cannot_say_and_empty_options_are_left_out() -> None:
    text = to_toml(Outer())
    assert "limit" not in text
    assert "options" not in text


def test_what_earlier_versions_wrote_is_upgraded(tmp_path: Path) -> None:
    assert read("weights = [3]", tmp_path).betas == (3.0,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("beta = [1]", "unknown key 'beta'; did you mean 'betas'?"),
        ("zzz = 1", "unknown key 'zzz'; known: betas, source, inner, options"),
        ("[inner]\nnumb = 3", "inner: unknown key 'numb'; did you mean 'num'?"),
        ("[inner]\nnum = 'six'", "num is 'six'; it must be a whole number"),
        ("[inner]\nnum = 2.5", "must be a whole number"),
        ("[inner]\nlimit = true", "must be a whole number"),
        ("[inner]\nscale = 'x'", "must be a number"),
        ("[inner]\nprecision = true", "must be text"),
        ("source = [1]", "must be text"),
        ("betas = 3", "give a list"),
        ("betas = [true]", "must be a number"),
        ("inner = 3", "inner must be a table"),
        ("options = 3", "options must be a table"),
        ("betas = [1", "not valid TOML"),
        (f"betas = [{'9' * 5_000}]", "not valid TOML"),
        (f"betas = [0x{'9' * 5_000}]", "betas is a whole number of more than 64 bits"),
        ("source = " + "[" * 100_000, "nested too deeply"),
        ("source = " + "[" * 200 + "]" * 200, "source is nested more than 30 deep"),
        (".".join("a" * 100_000) + " = 1", "a key is nested more than 30 deep"),
        ("[" + ".".join(["'a'"] * 100) + "]", "a key is nested more than 30 deep"),
        ('source = "a\\u0000b"', r"source is 'a\x00b'; a text cannot hold the character NUL"),
        ("# " + "x" * 2**20, "bytes, more than the 1,048,576 that are read"),
    ],
)
def test_bad_toml_is_one_clear_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read(text, tmp_path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "e.toml"))
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.toml is missing"):
        read_table(tmp_path / "none.toml")


def test_dots_that_are_no_key_are_let_through(tmp_path: Path) -> None:
    comment = "# " + "." * 100
    numbers = "betas = [" + ", ".join(["0.5"] * 100) + "]"
    assert len(read(f"{comment}\n{numbers}", tmp_path).betas) == 100


def test_what_the_dataclass_refuses_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text("[model]\nsigma = -1")
    with pytest.raises(UserError, match=r"^.*e\.toml: sigma is -1"):
        from_toml(RunConfig, path)


def test_a_table_may_come_from_anywhere() -> None:
    assert build(Inner, {"num": 2}, "the test") == Inner(num=2)
    with pytest.raises(UserError, match=r"^the test: num is"):
        build(Inner, {"num": "two"}, "the test")


def test_the_first_difference_names_the_field() -> None:
    old, new = Outer(), Outer(inner=Inner(num=3))
    assert first_difference(old, new) == "num is 6 there and 3 here"
    assert first_difference(old, old) is None


def test_fields_may_be_left_out_of_a_comparison() -> None:
    old = Outer(source="a", inner=Inner(crop="none", num=1))
    new = Outer(source="b", inner=Inner(crop="auto", num=2))
    assert first_difference(old, new, ("source", "crop")) == "num is 1 there and 2 here"
    assert first_difference(old, new, ("source", "crop", "num")) is None
