"""What was trained on what, and what came of it, in words."""

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unknot.config import beta_text
from unknot.evaluation import headline
from unknot.evidence.guide import Guide
from unknot.files import read_json
from unknot.training.run import Run
from unknot.training.trainer import SCALES


def num_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """The processor's name, as far as the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def last_log_line(path: Path) -> str:
    """The last line a worker printed, or an empty string."""
    if not path.exists():
        return ""
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def scales_text(scales: Mapping[str, Any]) -> str:
    """One beta on the scales that others use, in words."""
    effective = scales["beta_eff"]
    first = "beta_eff moves with sigma" if effective is None else f"beta_eff {effective:.4g}"
    return f"{first}, beta_norm {scales['beta_norm']:.3g}"


def run_line(run: Run) -> str:
    """One line about a finished run."""
    test = run.evaluation["test"]
    total, measured = test["distortion"] + test["rate"], run.evaluation.get("measured")
    return (
        f"beta {beta_text(run.config.beta):>5}  seed {run.config.seed}  "
        f"distortion {test['distortion']:8.1f}  rate {test['rate']:6.2f}  sum {total:8.1f}  "
        f"({scales_text(read_json(run.folder / SCALES))})"
        + (f"\n  {headline(measured)}" if measured else "")
    )


def guide_text(found: Guide, betas: Sequence[float]) -> str:
    """What the linear model says of betas, for a terminal."""
    latents = len(found.switch_off)
    lines = [
        f"A linear model with {latents} latents (a prediction of scale; a convolutional model may "
        "switch off",
        f"earlier or later), from the spectrum of {found.num_images:,} training images:",
        "",
        "latent   goes out of use at beta",
        *(f"{i + 1:6}   {beta:.4g}" for i, beta in enumerate(found.switch_off)),
        "",
        "  beta   latents in use    rate   distortion",
    ]
    for beta in sorted({*betas, *found.proposed}):
        linear = found.predict(beta)
        mark = "" if beta in betas else "   proposed"
        lines.append(
            f"{beta:6g}   {linear.active:14}  {linear.rate:6.2f}   {linear.distortion:10,.1f}{mark}"
        )
    lines += ["", "rate and distortion in nats per image"]
    lines.append(found.warning(betas) or "your betas come near the first switch-off")
    lines.append(f"proposed: --betas {' '.join(f'{beta:g}' for beta in found.proposed)}")
    return "\n".join(lines)


def scores_table(scores: Mapping[str, Mapping[str, Any]]) -> str:
    """Scores as a table for a terminal, and below it what is to be known of them.

    Args:
        scores: by key, as `Score.as_dict` gives them.
    """
    lines = [f"{'score':24}{'value':>9}  {'95% interval':14}  {'rotated codes':22}permuted labels"]
    flags: dict[str, list[str]] = {}
    for key, one in scores.items():
        endless = any(flag.startswith("unbounded") for flag in one["flags"])
        gap = "unbounded" if endless else "void"
        value = gap if one["value"] is None else f"{one['value']:.3f}"
        ends = one["interval"]
        interval = f"{ends[0]:.3f} to {ends[1]:.3f}" if ends else "-"
        rotated, permuted = _null(one["null_rotation"]), _null(one["null_permutation"])
        lines.append(f"{key:24}{value:>9}  {interval:14}  {rotated:22}{permuted}".rstrip())
        for flag in one["flags"]:
            flags.setdefault(flag, []).append(key)
    if any(one["null_rotation"] for one in scores.values()):
        lines += ["", "a null: mean and standard deviation (how many of its draws lie below)"]
    for flag, keys in flags.items():
        lines.append(f"- {flag}" + ("" if len(keys) == len(scores) else f": {', '.join(keys)}"))
    return "\n".join(lines)


def _null(null: Mapping[str, Any] | None) -> str:
    if not null:
        return "-"
    return f"{null['mean']:.3f} ± {null['std']:.3f} ({null['percentile']:.0f}%)"
