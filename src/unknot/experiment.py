"""Experiment: all runs of one comparison, in their folder."""

import html
from collections.abc import Sequence
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from unknot import describe
from unknot.config import DataConfig, ExperimentConfig, ModelConfig, TrainingConfig, from_toml
from unknot.data.image_set import ImageSet
from unknot.errors import UserError
from unknot.files import read_json, write_json
from unknot.findings import FORMAT, Evidence, Progress, gather_evidence
from unknot.model.networks import NetworkBuilder
from unknot.pages import page
from unknot.report.page import write_report
from unknot.training.run import Run
from unknot.worker import LOG, is_done, open_images

EXPERIMENT, SAMPLE = "experiment.toml", "sample.png"
REPORT, EVIDENCE = "report.html", "evidence.json"


class Experiment:
    """All runs of one comparison, in their folder.

    Args:
        folder: where `compare` put them.
        networks: the builder of a user's own pair, if they were trained with one.

    Raises:
        UserError: if no experiment is there.
    """

    def __init__(self, folder: str | Path, *, networks: NetworkBuilder | None = None) -> None:
        self.folder = Path(folder)
        self.config: ExperimentConfig = read_description(self.folder)
        self._networks = networks

    def __repr__(self) -> str:
        return f"Experiment({str(self.folder)!r})"

    def run(self, beta: float, seed: int = 0) -> Run:
        """The finished run of one beta and seed.

        Raises:
            UserError: if there is none.
        """
        config = next((c for c in self.config.runs() if (c.beta, c.seed) == (beta, seed)), None)
        if config is None:
            raise UserError(
                f"no run with beta {beta} and seed {seed}; betas: {self.config.betas}, "
                f"seeds: {self.config.seeds}"
            )
        return Run(self.folder / config.name, networks=self._networks)

    def runs(self) -> list[Run]:
        """Every finished run."""
        folders = [self.folder / config.name for config in self.config.runs()]
        return [Run(f, networks=self._networks) for f in folders if is_done(f)]

    def failures(self) -> dict[str, str]:
        """Name and reason of each run that is not finished."""
        names = [config.name for config in self.config.runs()]
        return {
            name: describe.last_log_line(self.folder / name / LOG).removeprefix("error: ")
            or "not finished"
            for name in names
            if not is_done(self.folder / name)
        }

    def crashed(self) -> list[str]:
        """Unfinished runs whose last words were not an error that a user can mend."""
        last = {name: describe.last_log_line(self.folder / name / LOG) for name in self.failures()}
        return [name for name, line in last.items() if line and not line.startswith("error: ")]

    def evidence(
        self, images: ImageSet | None = None, *, progress: Progress | None = None
    ) -> Evidence:
        """Ask what each latent does and whether a higher beta separated them.

        Writes `evidence.json` too.

        Args:
            images: it was trained on; opened again by default.
            progress: called as `progress("weighing", done, total)` after each run.

        Raises:
            UserError: if no run is finished, or the images are gone or have changed.
        """
        runs = self.runs()
        if not runs:
            raise UserError(f"{self.folder} holds no finished run; run its command again first")
        images = images or open_images(runs[0].config, runs[0].folder)
        found = gather_evidence(
            *(self.config, self.folder, images, runs), networks=self._networks, progress=progress
        )
        write_json(self.folder / EVIDENCE, found.as_dict())
        return found

    def noted_evidence(self) -> dict[str, Any] | None:
        """What `evidence.json` holds; None where it is not of the runs that are finished now."""
        if not (self.folder / EVIDENCE).is_file():
            return None
        noted = read_json(self.folder / EVIDENCE)
        finished = [run.folder.name for run in self.runs()]
        current = isinstance(noted, dict) and noted.get("format") == FORMAT
        return noted if current and noted["of"] == finished else None

    def report(self) -> Path:
        """Write the page from what is there; returns its file.

        Raises:
            UserError: if a file of the experiment is damaged.
        """
        path = self.folder / REPORT
        shown = page(
            *(self.folder, self.config, self.runs(), self.failures(), self.folder / SAMPLE),
            self.noted_evidence(),
        )
        write_report(shown, path)
        return path

    def _repr_html_(self) -> str:
        """The page in a frame that may run scripts and nothing else, for notebooks."""
        text = html.escape(self.report().read_text(encoding="utf-8"))
        plain = text.encode("ascii", "xmlcharrefreplace").decode()
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{plain}" '
            'style="width: 100%; height: 720px; border: 0"></iframe>'
        )


def read_description(folder: Path) -> ExperimentConfig:
    """The description in an experiment's folder.

    Raises:
        UserError: if there is none.
    """
    if not (folder / EXPERIMENT).is_file():
        raise UserError(f"{folder} is not the folder of an experiment; it has no {EXPERIMENT}")
    config: ExperimentConfig = from_toml(ExperimentConfig, folder / EXPERIMENT)
    return config


def experiment_config(
    images: ImageSet, betas: Sequence[float], seeds: Sequence[int], **options: Any
) -> ExperimentConfig:
    """The description of an experiment from plain values.

    Args:
        images: on what.
        betas: weights of the rate.
        seeds: a run of each beta for each.
        **options: fields of `ModelConfig` and `TrainingConfig` (`latent_dim`, `steps`, ...).

    Raises:
        UserError: if an option is unknown or has a value that does not fit.
    """
    model = {item.name for item in fields(ModelConfig)}
    training = {item.name for item in fields(TrainingConfig)}
    for name in options:
        if name not in model | training:
            close = get_close_matches(name, model | training, 1)
            hint = f"did you mean {close[0]!r}?" if close else "see ModelConfig, TrainingConfig"
            raise UserError(f"unknown option {name!r}; {hint}")
    return ExperimentConfig(
        betas=tuple(float(beta) for beta in betas),
        seeds=tuple(int(seed) for seed in seeds),
        data=DataConfig(
            source=images.info["source"],
            group=images.info["group"],
            **images.info["preparation"],
        ),
        model=ModelConfig(**{k: v for k, v in options.items() if k in model}),
        training=TrainingConfig(**{k: v for k, v in options.items() if k in training}),
    )
