"""What each latent of a run does, in words: a line each."""

from collections.abc import Sequence
from dataclasses import dataclass

from unknot.config import beta_text
from unknot.evidence.run_evidence import RunEvidence
from unknot.report.latent_text import latent_lines
from unknot.report.sections import NO_EVIDENCE, NO_RUN, LeftOut, ReportContext
from unknot.report.text import MAX_RUNS, more_runs_text


@dataclass(frozen=True)
class RunLatents:
    """The latents of one run.

    Attributes:
        title: which run.
        lines: a sentence for each latent.
    """

    title: str
    lines: Sequence[str]


@dataclass(frozen=True)
class Latents:
    """The latents of the first runs.

    Attributes:
        runs: whose latents are described.
        others: how many runs are not, in words.
    """

    runs: Sequence[RunLatents]
    others: str


def latents(context: ReportContext) -> Latents | LeftOut:
    """Say what each latent of the first runs does."""
    if context.evidence is None:
        return LeftOut(NO_EVIDENCE)
    runs = context.evidence.runs
    names = [config.name for config in context.config.runs() if config.name in runs]
    if not names:
        return LeftOut(NO_RUN)
    described = [_describe(runs[name]) for name in names[:MAX_RUNS]]
    return Latents(described, more_runs_text(len(context.runs)))


def _describe(run: RunEvidence) -> RunLatents:
    title = f"beta {beta_text(run.beta)}, seed {run.seed}"
    return RunLatents(title=title, lines=latent_lines(run))
