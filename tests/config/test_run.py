"""The names of runs."""

from unknot.config.run import RunConfig, beta_text


def test_run_names() -> None:
    names = [RunConfig(beta=b).name for b in (0.1, 2.0, 10.0, 1e-7)]
    assert names == ["beta-0.1_seed-0", "beta-2_seed-0", "beta-10_seed-0", "beta-1e-07_seed-0"]
    assert beta_text(1e38) == "1e+38"
