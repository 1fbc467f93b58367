"""Figures, tables and documents of results."""

from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.experiments.papers.paper import Published
from unknot.experiments.papers.results import Figure, Machine, Results, Table, mean_with_range

TABLE = Table(
    caption="Scores.",
    columns=("codes", "score", "order"),
    rows={"PCA": (Figure(0.5, 0.25, 0.75), "last"), "VAE": (Figure(1.0, 1.0, 1.0), "first")},
)


def test_a_figure_is_the_mean_with_its_range() -> None:
    assert mean_with_range([1, 2, 6]) == Figure(value=3, low=1, high=6)
    assert Figure(value=3, low=1, high=6).text() == "3.00 (1.00 to 6.00)"
    assert Figure(value=0.123, low=0.123, high=0.123).text() == "0.12"
    assert mean_with_range([1, float("nan")]) == "-"


def test_published_figures_stand_beside_ours() -> None:
    published = Published(row="PCA", figure="84.9%", source="read in the paper")
    assert TABLE.markdown([published]).splitlines() == [
        "Scores.",
        "",
        "| codes | score | order | published |",
        "|---|---|---|---|",
        "| PCA | 0.50 (0.25 to 0.75) | last | 84.9% (read in the paper) |",
        "| VAE | 1.00 | first |  |",
    ]


def test_a_table_without_published_figures_has_no_column_for_them() -> None:
    other = Published(row="ICA", figure="42%", source="read in the paper")
    assert "published" not in TABLE.markdown([other])


def test_results_are_read_back(tmp_path: Path) -> None:
    results = Results(
        command="unknot reproduce x",
        num_runs=2,
        num_seeds=1,
        steps=10,
        training_seconds=1.5,
        measuring_seconds=0.5,
        machine=Machine(processor="x", cores=2, unknot="0", torch="2", date="2026-01-01"),
        tables=(TABLE,),
    )
    results.save(tmp_path / "results.json")
    assert Results.load(tmp_path / "results.json") == results


def test_damaged_results_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('{"tables": [{}]}')
    with pytest.raises(UserError) as refused:
        Results.load(tmp_path / "results.json")
    assert "is damaged" in str(refused.value)
