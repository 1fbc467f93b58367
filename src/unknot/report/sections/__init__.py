"""Sections of the page: a Python file and an HTML piece each, named in `SECTIONS`.

The Python file takes from a `ReportContext` what its section shows. The HTML piece lies beside it
under the same name, a Jinja template in which that is called `section`; everything in it is
escaped. A piece that begins with `{% set anchor, link = "scores", "scores" %}` is linked to at the
page's top, by the element with that id.

Where `NAME.js` or `NAME.css` lies beside them, it goes into the page with the section. The script
registers what is called for each element with `data-widget="NAME"` (see `assets/page.js`), and
reads what the piece gives it with `{{ section.data|own_data }}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from unknot.common.plugins import load_plugin
from unknot.config.parts import BETA_VAE

if TYPE_CHECKING:  # the names below must be had without torch
    from unknot.config.experiment import ExperimentConfig
    from unknot.evidence.evidence import Evidence
    from unknot.report.detailed_runs import DetailedRuns
    from unknot.report.histories import Histories
    from unknot.report.script_data import ScriptData
    from unknot.runs.experiment_folder import ExperimentFolder
    from unknot.runs.run import Run

SECTIONS = {
    "answers": "unknot.report.sections.answers:answers",
    "objectives": "unknot.report.sections.objectives:objectives",
    "explorer": "unknot.report.sections.explorer:explorer",
    "traversals": "unknot.report.sections.traversals:traversals",
    "blind": "unknot.report.sections.blind:blind",
    "cards": "unknot.report.sections.cards:cards",
    "label_map": "unknot.report.sections.label_map:label_map",
    "rate_distortion": "unknot.report.sections.rate_distortion:rate_distortion",
    "collapse": "unknot.report.sections.collapse:collapse",
    "curves": "unknot.report.sections.curves:curves",
    "player": "unknot.report.sections.player:player",
    "scores": "unknot.report.sections.scores:scores",
    "betas": "unknot.report.sections.betas:betas",
    "beta_evidence": "unknot.report.sections.beta_evidence:beta_evidence",
    "images": "unknot.report.sections.images:images",
    "summary": "unknot.report.sections.summary:summary",
    "missing": "unknot.report.sections.missing:missing",
    "repeat": "unknot.report.sections.repeat:repeat",
}
"""Name -> `module:function`, in the page's order. The function is a `Section`."""

SERVED = {"live": "unknot.report.sections.live:live"}
"""The same for sections that stand above the others while `unknot watch` serves the page."""

NO_RUN = "no run is finished"
NO_EVIDENCE = (
    "no evidence of these runs yet: it is gathered when all are trained, or by unknot evidence "
    "EXPERIMENT"
)


def _histories() -> Histories:
    from unknot.report.histories import Histories  # needs torch

    return Histories()


@dataclass(frozen=True, eq=False)
class ReportContext:
    """All that a section may show.

    Attributes:
        files: the experiment's folder.
        config: the experiment's description.
        runs: those that are finished, in the order of `config.runs()`.
        failures: name of each run that is not finished -> the reason.
        evidence: of these runs; None where there is none.
        environment: versions, processor, and what was known of the data.
        script_data: what the page's scripts read; None where no run is finished.
        left_out: name of each section before this one that is not in the page -> the reason.
        histories: of the runs, each read once.
        detailed: the runs that have decoders and cards; None where all have.
    """

    files: ExperimentFolder
    config: ExperimentConfig
    runs: Sequence[Run]
    failures: Mapping[str, str]
    evidence: Evidence | None
    environment: Mapping[str, Any]
    script_data: ScriptData | None
    left_out: Mapping[str, str]
    histories: Histories = field(default_factory=_histories)
    detailed: DetailedRuns | None = None

    @property
    def strength(self) -> str:
        """Call what the runs differ in: beta where it is that of beta_vae alone, else strength."""
        objectives = self.config.objectives or [self.config.training.objective]
        return "beta" if set(objectives) == {BETA_VAE} else "strength"

    def rows(self) -> list[ReportContext]:
        """What is known of each objective alone; the same context where there is one."""
        return [self._row(row) for row in self.config.rows()] if self.config.objectives else [self]

    def _row(self, config: ExperimentConfig) -> ReportContext:
        names = {run.name for run in config.runs()}
        data, rows = self.script_data, self.evidence.rows if self.evidence else {}
        return replace(
            self,
            config=config,
            runs=[run for run in self.runs if run.name in names],
            failures={name: why for name, why in self.failures.items() if name in names},
            evidence=rows.get(config.training.objective),
            script_data=data
            and replace(data, runs=[run for run in data.runs if run.name in names]),
        )


@dataclass(frozen=True)
class LeftOut:
    """Stands for a section that lacks what it needs.

    Attributes:
        reason: in words; the page names it. Empty where nobody would look for the section.
    """

    reason: str


class Section(Protocol):
    """Takes from the context what one section shows."""

    def __call__(self, context: ReportContext) -> Any:
        """Give what the section's HTML piece shows, a frozen dataclass, or a `LeftOut`."""


def find_section(name: str) -> Section:
    """Import a section, named in `SECTIONS` or `SERVED`.

    Raises:
        UserError: if there is none.
    """
    section: Section = load_plugin("section", name, {**SECTIONS, **SERVED})
    return section
