"""How often the tests against random rotations say yes, where the answer is known.

    python benchmarks/rotation_tests.py [--cases 1000] [--rotations 99] [--workers 2] [--json]
        [--only labels properties interaction agreement]
    python benchmarks/rotation_tests.py --only --trained RUN ... [--cases 200]
    python benchmarks/rotation_tests.py --only --tail RUN ... [--cases 1000]

Size: codes of `rotation_worlds.py` whose axes were replaced by a random rotation (Haar) of
themselves, so that p should be uniform: the p-value of a Kolmogorov-Smirnov test that it is, and
the share of cases at most 5% with Wilson's 95% interval. Power: the same share where the axes are
those of the causes, or halfway there. `--trained` asks the same of interaction on trained models:
their codes are rotated and the decoder's input is rotated back, with 19 rotations a case (a run
of six latents and 32 pixels takes about 0.6 s a case).

`--tail` draws so many rotations of a trained model's axes and holds each against 100 others: the
share whose fitted tail (`RotationTest.tail_p_value`) is at most 1% and .1%, over these levels: 1 if
the tail is right.

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

and the tail of 1,000 rotations (built-in faces, 64 pixels, 600 steps; 1%, .1%; skewness):

    beta 1      1.1   1.1   -.1
    beta 35     1.7   1.1   -.2
    beta 350    1.1   0     .1
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
from scipy.stats import binomtest, kstest, skew
from threadpoolctl import threadpool_limits

from common import machine
from unknot.evidence.interaction_test import NUM_STARTS, interaction, interaction_test
from unknot.evidence.rotation_null import spaced_rows
from unknot.evidence.rotation_test import compare_with_rotations, covariance_root, read_codes
from unknot.evidence.run_evidence import pixel_decoder
from unknot.metrics.nulls import random_rotation
from unknot.metrics.posterior import ACTIVE_VARIANCE
from unknot.models.vae import VAE
from unknot.runs.held_out import HeldOutCodes
from unknot.runs.run import Run

FloatArray = NDArray[np.float64]

POWER_CASES = 200
AT_ONCE = 25  # cases of one job
TAIL_ROTATIONS = 100  # of those that a draw is held against
FEW_ROTATIONS = 19  # where each takes a batch of decoded pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000)
    parser.add_argument("--rotations", type=int, default=99)
    parser.add_argument("--only", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--trained", nargs="+", default=[], metavar="RUN")
    parser.add_argument("--tail", nargs="+", default=[], metavar="RUN")
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
    for folder in options.tail:
        draws = in_parts(partial(interactions_of_model, folder), options.cases, options.workers)
        figures[f"tail of {folder}"] = tail(draws)
        show(f"tail of {folder}", figures, options)
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


def interactions_of_model(folder: str, seeds: range) -> FloatArray:
    """Measure the interaction along random rotations of a trained model's axes."""
    run = Run(folder, device="cpu")
    checked = read_codes("codes", HeldOutCodes.load(run.files).posterior_mean, ACTIVE_VARIANCE)
    starts = checked.values[spaced_rows(len(checked.values), NUM_STARTS)]
    moves = np.zeros((int(checked.active.sum()), checked.values.shape[1]))
    moves[:, checked.active] = covariance_root(checked.latents)
    decode = pixel_decoder(run.model)
    unmoved = decode(starts).reshape(len(starts), -1)
    values = []
    for seed in seeds:
        turn = random_rotation(len(moves), np.random.default_rng([seed, *b"tail"]))
        values.append(interaction(decode, starts, unmoved, turn.T @ moves))
    return np.array(values)


def tail(draws: FloatArray) -> dict[str, float]:
    """Hold each draw against others, and count how many lie far out in the fitted tail."""
    rng = np.random.default_rng([*b"tail"])
    p_values = []
    for _ in range(200):
        order = rng.permutation(draws)
        for first in range(0, len(order) - TAIL_ROTATIONS, TAIL_ROTATIONS + 1):
            own, *others = order[first : first + TAIL_ROTATIONS + 1]
            test = compare_with_rotations(own, np.array(others), {}, low_stands_out=True)
            p_values.append(test.tail_p_value)
    shares = {f"{level:g}": float(np.mean(np.array(p_values) <= level)) for level in (0.01, 0.001)}
    return {
        **{name: round(share / float(name), 2) for name, share in shares.items()},
        "skewness": round(float(skew(draws)), 2),
    }


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
