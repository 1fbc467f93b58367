"""Which runs a page shows in detail."""

from dataclasses import replace

from tests.report.small import small_evidence
from unknot.config.experiment import ExperimentConfig
from unknot.report.detailed_runs import MOST_CELLS, MOST_RUNS, chosen_cells, detailed_runs


def _config(num_betas: int, num_seeds: int) -> ExperimentConfig:
    return ExperimentConfig(betas=tuple(range(1, num_betas + 1)), seeds=tuple(range(num_seeds)))


def test_few_runs_are_all_shown() -> None:
    for num_betas, num_seeds in ((1, 1), (5, 8), (24, 4)):
        configs = _config(num_betas, num_seeds).runs()
        detailed = detailed_runs(configs)
        assert detailed.names == {config.name for config in configs}
        assert (detailed.reason, detailed.choice) == ("", "")
    assert detailed_runs([]).names == frozenset()


def test_of_many_cells_some_are_taken_evenly() -> None:
    detailed = detailed_runs(_config(100, 10).runs())
    assert len(detailed.names) == MOST_RUNS
    betas = {float(name.split("_")[0].removeprefix("beta-")) for name in detailed.names}
    assert len(betas) == MOST_CELLS
    assert {1.0, 100.0} <= betas
    gaps = {b - a for a, b in zip(sorted(betas), sorted(betas)[1:])}
    assert gaps <= {4.0, 5.0}
    assert {name.split("_")[1] for name in detailed.names} == {f"seed-{i}" for i in range(4)}
    assert detailed.reason == "the page holds decoders and cards of 96 of 1,000 runs"
    assert detailed.choice.startswith(
        "They are those of the first 4 seeds at 24 of 100 strengths, evenly spaced: beta 1, beta 5,"
    )


def test_of_many_seeds_the_first_are_taken() -> None:
    detailed = detailed_runs(_config(2, 500).runs())
    assert len(detailed.names) == MOST_RUNS
    assert "beta-1_seed-47" in detailed.names
    assert detailed.choice == "They are those of the first 48 seeds at each strength."


def test_what_the_evidence_chooses_is_among_them() -> None:
    configs = _config(100, 1).runs()
    assert "beta-38_seed-0" not in detailed_runs(configs).names
    detailed = detailed_runs(configs, [("beta_vae", 38.0), ("beta_vae", 5000.0)])
    assert "beta-38_seed-0" in detailed.names
    assert len(detailed.names) == MOST_CELLS


def test_each_objective_has_its_share() -> None:
    config = replace(
        _config(30, 1), objectives=("beta_vae", "dip_vae_i"), strengths={"dip_vae_i": (1.0, 2.0)}
    )
    names = detailed_runs(config.runs()).names
    assert len([name for name in names if name.startswith("beta-")]) == MOST_CELLS // 2
    assert {name for name in names if name.startswith("dip")} == {
        "dip_vae_i-1_seed-0",
        "dip_vae_i-2_seed-0",
    }


def test_the_chosen_cells_are_those_of_the_evidence() -> None:
    evidence = small_evidence()
    assert chosen_cells(_config(2, 1), None) == []
    assert evidence.which_beta is not None
    assert chosen_cells(_config(2, 1), evidence) == [("beta_vae", evidence.which_beta.beta)]
