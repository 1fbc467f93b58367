"""What the page holds of each run, within a number of characters."""

import pytest
import torch

from unknot.report import page_budget
from unknot.report.page_budget import make_within_budget


@pytest.mark.parametrize("cores", [1, 2, 3, 16])
def test_the_budget_is_spent_in_order_however_many_cores_there_are(
    cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_budget, "num_cores", lambda: cores)
    texts = make_within_budget("x".__mul__, [3, 4, 5, 0, 6], len, 7)
    assert texts == ["xxx", "xxxx", None, None, None]
    assert make_within_budget("x".__mul__, [3, 0, 3, 5, 1], len, 7) == [
        "xxx",
        "",
        "xxx",
        "xxxxx",
        None,
    ]


def test_little_more_is_made_than_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_budget, "num_cores", lambda: 2)
    made = []

    def make(number: int) -> str:
        made.append(number)
        return "xx"

    assert make_within_budget(make, range(9), len, 5) == ["xx"] * 3 + [None] * 6
    assert sorted(made) == [0, 1, 2, 3]


def test_torch_computes_in_one_thread_meanwhile() -> None:
    before = torch.get_num_threads()
    made = make_within_budget(lambda _: torch.get_num_threads(), range(4), lambda _: 1, 9)
    assert made == [1] * 4
    assert torch.get_num_threads() == before


def test_nothing_is_made_of_nothing() -> None:
    assert make_within_budget(str, [], len, 5) == []
