"""Experiment: all runs of one comparison, in their folder."""

import html
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unknot.common.errors import UserError
from unknot.common.files import check_writable
from unknot.common.notices import give_notice
from unknot.common.progress import Progress
from unknot.common.reading import DamageError, Stamp, file_stamp
from unknot.common.text import shown
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import BETA_VAE
from unknot.config.run import RunConfig, beta_text, setting_text
from unknot.data.given_labels import save_labels, with_given_labels, with_saved_labels
from unknot.data.image_set import ImageSet
from unknot.evidence.answers import counted, listed
from unknot.evidence.collect import SCORES, collect_evidence
from unknot.evidence.evidence import Evidence
from unknot.experiments.display.bars import shown_progress
from unknot.experiments.run_table import run_table
from unknot.models.networks import NetworkBuilder
from unknot.report.page import page_html, report_context, write_report
from unknot.report.run_watcher import ExperimentWatcher
from unknot.report.up_to_date import UNKNOWN, sources_digest, stamp_page
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.folder import ERROR, RunFolder
from unknot.runs.run import Run
from unknot.runs.soundness import check_sound

if TYPE_CHECKING:
    from unknot.report.paper_figures import Figures


class Experiment:
    """All runs of one comparison, in their folder.

    Args:
        folder: where `compare` put them.
        networks: the builder of a user's own pair, if they were trained with one.

    Attributes:
        files: the folder, with the name of every file in it.
        config: the experiment's description.

    Raises:
        UserError: if no experiment is there.
    """

    def __init__(self, folder: str | Path, *, networks: NetworkBuilder | None = None) -> None:
        self.files = ExperimentFolder(folder)
        self.config: ExperimentConfig = self.files.read_config()
        self._networks = networks
        self._checked: dict[str, tuple[tuple[Stamp | None, ...], str]] = {}

    def __repr__(self) -> str:
        return f"Experiment({str(self.folder)!r})"

    def __str__(self) -> str:
        compared = "; ".join(_strengths_text(row) for row in self.config.rows())
        folders = [self.files.run(config) for config in self.config.runs()]
        num_finished = sum(folder.is_done for folder in folders)
        return shown(
            f"Experiment in {self.folder}: {compared}, "
            f"{counted(len(self.config.seeds), 'seed')} of each; {num_finished} of "
            f"{counted(len(folders), 'run')} finished"
        )

    @property
    def folder(self) -> Path:
        """Where `compare` put the runs."""
        return self.files.path

    def run(self, beta: float, seed: int = 0, *, objective: str | None = None) -> Run:
        """Open the finished run of one beta and seed.

        Args:
            beta: or the strength of another objective.
            seed: of the run.
            objective: it was trained with; where there are several, the first by default.

        Raises:
            UserError: if there is none.
        """
        rows = {row.training.objective: row for row in self.config.rows()}
        row = rows.get(objective or next(iter(rows)))
        if row is None:
            raise UserError(f"no objective {objective!r}; objectives: {', '.join(rows)}")
        config = next((c for c in row.runs() if (c.beta, c.seed) == (beta, seed)), None)
        if config is None:
            raise UserError(
                f"no run with {setting_text(row.training.objective, beta)} and seed {seed}; there "
                f"are {_strengths_text(row)}, seeds {listed([str(seed) for seed in row.seeds])}"
            )
        return Run(self.files.run(config), networks=self._networks)

    def runs(self) -> list[Run]:
        """Open every finished run whose files are sound; `failures` names the others."""
        sound = [config for config in self.config.runs() if not self._problem(config)]
        return [Run(self.files.run(config), networks=self._networks) for config in sound]

    def failures(self) -> dict[str, str]:
        """Name each run that is not finished, or has damaged files, and the reason."""
        problems = {config.name: self._problem(config) for config in self.config.runs()}
        return {name: problem for name, problem in problems.items() if problem}

    def _problem(self, config: RunConfig) -> str:
        """Say why a run cannot be opened; empty if it can. Files are read once they change."""
        folder = self.files.run(config)
        files = (folder.done, folder.config, folder.images, folder.weights, folder.codes)
        stamps = tuple(map(file_stamp, (*files, folder.evaluation, folder.log)))
        if config.name not in self._checked or self._checked[config.name][0] != stamps:
            self._checked[config.name] = stamps, _problem_of(folder, config)
        return self._checked[config.name][1]

    def crashed_runs(self) -> list[str]:
        """Name the unfinished runs whose log does not end in an error that a user can mend."""
        folders = [self.files.run(config) for config in self.config.runs()]
        last_lines = {f.name: _last_line(f) for f in folders if not f.is_done}
        return [name for name, line in last_lines.items() if line and not line.startswith(ERROR)]

    def evidence(
        self,
        images: ImageSet | None = None,
        *,
        labels: Any = None,
        label_columns: Sequence[str] = (),
        computed_labels: bool | None = None,
        progress: Progress | bool = True,
    ) -> Evidence:
        """Answer the four questions of `unknot.evidence.answers.QUESTIONS`.

        Writes `evidence.json` too.

        Args:
            images: it was trained on; opened again by default. The same images with labels that
                they did not have then give exploratory answers.
            labels: a table with a row for each image, in the place of the labels that the images
                have: a csv, tsv, jsonl or parquet file, or a data frame. They are kept in the
                experiment's folder for the next time, and the answers are exploratory.
            label_columns: columns of the table to take; by default all that can be labels.
            computed_labels: use figures computed from the pixels as labels too; as the experiment
                was planned by default.
            progress: True shows how far it is, False shows nothing; a function is called as
                `progress("evidence", runs done, runs in all)`, or "evidence of NAME" for each
                of several objectives.

        Raises:
            UserError: if no run is finished, the images are gone or have changed, or the folder can
                only be read.
        """
        runs = self.runs()
        if not runs:
            raise UserError(f"{self.folder} holds no finished run; run its command again first")
        check_writable(self.folder)
        images = self._labelled(images or runs[0].files.open_images(), labels, label_columns)
        config = self.config
        if computed_labels is not None:
            config = replace(config, computed_labels=computed_labels)
        with shown_progress(progress) as shown_here:
            evidence = collect_evidence(
                config,
                self.files,
                images,
                runs,
                networks=self._networks,
                progress=shown_here.progress,
            )
        evidence.save(self.files.evidence)
        return evidence

    def _labelled(self, images: ImageSet, given: Any, columns: Sequence[str]) -> ImageSet:
        """Put the labels that are given on the images, or those that were given before."""
        if given is None:
            return with_saved_labels(images, self.files.labels)
        images, _ = with_given_labels(images, given, columns)
        save_labels(self.files.labels, images)
        return images

    def saved_evidence(self) -> Evidence | None:
        """Read `evidence.json`; None where it is damaged or not of the runs finished now."""
        try:
            evidence = Evidence.load(self.files.evidence)
        except DamageError as error:
            give_notice(str(error))
            return None
        runs = self.runs()
        if evidence is None or list(evidence.rows) != list(self.config.objectives):
            return None
        if evidence.runs_included != [run.name for run in runs] or _scored_since(evidence, runs):
            return None
        return evidence

    def table(self) -> Any:
        """One row for each run, also of those that are not finished, as a pandas `DataFrame`.

        Its columns are `unknot.experiments.run_table.COLUMNS` and the scores that runs have.

        Raises:
            UserError: if pandas is missing.
        """
        return run_table(self.folder).data_frame()

    @property
    def figures(self) -> "Figures":
        """Figures for a paper: `experiment.figures.traversals("fig.pdf", width="84mm")`.

        They show the runs of one objective: of several, the first. `unknot.Figures` takes the runs
        of any one.

        Raises:
            UserError: if no run is finished, or the evidence is damaged.
        """
        from unknot.report.paper_figures import Figures  # matplotlib takes half a second

        names = {run.name for run in self.config.rows()[0].runs()}
        runs = [run for run in self.runs() if run.name in names]
        evidence = self.saved_evidence()
        objective = self.config.rows()[0].training.objective
        return Figures(*runs, evidence=evidence and evidence.rows.get(objective, evidence))

    def report(self) -> Path:
        """Write the page from what is there; returns its file.

        It counts as up to date until something in the folder changes, but not where it rests on
        more than that: on networks of a user's own, or on images that are not at hand now.

        Raises:
            UserError: if a file of the experiment is damaged, or its folder can only be read.
        """
        check_writable(self.folder)
        sources = sources_digest(self.folder)
        runs = self.runs()
        write_report(self.files, self.config, runs, self.failures(), self.saved_evidence())
        is_reproducible = self._networks is None and _have_images(runs)
        stamp_page(self.files.report, sources if is_reproducible else UNKNOWN)
        return self.files.report

    def live_page(self) -> str:
        """Give the page from what is there, with the runs that are being trained above all else.

        Once all is done, it is the page that `report` writes.

        Raises:
            UserError: if a file of the experiment is damaged.
        """
        seen = ExperimentWatcher(self.files).look()
        failures = self.failures() if seen.is_finished else {}  # no run is missing yet
        context = report_context(
            self.files, self.config, self.runs(), failures, self.saved_evidence()
        )
        return page_html(context, served=True)

    def _repr_html_(self) -> str:
        """The page in a frame that may run scripts and nothing else, for notebooks.

        Where there can be no page, a sentence says so.
        """
        try:
            page = self.report().read_text(encoding="utf-8")
        except Exception as error:  # an error while a value is shown would hide the value
            reason = str(error) if isinstance(error, UserError) else repr(error)
            return f"<p>{_ascii_html(f'{self}. The page cannot be shown: {reason}')}</p>"
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{_ascii_html(page)}" '
            'style="width: 100%; height: 720px; border: 0"></iframe>'
        )


def _problem_of(folder: RunFolder, config: RunConfig) -> str:
    """Say why a run cannot be opened, aloud where it is finished; empty if it can."""
    try:
        if folder.read_done() is None:
            return folder.last_log_line().removeprefix(ERROR) or "not finished"
        check_sound(folder, config)
        return ""
    except UserError as error:
        give_notice(f"{folder.name} is left out: {error}")
        return str(error)


def _scored_since(evidence: Evidence, runs: Sequence[Run]) -> bool:
    """Whether runs that had no scores have some now."""
    rows = list(evidence.rows.values()) or [evidence]
    lacked = any(SCORES in row.not_available for row in rows)
    return lacked and all(run.evaluation.scores is not None for run in runs)


def _have_images(runs: Sequence[Run]) -> bool:
    """Whether the images that runs were trained on are still prepared, so that pages show some."""
    try:
        for run in runs[:1]:
            run.files.open_prepared_images()
    except UserError:
        return False
    return True


def _last_line(folder: RunFolder) -> str:
    """Read the last line of a log; empty where it may not be read."""
    with suppress(UserError):
        return folder.last_log_line()
    return ""


def _strengths_text(row: ExperimentConfig) -> str:
    """Name the betas, or the objective and its strengths."""
    values = [beta_text(beta) for beta in row.betas]
    if row.training.objective == BETA_VAE:
        return f"{counted(len(values), 'beta')} ({listed(values)})"
    return f"{row.training.objective} ({listed(values)})"


def _ascii_html(text: str) -> str:
    """Escape text, so that it means the same in whatever encoding a notebook is read."""
    return html.escape(text).encode("ascii", "xmlcharrefreplace").decode()
