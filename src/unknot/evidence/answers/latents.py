"""What does each latent do?"""

from collections.abc import Mapping

from unknot.config.run import beta_text
from unknot.evidence.answers import CANNOT_TELL, LATENTS, NO, YES, Answer, Verdict, listed, p_text
from unknot.evidence.latent_labels import LatentLabels
from unknot.evidence.run_evidence import RunEvidence

MAX_NAMED = 6  # latents that the sentence names


def answer_latents(runs: Mapping[str, RunEvidence], beta: float | None) -> Answer:
    """Answer what the latents of one run do: yes if a test finds a meaning for any of them.

    `effect` is the largest among the labels that pass: an area under the curve for labels of two
    values, a share of the label's information for others.

    Args:
        runs: what each latent of every run does, by the run's name.
        beta: whose first seed is asked; None for the lowest.
    """
    name = _first_run(runs, beta)
    if name is None:
        return Answer(
            question=LATENTS,
            answer=CANNOT_TELL,
            p_value=None,
            effect=None,
            basis="",
            runs=(),
            sentence="Cannot tell: no run is finished.",
            next="",
        )
    run = runs[name]
    labels = {"the labels": run.labels, "what the pixels show": run.properties}
    tables = {basis: table for basis, table in labels.items() if table is not None}
    passed = [t for table in tables.values() for t in _passed(table)]
    basis = [*tables, *(["what moving a latent changes"] if run.traversal_effects else [])]
    answer: Verdict = YES if passed else NO if tables or run.traversal_effects else CANNOT_TELL
    return Answer(
        question=LATENTS,
        answer=answer,
        p_value=min((p for _, p in passed), default=None),
        effect=max((effect for effect, _ in passed), default=None),
        basis=listed(basis),
        runs=(name,),
        sentence=_sentence(run, answer),
        next="",
    )


def _first_run(runs: Mapping[str, RunEvidence], beta: float | None) -> str | None:
    """The first seed of a beta, or of the lowest where it has none."""
    of_beta = [name for name, run in runs.items() if run.beta == beta] or sorted(
        runs, key=lambda name: (runs[name].beta, runs[name].seed)
    )
    return min(of_beta, key=lambda name: (runs[name].beta, runs[name].seed)) if of_beta else None


def _passed(table: LatentLabels) -> list[tuple[float, float]]:
    """Effect and p-value of the best label of every latent that has one."""
    best = [(latent, table.best(latent)) for latent in range(len(table.active))]
    return [
        (float(table.effect[latent, label]), float(table.p_value[latent, label]))
        for latent, label in best
        if label is not None
    ]


def _sentence(run: RunEvidence, answer: Verdict) -> str:
    where = f"At beta {beta_text(run.beta)} (seed {run.seed})"
    if answer == CANNOT_TELL:
        return f"{where} it cannot be told: there are no labels, and the model cannot be opened."
    meanings = [_meaning(run, latent) for latent in range(_latent_dim(run))]
    parts = [meaning for meaning in meanings if meaning]
    if not parts:
        return (
            f"{where} no latent is in use: the model draws the same picture whatever the image is."
        )
    more = len(parts) - MAX_NAMED
    shown = listed([*parts[:MAX_NAMED], *([f"{more} more"] if more > 0 else [])])
    unused = len(meanings) - len(parts)
    are = "is" if unused == 1 else "are"
    idle = f" {unused} of {len(meanings)} latents {are} not in use." if unused else ""
    return f"{where}, {shown}{_largest_p(run)}.{idle}"


def _meaning(run: RunEvidence, latent: int) -> str:
    """What one latent does, in a phrase; empty if it is not in use."""
    for table in (run.labels, run.properties):
        best = table.best(latent) if table else None
        if table is not None and best is not None:
            return f"latent {latent} follows {_with_strength(table, latent, best)}"
    effects = run.traversal_effects
    if effects and effects.change[latent] > 0:
        region = effects.change_region(latent)
        return f"latent {latent} changes {effects.change_kind(latent)} ({region})"
    tested = [table for table in (run.labels, run.properties) if table is not None]
    if any(table.active[latent] for table in tested):
        return f"latent {latent} has no clear meaning"
    return ""


def _with_strength(table: LatentLabels, latent: int, label: int) -> str:
    """A label with how well the latent tells it."""
    size, name = table.effect[latent, label], table.label_names[label]
    strength = f"AUROC {size:.2f}" if table.binary[label] else f"tells {size:.0%} of it"
    return f"{name} ({strength})"


def _largest_p(run: RunEvidence) -> str:
    """The largest p-value of all labels that are named; empty where none is."""
    tables = [table for table in (run.labels, run.properties) if table is not None]
    p_values = []
    for latent in range(_latent_dim(run)):
        best = next((t for t in tables if t.best(latent) is not None), None)
        if best is not None:
            p_values.append(float(best.p_value[latent, best.best(latent)]))
    if not p_values:
        return ""
    largest = p_text(max(p_values))
    if len(p_values) == 1:
        return f" ({largest})"
    return f" ({largest} for each)" if max(p_values) < 0.001 else f" ({largest} or less)"


def _latent_dim(run: RunEvidence) -> int:
    for table in (run.labels, run.properties):
        if table is not None:
            return len(table.active)
    return len(run.traversal_effects.change) if run.traversal_effects else 0
