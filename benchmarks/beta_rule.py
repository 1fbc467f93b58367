"""How often the rule supports a beta, where the answer is known.

    python benchmarks/beta_rule.py [--experiments 100] [--scenarios "PCA" "more noise" ...]
        [--betas 1 16] [--record beta_rule.jsonl] [--json]

Experiments of three betas in each scenario of `worlds.py`: 300 images, six causes, ten labels, 60
rotations. z of every run is computed once, for eight seeds; the rule is then asked with the first
3, 4, 5 and 8 of them, and with looks at 3, 5 and 8. Shares of experiments in which any beta is
supported, with Wilson's 95% interval. Every experiment is a line of the record, and one that stands
there already is not made again.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits
from worlds import BETAS, EFFECTS, MORE_NULLS, SCENARIOS, World, make_world

from common import machine
from evidence import rate
from unknot.evidence.beta_deals import LEVEL, LOOKS, look_levels
from unknot.evidence.beta_test import beta_test
from unknot.evidence.preregistration import MATCHED, TRAINED
from unknot.evidence.rate_matching import match_rates_jointly
from unknot.evidence.rotation_null import AxisScore, axis_score

NULLS = {name: make for name, make in SCENARIOS.items() if name != "rotated to aligned"}
ALL = NULLS | MORE_NULLS | EFFECTS
NUM_SEEDS, NUM_IMAGES, ROTATIONS = (3, 4, 5, 8), 300, 60
MOST_SEEDS = max(NUM_SEEDS)

Tables = dict[str, list[list[float]]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--experiments", type=int, default=100)
    parser.add_argument("--scenarios", nargs="+", choices=ALL, default=list(ALL))
    parser.add_argument(
        "--betas",
        type=float,
        nargs="+",
        choices=BETAS,
        default=BETAS,
        help="that the rule is given",
    )
    parser.add_argument("--record", type=Path, default=Path("beta_rule.jsonl"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    recorded = read_record(options.record)
    with threadpool_limits(1), options.record.open("a") as record:
        for seed, scenario in jobs(options):
            if (scenario, seed) not in recorded:
                recorded[scenario, seed] = measure(scenario, seed)
                line = {"scenario": scenario, "seed": seed, **recorded[scenario, seed]}
                record.write(json.dumps(line) + "\n")
                record.flush()
    table = {
        scenario: summary(
            [recorded[scenario, seed] for seed in range(options.experiments)], sorted(options.betas)
        )
        for scenario in options.scenarios
    }
    if options.json:
        print(json.dumps({"machine": machine(), "table": table}, indent=2))
    else:
        show(table)


def jobs(options: argparse.Namespace) -> Iterator[tuple[int, str]]:
    """Every experiment, one of each scenario in turn, so that a part of a run serves all."""
    for seed in range(options.experiments):
        for scenario in options.scenarios:
            yield seed, scenario


def read_record(path: Path) -> dict[tuple[str, int], dict[str, Tables]]:
    """Experiments of earlier runs; a line that was cut off is left out."""
    recorded = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            document = json.loads(line)
        except json.JSONDecodeError:
            continue
        recorded[document.pop("scenario"), document.pop("seed")] = document
    return recorded


def measure(scenario: str, seed: int) -> dict[str, Tables]:
    """z, percentile and selectivity of every run by condition, shape `(num_seeds, num_betas)`."""
    world = make_world(scenario, seed=seed, seeds=MOST_SEEDS, num=NUM_IMAGES)
    matched = match_rates_jointly(world.runs, seed=seed)
    assert matched is not None
    codes = {TRAINED: [run.codes for run in world.runs], MATCHED: matched.codes}
    tables: dict[str, Tables] = {"z": {}, "percentiles": {}, "selectivities": {}}
    for condition, of_runs in codes.items():
        scores = score_all(world, of_runs, seed, condition)
        tables["z"][condition] = by_seed([score.z for score in scores])
        tables["percentiles"][condition] = by_seed([score.percentile for score in scores])
        tables["selectivities"][condition] = by_seed([score.selectivity for score in scores])
    return tables


def score_all(world: World, codes: list[np.ndarray], seed: int, condition: str) -> list[AxisScore]:
    scores = []
    for i, of_run in enumerate(codes):
        rng = np.random.default_rng([seed, i, *condition.encode()])
        scores.append(axis_score(of_run, world.labels.factors, ROTATIONS, rng))
    return scores


def by_seed(values: list[float]) -> list[list[float]]:
    """Values of runs that are sorted by beta, a row for each seed."""
    return np.reshape(values, (len(BETAS), MOST_SEEDS)).T.round(5).tolist()


def is_supported(
    tables: dict[str, Tables], betas: Sequence[float], num_seeds: int, level: float = LEVEL
) -> bool:
    """Whether any beta is, with the first seeds only."""
    columns = [BETAS.index(beta) for beta in betas]
    first = {
        name: {key: np.array(table)[:num_seeds, columns] for key, table in by_condition.items()}
        for name, by_condition in tables.items()
    }
    result = beta_test(
        first["z"],
        percentiles=first["percentiles"],
        selectivities=first["selectivities"],
        level=level,
    )
    return bool(result.supported)


def look(tables: dict[str, Tables], betas: Sequence[float]) -> tuple[bool, int]:
    """Whether any beta is supported at a look, and the seeds that were used."""
    for num_seeds, level in zip(LOOKS, look_levels(LOOKS, len(betas))):
        if level and is_supported(tables, betas, num_seeds, level):
            return True, num_seeds
    return False, LOOKS[-1]


def summary(experiments: list[dict[str, Tables]], betas: Sequence[float]) -> dict[str, Any]:
    num = len(experiments)
    shares: dict[str, Any] = {}
    for seeds in NUM_SEEDS:
        supported = [is_supported(tables, betas, seeds) for tables in experiments]
        shares[f"{seeds} seeds"] = rate(sum(supported), num)
    looks = [look(tables, betas) for tables in experiments]
    shares["looks"] = rate(sum(supported for supported, _ in looks), num)
    shares["looks"]["mean_seeds"] = float(np.mean([seeds for _, seeds in looks]))
    for condition in (TRAINED, MATCHED):
        z = np.array([tables["z"][condition] for tables in experiments])
        shares[f"mean z {condition}"] = z.mean((0, 1)).round(2).tolist()
    return shares


def show(table: dict[str, dict[str, Any]]) -> None:
    for scenario, shares in table.items():
        cells = [
            f"{name} {cell['share']:.3f} ({cell['from']:.2f}-{cell['to']:.2f})"
            for name, cell in shares.items()
            if not name.startswith("mean z")
        ]
        z = "; ".join(f"{shares[f'mean z {condition}']}" for condition in (TRAINED, MATCHED))
        seeds = f"{shares['looks']['mean_seeds']:.1f} seeds"
        print(f"{scenario:32} {', '.join(cells)}, {seeds}; z {z}")


if __name__ == "__main__":
    main()
