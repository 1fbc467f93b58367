"""Measures that objectives are compared by, in words."""

from unknot.evidence.answers.objective import DECIDING
from unknot.evidence.objective_comparison import MatchedValue
from unknot.evidence.objective_rows import SCORES, TESTS
from unknot.report.measures import MEASURES, matched_cell


def test_every_measure_has_a_head_of_its_own_and_a_meaning() -> None:
    assert set(MEASURES) == {*SCORES, *TESTS.values()} >= {key for keys in DECIDING for key in keys}
    assert len({words.head for words in MEASURES.values()}) == len(MEASURES)
    assert all(words.meaning for words in MEASURES.values())


def test_a_cell_says_no_more_than_is_known() -> None:
    one_seed = MatchedValue("capacity", "mig", (0.25,), 0.25, None, 0.1, None, None)
    seeds = MatchedValue("capacity", "mig", (0.2, 0.3), 0.25, (0.1, 0.4), 0.1, (0.0, 0.2), 0.008)
    assert matched_cell(one_seed) == "0.25"
    assert matched_cell(seeds) == "0.25 (0.10 to 0.40), p .008"
    assert matched_cell(None) == "-"
