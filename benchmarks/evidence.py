"""How often the answers and the labels are right, where the truth is known.

    python benchmarks/evidence.py [--experiments 400] [--only answers labels speed]
        [--scenarios "PCA" "more noise" ...] [--betas 1 16] [--workers 2] [--record FILE] [--json]

Answers: experiments of three betas in each scenario of `worlds.py`, with pictures of 32 pixels.
"Did a higher beta do it?" is asked by labels, by pictures and by both, with 3, 4, 5 and 8 seeds,
and until it is clear: with 3, 5 and 8. "Are the latents special?" (axes) is asked of the first
seed. Every experiment is a line of the record; one that stands there is not made again, so that a
run that was stopped goes on. Four hundred of every scenario take an hour of two free cores.

Labels: experiments on labels that no latent tells (is any label reported?), and with one that a
latent tells with an area under the curve of 0.60 (is it found?). Shares with Wilson's 95% interval.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from answers import ALL, BOTH, answer, measure
from joblib import Parallel, delayed
from scipy.stats import norm
from threadpoolctl import threadpool_limits
from worlds import BETAS

from common import machine
from unknot.evidence.latent_labels import label_latents
from unknot.evidence.preregistration import LABELS, PICTURES

LATENTS, SPEED_LABELS, SPEED_IMAGES = 6, 40, 3_000
BASES = (LABELS, PICTURES, BOTH)

Experiment = tuple[str, int]
"""Its scenario and its seed."""
Record = dict[Experiment, dict[str, Any]]


def main() -> None:
    options = read_options()
    found: dict[str, Any] = {"machine": machine(), "experiments": options.experiments}
    if "answers" in options.only:
        found |= all_answers(options)
    if "labels" in options.only:
        for name, planted in (("labels of nothing", False), ("planted AUROC 0.60", True)):
            jobs = (delayed(one_labelling)(seed, planted) for seed in range(options.experiments))
            found[name] = rate(list(Parallel(n_jobs=options.workers)(jobs)))
    if "speed" in options.only:
        found["CPU seconds of a labelling"] = speed()
    print(json.dumps(found, indent=2) if options.json else as_text(found))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = ["answers", "labels", "speed"]
    parser.add_argument("--experiments", type=int, default=400)
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--scenarios", nargs="+", choices=ALL, default=list(ALL))
    parser.add_argument(
        "--betas",
        type=float,
        nargs="+",
        choices=BETAS,
        default=BETAS,
        help="that the rules are given, the lowest among them",
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--record", type=Path, help="by default none is kept")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def all_answers(options: argparse.Namespace) -> dict[str, Any]:
    """Shares of experiments that are answered yes, by basis and scenario."""
    record = read_record(options.record)
    complete_record(record, options)
    betas = sorted(options.betas)
    tables: dict[str, Any] = {f"beta by {basis}": {} for basis in BASES} | {"axes": {}}
    for scenario in options.scenarios:
        experiments = [record[scenario, seed] for seed in range(options.experiments)]
        jobs = (delayed(answer)(experiment, betas) for experiment in experiments)
        answers = list(Parallel(n_jobs=options.workers)(jobs))
        for basis in BASES:
            tables[f"beta by {basis}"][scenario] = shares([given[basis] for given in answers])
        special = np.array([given["axes"] for given in answers])
        tables["axes"][scenario] = {
            "any beta": rate(special.any(1)),
            **{f"beta {beta:g}": rate(column) for beta, column in zip(betas, special.T)},
        }
    return tables


def read_record(path: Path | None) -> Record:
    """Experiments of earlier runs; a line that was cut off is left out."""
    record = {}
    for line in path.read_text().splitlines() if path and path.exists() else []:
        try:
            document = json.loads(line)
        except json.JSONDecodeError:
            continue
        record[document.pop("scenario"), document.pop("seed")] = document
    return record


def complete_record(record: Record, options: argparse.Namespace) -> None:
    """Make the experiments that are not there, one of each scenario in turn, and write them."""
    missing = [
        (scenario, seed)
        for seed in range(options.experiments)
        for scenario in options.scenarios
        if (scenario, seed) not in record
    ]
    workers = Parallel(n_jobs=options.workers, return_as="generator_unordered")
    for (scenario, seed), document in workers(delayed(one_experiment)(job) for job in missing):
        record[scenario, seed] = document
        if options.record:
            line = {"scenario": scenario, "seed": seed, **document}
            with options.record.open("a") as file:
                file.write(json.dumps(line) + "\n")


def one_experiment(job: Experiment) -> tuple[Experiment, dict[str, Any]]:
    return job, measure(*job)


def shares(answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of the answers on one basis: share of yes for each number of seeds, and seeds until clear."""
    asked = [name for name in answers[0] if name != "seeds"]
    seeds = {"mean seeds": round(float(np.mean([given["seeds"] for given in answers])), 2)}
    return {name: rate([given[name] for given in answers]) for name in asked} | seeds


def one_labelling(seed: int, planted: bool) -> bool:
    """Whether a label is told: any at all, or the one that was planted."""
    codes, labels = label_world(seed, planted)
    with threadpool_limits(1):
        found = label_latents(codes, labels, [f"label {k}" for k in range(labels.shape[1])])
    return bool(found.significant[0, 0] if planted else found.significant.any())


def label_world(seed: int, planted: bool) -> tuple[np.ndarray, np.ndarray]:
    """Six codes and labels of 2% to 50%: twenty, or forty whose first (10%) a code tells."""
    rng = np.random.default_rng([seed, planted])
    num = SPEED_IMAGES if planted else 1_000
    codes = rng.standard_normal((num, LATENTS))
    shared = rng.standard_normal((num, 1))  # labels that go together
    hidden = 0.5 * shared + rng.standard_normal((num, SPEED_LABELS if planted else 20))
    prevalence = np.geomspace(0.02, 0.5, hidden.shape[1])
    labels = (hidden > np.quantile(hidden, 1 - prevalence, axis=0).diagonal()).astype(float)
    if planted:
        labels[:, 0] = rng.random(num) < 0.1
        codes[:, 0] += labels[:, 0] * norm.ppf(0.6) * np.sqrt(2)
    return codes, labels


def speed() -> float:
    """Of one run with 6 latents, 40 labels and 3,000 images, with 1,000 permutations."""
    codes, labels = label_world(0, planted=True)
    names = [f"label {k}" for k in range(labels.shape[1])]
    begun = time.process_time()
    with threadpool_limits(1):
        label_latents(codes, labels, names)
    return round(time.process_time() - begun, 2)


def rate(found: Sequence[bool] | np.ndarray) -> dict[str, float]:
    """A share with its 95% interval (Wilson 1927)."""
    z, num, share = float(norm.ppf(0.975)), len(found), float(np.mean(found))
    centre = (share + z**2 / (2 * num)) / (1 + z**2 / num)
    reach = z / (1 + z**2 / num) * np.sqrt(share * (1 - share) / num + z**2 / (4 * num**2))
    return {
        "share": round(share, 4),
        "from": round(max(0.0, float(centre - reach)), 4),
        "to": round(float(centre + reach), 4),
    }


def as_text(found: dict[str, Any]) -> str:
    """Tables with a line for each scenario, and single figures."""
    lines = []
    for name, value in found.items():
        if not is_table(value):
            lines.append(f"{name}: {cell_text(value)}")
            continue
        columns = list(next(iter(value.values())))
        lines += ["", f"{name:32}" + "".join(f"{column:18}" for column in columns)]
        for scenario, cells in value.items():
            texts = [f"{cell_text(cells[column]):18}" for column in columns]
            lines.append(f"{scenario:32}" + "".join(texts))
    return "\n".join(lines)


def is_table(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(row, dict) for row in value.values())


def cell_text(value: Any) -> str:
    if isinstance(value, dict) and "share" in value:
        return f"{value['share']:.3f} ({value['from']:.2f}-{value['to']:.2f})"
    return str(value)


if __name__ == "__main__":
    main()
