"""How often the tests against random rotations say yes, where the answer is known.

    python benchmarks/rotation_tests.py [--cases 1000] [--rotations 99] [--workers 2] [--json]
        [--only labels properties interaction agreement]
    python benchmarks/rotation_tests.py --only --trained RUN ... [--cases 200]

Size: codes of `rotation_worlds.py` whose axes were replaced by a random rotation (Haar) of
themselves, so that p should be uniform: the p-value of a Kolmogorov-Smirnov test that it is, and
the share of cases at most 5% with Wilson's 95% interval. Power: the same share where the axes are
those of the causes, or halfway there. `--trained` asks the same of interaction on trained models:
their codes are rotated and the decoder's input is rotated back, with 19 rotations a case (a run
of six latents and 32 pixels takes about 0.6 s a case).

Seen with 1,000 cases for size and 200 for power, 99 rotations of four latents (share at most 5%):

    test          size   KS p   halfway   aligned
    labels        .060   .58    .135      1.00
    properties    .059   .64    .085      1.00
    interaction   .037   .89    .120      1.00
    agreement     .045   .41    .045      1.00

and interaction on trained models (built-in faces, 32 pixels, 19 rotations):

    beta 1, 400 cases      .045   .28
    beta 35, 800 cases     .044   .42
    beta 120, 300 cases    .053   .64
"""

import argparse
import json
from functools import partial
from typing import Any

import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from rotation_worlds import CASES, p_values, spread_p_values
from scipy.stats import binomtest, kstest
from threadpoolctl import threadpool_limits

from common import machine
from unknot.evidence.interaction_test import interaction_test
from unknot.metrics.nulls import random_rotation
from unknot.metrics.posterior import ACTIVE_VARIANCE
from unknot.models.vae import VAE
from unknot.runs.held_out import HeldOutCodes
from unknot.runs.run import Run

FloatArray = NDArray[np.float64]

POWER_CASES = 200
AT_ONCE = 25  # cases of one job
FEW_ROTATIONS = 19  # where each takes a batch of decoded pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000)
    parser.add_argument("--rotations", type=int, default=99)
    parser.add_argument("--only", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--trained", nargs="+", default=[], metavar="RUN")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures: dict[str, Any] = {"machine": machine(), "cases": options.cases}
    for kind in options.only:
        figures[kind] = {
            "size": size(in_worlds(kind, 0.0, options.cases, options), options.rotations),
            "halfway": share(in_worlds(kind, 0.5, POWER_CASES, options)),
            "aligned": share(in_worlds(kind, 1.0, POWER_CASES, options)),
        }
        show(kind, figures, options)
    for folder in options.trained:
        values = on_trained_model(folder, options.cases, options.workers)
        figures[folder] = {"size": size(values, FEW_ROTATIONS)}
        show(folder, figures, options)
    if options.json:
        print(json.dumps(figures, indent=2))


def show(name: str, figures: dict[str, Any], options: argparse.Namespace) -> None:
    if not options.json:
        print(f"{name:12} {figures[name]}", flush=True)


def in_worlds(kind: str, aligned: float, cases: int, options: argparse.Namespace) -> FloatArray:
    """Make p-values of one test in as many worlds."""
    job = partial(p_values, kind, aligned=aligned, rotations=options.rotations)
    return in_parts(job, cases, options.workers)


def on_trained_model(folder: str, cases: int, workers: int) -> FloatArray:
    """Make p-values of interaction with a trained model's codes rotated at random."""
    return in_parts(partial(p_values_of_model, folder), cases, workers)


def in_parts(job: Any, cases: int, workers: int) -> FloatArray:
    parts = [range(i, min(i + AT_ONCE, cases)) for i in range(0, cases, AT_ONCE)]
    jobs = (delayed(one_thread)(job, seeds) for seeds in parts)
    return np.concatenate(Parallel(n_jobs=workers)(jobs))


def one_thread(job: Any, seeds: range) -> FloatArray:
    torch.set_num_threads(1)
    with threadpool_limits(1):
        return np.asarray(job(seeds=seeds))


def p_values_of_model(folder: str, seeds: range) -> FloatArray:
    run = Run(folder, device="cpu")
    codes = HeldOutCodes.load(run.files).posterior_mean.astype(np.float64)
    active = codes.var(0) > ACTIVE_VARIANCE
    values = []
    for seed in seeds:
        turn = np.eye(len(active))
        num = int(active.sum())
        rng = np.random.default_rng([seed, *b"trained"])
        turn[np.ix_(active, active)] = random_rotation(num, rng)
        decode = partial(decode_turned, run.model, turn)
        result = interaction_test(
            decode,
            codes @ turn,
            rotations=FEW_ROTATIONS,
            active_above=ACTIVE_VARIANCE,
            seed=int(rng.integers(2**31)),
        )
        values.append(result.p_value)
    return np.array(values)


@torch.no_grad()
def decode_turned(model: VAE, turn: FloatArray, codes: FloatArray) -> NDArray[np.float32]:
    """Decode codes that were rotated: turned back first."""
    output = model.decode(torch.as_tensor(codes @ turn.T, dtype=torch.float32))
    return np.asarray(model.likelihood.mean(output).contiguous().numpy())


def size(values: FloatArray, rotations: int) -> dict[str, Any]:
    """Hold p-values against the uniform distribution."""
    spread = spread_p_values(values, rotations, np.random.default_rng([*b"spread"]))
    return {"KS p": round(float(kstest(spread, "uniform").pvalue), 3), **share(values)}


def share(values: FloatArray) -> dict[str, float]:
    """Share of p-values that are at most 5%, with its 95% interval (Wilson 1927)."""
    interval = binomtest(int((values <= 0.05).sum()), len(values)).proportion_ci(method="wilson")
    return {
        "share": round(float((values <= 0.05).mean()), 4),
        "from": round(float(interval.low), 4),
        "to": round(float(interval.high), 4),
    }


if __name__ == "__main__":
    main()
