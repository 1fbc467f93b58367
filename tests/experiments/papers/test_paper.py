"""What is known of a paper before it is run."""

import pytest

from unknot.common.errors import UserError
from unknot.experiments.papers import PAPERS
from unknot.experiments.papers.paper import read_paper, read_text
from unknot.models.objectives.published_strengths import LOCATELLO

SOURCES = ("read in the paper", "recalled, not read in the paper")


@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_says_what_it_is_and_where_its_figures_were_read(name: str) -> None:
    paper = read_paper(name)
    assert paper.num_runs == sum(len(config.runs()) for config in paper.experiments().values())
    assert {published.source for published in paper.published} <= set(SOURCES)
    assert len(read_text(name)) > 200


@pytest.mark.parametrize("name", PAPERS)
def test_seeds_and_steps_stand_in_the_place_of_the_planned_ones(name: str) -> None:
    paper = read_paper(name)
    planned = paper.experiments()
    fewer = paper.experiments((4, 5), 7)
    for objective, config in fewer.items():
        assert config.seeds == (4, 5)
        assert config.training.optimization().steps == 7
        assert config.betas == planned[objective].betas
        assert config.model == planned[objective].model


def test_the_grid_of_objectives_is_whole() -> None:
    paper = read_paper("sober-look")
    assert {len(config.betas) for config in paper.experiments().values()} == {3}
    assert set(paper.experiments()) == set(LOCATELLO)


def test_too_few_seeds_for_the_tables_are_refused_before_training() -> None:
    with pytest.raises(UserError, match="seeds is 0; the tables of this paper take 2 seeds"):
        read_paper("sober-look").experiments((0,))


def test_time_is_that_of_rounds_of_runs() -> None:
    paper = read_paper("burgess-2018")
    one = paper.estimated_seconds(1, 100, 1)
    assert one == pytest.approx(100 * paper.seconds_per_step + paper.seconds_per_run)
    assert paper.estimated_seconds(5, 100, 2) == pytest.approx(3 * one)


def test_a_paper_that_is_not_there_names_the_closest() -> None:
    with pytest.raises(UserError) as refused:
        read_paper("higgins")
    assert "did you mean 'higgins-2017'" in str(refused.value)
