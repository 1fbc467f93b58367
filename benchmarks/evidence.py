"""How often the verdict and the labels are right, where the answer is known.

    python benchmarks/evidence.py [--experiments 400] [--only verdict labels speed]
        [--scenarios "PCA" "more noise" ...] [--json]

Verdict: experiments of three betas with five seeds each, in each scenario of `worlds.py`. Labels:
experiments on labels that no latent tells (is any label reported?), and with one that a latent
tells with an area under the curve of 0.60 (is it found?). Shares with Wilson's 95% interval.
"""

import argparse
import json
import time
from collections import Counter
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy.stats import norm
from threadpoolctl import threadpool_limits
from worlds import SCENARIOS, make_world

from common import machine
from unknot.evidence.latent_labels import label_latents
from unknot.evidence.verdict import SUPPORTED, decide_verdict

LATENTS, SPEED_LABELS, SPEED_IMAGES = 6, 40, 3_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=400)
    parts = ["verdict", "labels", "speed"]
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found: dict[str, Any] = {"machine": machine(), "experiments": options.experiments}
    if "verdict" in options.only:
        for scenario in options.scenarios:
            outcomes = draw(one_verdict, options, scenario)
            found[scenario] = shares(outcomes, options.experiments)
            if not options.json:
                print(f"{scenario:24} {found[scenario]}", flush=True)
    if "labels" in options.only:
        for name, planted in (("labels of nothing", False), ("planted AUROC 0.60", True)):
            told = draw(one_labelling, options, planted)
            found[name] = rate(sum(told), options.experiments)
            if not options.json:
                print(f"{name:24} {found[name]}", flush=True)
    if "speed" in options.only:
        found["CPU seconds of a labelling"] = speed()
    print(json.dumps(found, indent=2) if options.json else f"{found}")


def draw(experiment: Any, options: argparse.Namespace, *given: Any) -> list[Any]:
    """The outcome of every experiment."""
    jobs = (delayed(experiment)(seed, *given) for seed in range(options.experiments))
    return list(Parallel(n_jobs=options.workers)(jobs))


def one_verdict(seed: int, scenario: str) -> str:
    world = make_world(scenario, seed=seed)
    with threadpool_limits(1):
        return decide_verdict(world.runs, world.labels, world.pca, seed=seed).outcome


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


def shares(outcomes: list[str], num: int) -> dict[str, Any]:
    counts = Counter(outcomes)
    return {**rate(counts[SUPPORTED], num), "all": dict(counts)}


def rate(count: int, num: int) -> dict[str, Any]:
    """A share with its 95% interval (Wilson 1927)."""
    z = norm.ppf(0.975)
    share = count / num
    centre = (share + z**2 / (2 * num)) / (1 + z**2 / num)
    reach = z / (1 + z**2 / num) * np.sqrt(share * (1 - share) / num + z**2 / (4 * num**2))
    return {
        "share": share,
        "from": round(max(0.0, float(centre - reach)), 4),
        "to": round(float(centre + reach), 4),
    }


if __name__ == "__main__":
    main()
