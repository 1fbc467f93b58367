"""What several commands do: load images with progress, prepare others as a run's were."""

import sys
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Literal

from unknot.cli.options import OutputOptions
from unknot.cli.paths import check_input_file, check_output_folder, check_source
from unknot.common.errors import UserError
from unknot.common.text import on_one_line
from unknot.config.parts import DataConfig

if TYPE_CHECKING:
    from unknot.data.image_set import ImageSet
    from unknot.runs.run import Run


def load(data: DataConfig, output: OutputOptions, *, tells: bool = True) -> "ImageSet":
    """Prepare or open images, with progress for a person, and say what was left out and why.

    Args:
        data: which images.
        output: what is printed.
        tells: whether notes on the images are printed to the standard error.
    """
    from unknot.common.progress import announced
    from unknot.experiments.display.bars import named_progress

    check_source("DATA", data.source)
    check_cache()
    if data.labels:
        check_input_file("labels", Path(data.labels))
    with announced(output.hides_progress, "reading the images"):
        from unknot.data.load import load_images
        from unknot.data.summary import left_out
    with named_progress(output.hides_progress, "{} images".format) as progress:
        images = load_images(data.source, **data.load_options(), progress=progress)
    if tells and not output.json:
        for name, value in left_out(images.info):
            print(f"{name}: {value}", file=sys.stderr)
    return images


def check_cache() -> None:
    """Refuse a folder for prepared images that can be none.

    Raises:
        UserError: names the variable that says where it is.
    """
    from unknot.data.cache import cache_folder

    check_output_folder("UNKNOT_CACHE", cache_folder(), is_written=False)


def say(line: str) -> None:
    """Print a line, with what a name in it would do to the terminal escaped."""
    print(on_one_line(line))


def check_is_run(path: Path, command: str) -> None:
    """Refuse a folder of runs where one run is wanted, naming those that it holds.

    Args:
        path: that was given.
        command: and what stands after the run, such as `encode RUN DATA`, for the one to type.

    Raises:
        UserError: if it is no run, but holds runs.
    """
    from unknot.evidence.answers import listed
    from unknot.runs.experiment_folder import ExperimentFolder, trained_runs_in
    from unknot.runs.folder import RunFolder

    if RunFolder(path).config.is_file():
        return
    names = [folder.name for folder in trained_runs_in(path)]
    if names:
        line = f"unknot {command}".replace("RUN", quote(f"{path}/{names[0]}"))
        others = f" (or {listed(names[1:], 'or')})" if names[1:] else ""
        raise UserError(f"{path} is a folder of runs; choose one of them: {line}{others}")
    if ExperimentFolder(path).is_experiment:
        raise UserError(f"{path} is an experiment without a trained run; run its command again")


def open_run(path: Path, command: str, output: OutputOptions) -> "Run":
    """Open a run and its model, and say so where that takes long.

    Args:
        path: that was given.
        command: as in `check_is_run`.
        output: what is printed.

    Raises:
        UserError: if it is no trained run.
    """
    from unknot.common.progress import announced

    with announced(output.hides_progress, "opening the run"):
        check_is_run(path, command)
        from unknot.runs.run import Run

        return Run(path)


def same_preparation(run: "Run", source: str) -> DataConfig:
    """Describe other data, prepared as the run's was."""
    from unknot.data.sources import BUILT_IN

    trained = run.config.data
    data = DataConfig(source=source, size=trained.size, crop=trained.crop, color=trained.color)
    if source in BUILT_IN:
        return replace(data, color="auto", crop="auto")
    colors: dict[int, Literal["grey", "rgb"]] = {1: "grey", 3: "rgb"}
    return replace(data, color=colors.get(run.image_shape[0], trained.color))
