"""An experiment -> what its page shows."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unknot.answers import EXPLANATIONS, beta_cells, latent_lines, verdict_lines
from unknot.config import ExperimentConfig, beta_text, to_toml
from unknot.data.facts import data_facts
from unknot.describe import scales_text
from unknot.evidence.labels import GO_TOGETHER
from unknot.explorer import SHEET_BYTES, explorer_data
from unknot.figures import plots
from unknot.files import read_json
from unknot.report.page import Cell, LabelMap, Page, Row, RunSection
from unknot.training.run import Run
from unknot.training.trainer import SCALES

MOST_RUNS = 8  # beside each other in a table of scores, and with a map of their labels
MOST_PAIRS = 12  # of labels that go together
MEANINGS = {
    "dci_disentanglement": "each code matters for one factor alone",
    "dci_completeness": "one code alone matters for each factor",
    "dci_informativeness": "trees predict every factor without error",
    "infomec_modularity": "each code tells of one factor alone",
    "infomec_compactness": "one code alone tells each factor",
    "infomec_explicitness": "a linear model reads every factor without error",
    "higgins": "differences of codes tell which factor pairs share",
    "factor_vae": "each fixed factor holds a code of its own still",
    "mig": "one code tells each factor wholly, no other anything of it",
    "mig_sup": "each code tells one factor wholly, nothing of the others",
    "jemmig": "as MIG, and the code holds nothing else",
    "med": "each code tells of one factor alone",
    "sap": "one code is linear in each factor, no other correlates",
    "modularity": "each code tells of one factor alone",
    "explicitness": "a linear classifier ranks every class first",
    "irs": "a fixed factor holds each code still",
    "total_correlation": "0 where the codes are independent (nats, not bounded)",
}
"""What a score of 1 says."""


def page(
    folder: Path,
    config: ExperimentConfig,
    runs: Sequence[Run],
    failures: Mapping[str, str],
    sample: Path,
    evidence: Mapping[str, Any] | None,
) -> Page:
    """What the report shows.

    Args:
        folder: the experiment's.
        config: its description.
        runs: those that are finished.
        failures: name and reason of those that are not.
        sample: the file of the random sample.
        evidence: as in `evidence.json`, or None where there is none.
    """
    environment = read_json(folder / "environment.json")
    data = environment["data"]
    shown = explorer_data(runs, evidence)
    played = {run["name"] for run in shown["runs"] if run["sheet"]} if shown else set()
    sections = _sections(folder, config, runs, failures, played)
    num = len(config.betas)
    return Page(
        title=f"{num} beta{'s' * (num > 1)} on {Path(data['source']).name}",
        summary=_summary(config, data, runs, failures),
        facts=_facts(environment, sections),
        sample=sample,
        plane=_plane(runs),
        runs=sections,
        command=(
            f"unknot compare --config {shlex.quote(str(folder / 'experiment.toml'))}"
            if data["repeatable"]
            else "unknot.compare(images, ...) from Python, with the same images"
        ),
        config=to_toml(config),
        score_runs=[_title(run) for run in runs[:MOST_RUNS]],
        scores=_scores(runs[:MOST_RUNS]),
        data=shown,
        reasons=_reasons(shown),
        more_sheets=_left_out(shown, played),
        more_runs=(
            f"The first {MOST_RUNS} of {len(runs)} runs; the others stand in evidence.json and in "
            "their evaluation.json."
            if len(runs) > MOST_RUNS
            else ""
        ),
        **_told(config, evidence),
    )


def _sections(
    folder: Path,
    config: ExperimentConfig,
    runs: Sequence[Run],
    failures: Mapping[str, str],
    played: set[str],
) -> list[RunSection]:
    """A section for every run, also for those that are missing."""
    there = {run.folder.name: _section(run, run.folder.name in played) for run in runs}
    return [
        there.get(wanted.name)
        or RunSection(
            name=wanted.name,
            beta=beta_text(wanted.beta),
            seed=wanted.seed,
            folder=folder / wanted.name,
            problem=failures.get(wanted.name, ""),
        )
        for wanted in config.runs()
    ]


def _facts(environment: Mapping[str, Any], sections: Sequence[RunSection]) -> list[tuple[str, str]]:
    """Name and value of each line about the data and the training."""
    data, versions = environment["data"], environment["versions"]
    made = f"unknot {versions['unknot']}, torch {versions['torch']}, Python {versions['python']}"
    return [
        *data_facts(data, data["splits"]),
        ("made with", f"{made}, on {environment['processor']}"),
        ("training took", _duration(sum(one.seconds for one in sections))),
        ("fingerprint", environment["data_fingerprint"]),
    ]


def _plane(runs: Sequence[Run]) -> str:
    """The rate-distortion plane as SVG; empty without runs."""
    points = [
        (f"beta {beta_text(run.config.beta)}", test["rate"], test["distortion"])
        for run in runs
        for test in [run.evaluation["test"]]
    ]
    return plots.to_svg(plots.rate_distortion(points)) if points else ""


def _told(config: ExperimentConfig, evidence: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the page says of the evidence."""
    if evidence is None:
        return {
            "gaps": ["no evidence of these runs yet: unknot evaluate --evidence-only writes it"]
        }
    guide, verdict = evidence["guide"], verdict_lines(evidence)
    columns = [(name, EXPLANATIONS.get(name, "")) for name in beta_cells(None)]
    order = [run.name for run in config.runs() if run.name in evidence["runs"]]
    return {
        "verdict": verdict,
        "beta_columns": columns,
        "beta_rows": [list(beta_cells(one).values()) for one in evidence["betas"]],
        "spectrum": (
            plots.to_svg(plots.spectrum(guide["switch_off"], config.betas)) if guide else ""
        ),
        "maps": [_map(name, evidence["runs"][name]) for name in order[:MOST_RUNS]],
        "gaps": [f"{what}: {why}" for what, why in evidence["gaps"].items()],
    }


def _map(name: str, run: Mapping[str, Any]) -> LabelMap:
    """What the latents of one run tell of labels."""
    told = run["labels"]
    rows: list[Row] = []
    together = ""
    if told:
        used = [one["latent"] for one in told["latents"] if one["active"]]
        rows = [Row(f"latent {i}", tuple(_cells(told, i))) for i in used]
        together = _together(told)
    title = f"beta {beta_text(run['beta'])}, seed {run['seed']}"
    return LabelMap(title, latent_lines(run), told["names"] if told else [], rows, together)


def _cells(told: Mapping[str, Any], latent: int) -> list[Cell]:
    cells = []
    for k, name in enumerate(told["names"]):
        size, p_value = told["effect"][latent][k], told["p_value"][latent][k]
        low, high = told["interval"][latent][k]
        kind = "AUROC" if told["binary"][k] else "share of its information"
        strength = 2 * size - 1 if told["binary"][k] else size
        hue = "230, 130, 40" if told["sign"][latent][k] < 0 else "50, 110, 210"
        title = (
            f"latent {latent}, {name}: {kind} {size:.2f} ({low:.2f} to {high:.2f}), "
            f"R2 {told['r2'][latent][k]:.2f}, p {p_value:.3f}"
        )
        color = f"rgba({hue}, {min(1.0, max(0.0, strength)) ** 0.5:.2f})"  # weak ones show too
        cells.append(Cell(title, color, p_value <= told["level"]))
    return cells


def _together(told: Mapping[str, Any]) -> str:
    """The strongest correlations among the labels, in words."""
    names, table = told["names"], told["correlation"]
    pairs = [
        (abs(table[i][j]), f"{names[j]} and {names[i]} ({table[i][j]:+.2f})")
        for i in range(len(names))
        for j in range(i)
        if abs(table[i][j]) >= GO_TOGETHER
    ]
    return ", ".join(text for _, text in sorted(pairs, reverse=True)[:MOST_PAIRS])


def _scores(runs: Sequence[Run]) -> list[tuple[str, list[tuple[str, str]], str]]:
    """A row for each score that a run has."""
    measured = [(run.evaluation.get("measured") or {}).get("scores") or {} for run in runs]
    rows = []
    for key, meaning in MEANINGS.items():
        if any(key in scores for scores in measured):
            rows.append((key, [_score(scores.get(key)) for scores in measured], meaning))
    return rows


def _score(one: Mapping[str, Any] | None) -> tuple[str, str]:
    """A score and what a hover says of it."""
    if one is None:
        return "-", "not measured"
    remarks = list(one["flags"])
    if one["interval"]:
        remarks.insert(0, "95% interval {:.3f} to {:.3f}".format(*one["interval"]))
    null = one["null_rotation"]
    above = f" ({null['percentile']:.0f}%)" if null else ""
    value = "void" if one["value"] is None else f"{one['value']:.2f}"
    return value + above, "; ".join(remarks)


def _reasons(shown: Mapping[str, Any] | None) -> list[str]:
    """Why decoders are missing from the page, a line for each reason."""
    reasons: dict[str, list[str]] = {}
    for run in shown["runs"] if shown else []:
        if not run["model"]:
            reasons.setdefault(run["reason"], []).append(run["title"])
    return [f"Not in the explorer: {'; '.join(runs)}: {why}." for why, runs in reasons.items()]


def _left_out(shown: Mapping[str, Any] | None, played: set[str]) -> str:
    missing = [run["title"] for run in shown["runs"] if run["name"] not in played] if shown else []
    if not missing:
        return ""
    return (
        f"The page holds some {SHEET_BYTES / 1e6:.0f} MB of reconstructions, those of the first "
        f"seeds; left out: {'; '.join(missing)}."
    )


def _duration(seconds: float) -> str:
    return f"{seconds:,.0f} seconds of all runs, one after another"


def _title(run: Run) -> str:
    return f"beta {beta_text(run.config.beta)}, seed {run.config.seed}"


def _section(run: Run, in_player: bool) -> RunSection:
    test = run.evaluation["test"]
    return RunSection(
        name=run.folder.name,
        beta=beta_text(run.config.beta),
        seed=run.config.seed,
        folder=run.folder,
        distortion=test["distortion"],
        rate=test["rate"],
        kl=tuple(sorted(test["kl"], reverse=True)),
        scales=scales_text(read_json(run.folder / SCALES)),
        seconds=run.history("train")[-1]["seconds"],
        in_player=in_player,
    )


def _summary(
    config: ExperimentConfig,
    data: Mapping[str, Any],
    runs: Sequence[Run],
    failures: Mapping[str, str],
) -> list[str]:
    steps, batch = config.training.optimisation().steps, config.training.optimisation().batch_size
    betas = ", ".join(map(beta_text, config.betas))
    sentences = [
        f"Beta-VAEs with {config.model.latent_dim} latents ({config.model.network}) were trained "
        f"for {steps:,} steps of {batch} images at beta {betas}, seed "
        f"{', '.join(map(str, config.seeds))}, on {data['shape'][0]:,} images."
    ]
    if failures:
        sentences.append(
            f"{len(failures)} of {len(failures) + len(runs)} runs are missing; the reason stands "
            "in the table."
        )
    if runs:
        best = max(runs, key=lambda run: run.evaluation["validation"]["elbo"])
        sentences.append(
            f"The best bound on the likelihood (distortion + rate, validation) is that of beta "
            f"{beta_text(best.config.beta)}, seed {best.config.seed}: "
            f"{-best.evaluation['validation']['elbo']:,.0f} nats per image. It says how "
            "well the images are modelled, not whether each latent means one thing."
        )
    return sentences
