"""Documents are held against the annotations of their dataclasses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypedDict

import numpy as np
import pytest
from numpy.typing import NDArray

from unknot.common.reading import UnfitError
from unknot.runs.field_types import check_fields, check_finite, check_least, check_table, read_array


class Pair(NamedTuple):
    first: int
    second: float | None


PAIR = Pair(1, None)


@dataclass(frozen=True)
class Inner:
    name: str


@dataclass(frozen=True, eq=False)
class Document:
    number: float = 1.5
    count: int = 2
    is_it: bool = True
    text: str = "a"
    pair: Pair = PAIR
    inner: Inner | None = None
    tuples: tuple[float, ...] = (1.0, 2)
    two: tuple[int, str] = (1, "b")
    listed: Sequence[Inner] = ()
    table: Mapping[str, int] | None = None
    kind: Literal["x", "y"] = "x"
    array: NDArray[Any] | None = None
    either: str | int = 3
    anything: Any = None


FITTING = {
    "number": [2, -1.0, np.float32(3), float("nan")],
    "count": [0, np.int64(4), 2**63 - 1],
    "inner": [Inner("b")],
    "tuples": [(), [1.0]],
    "listed": [[Inner("b")], (Inner("c"),)],
    "table": [{}, {"a": 1}],
    "array": [np.zeros(3)],
    "either": ["text"],
    "anything": [object()],
}
UNFIT = {
    "number": ["1", None, True, [1.0], 2**63, {}],
    "count": [1.5, True, "2", None, 10**5_000],
    "is_it": [1, "true", None],
    "text": [1, None, ["a"]],
    "pair": [(1, None), Pair("1", None), Pair(1, "2"), None],  # type: ignore[arg-type]
    "inner": ["b", Inner(1), {"name": "b"}],  # type: ignore[arg-type]
    "tuples": ["12", 1.0, [None], ["1"]],
    "two": [(1,), (1, "b", "c"), ("b", 1)],
    "listed": [[Inner(2)], "ab", {"a": 1}],  # type: ignore[arg-type]
    "table": [[1], {"a": "1"}, {"a": None}],
    "kind": ["z", 1, None],
    "array": [[1.0], "array"],
    "either": [None, 1.5],
}


@pytest.mark.parametrize("field", FITTING)
def test_what_fits_passes(field: str) -> None:
    check_fields(Document())
    for value in FITTING[field]:  # type: ignore[attr-defined]
        check_fields(replace(Document(), **{field: value}))


@pytest.mark.parametrize("field", UNFIT)
def test_what_does_not_fit_is_named_by_its_field(field: str) -> None:
    for value in UNFIT[field]:  # type: ignore[attr-defined]
        with pytest.raises(
            UnfitError, match=rf"field '{field}[.\w]*' is .*; it should be"
        ) as caught:
            check_fields(replace(Document(), **{field: value}))
        assert len(str(caught.value)) < 200


class Part(TypedDict):
    names: list[str]


class Whole(TypedDict):
    num: int
    part: Part


def test_a_table_has_every_key_and_may_have_more() -> None:
    check_table({"num": 1, "part": {"names": []}, "more": None}, Whole)
    for table, reason in (
        ([], r"it is \[\]; it should be a table"),
        ({"num": 1}, "a table with 'part'"),
        ({"num": 1, "part": {}}, "field 'part' is {}; it should be a table with 'names'"),
        ({"num": 1, "part": {"names": [1]}}, "field 'part.names' is 1; it should be text"),
    ):
        with pytest.raises(UnfitError, match=reason):
            check_table(table, Whole)


def test_numbers_that_cannot_be_are_refused() -> None:
    check_finite("rate", 1.0, -2, 3)
    check_least("num", 0, 0, 5)
    for value in (float("nan"), float("inf")):
        with pytest.raises(UnfitError, match="field 'rate' holds what is not a finite number"):
            check_finite("rate", 1.0, value)
    for value in (-1, float("nan")):
        with pytest.raises(UnfitError, match=r"field 'num' is .*; the least is 0"):
            check_least("num", 0, value)


def test_an_array_has_the_shape_that_is_asked_for() -> None:
    document = {"r2": [[0.5, None]], "none": [], "text": ["x"], "ragged": [[1], [1, 2]]}
    assert np.isnan(read_array(document, "r2", (1, 2))[0, 1])
    assert read_array(document, "none", (0, 3)).shape == (0, 3)
    with pytest.raises(UnfitError, match=r"field 'r2' has the shape \(1, 2\); it should be \(2,"):
        read_array(document, "r2", (2, 2))
    for name in ("text", "ragged"):
        with pytest.raises(UnfitError, match=f"field '{name}' is no array of numbers"):
            read_array(document, name, (1,))
