"""What several commands do: load images with progress, prepare others as a run's were."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from unknot.cli.options import OutputOptions
from unknot.config import DataConfig

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
    from unknot.common.progress import named_progress
    from unknot.data.load import load_images
    from unknot.data.summary import left_out

    with named_progress(output.hides_progress, "{} images".format) as progress:
        images = load_images(data.source, **data.load_options(), progress=progress)
    if tells and not output.json:
        for name, value in left_out(images.info):
            print(f"{name}: {value}", file=sys.stderr)
    return images


def same_preparation(run: "Run", source: str) -> DataConfig:
    """Describe other data, prepared as the run's was."""
    from unknot.data.sources import BUILT_IN

    trained = run.config.data
    data = DataConfig(source=source, size=trained.size, crop=trained.crop, color=trained.color)
    if source in BUILT_IN:
        return replace(data, color="auto", crop="auto")
    return replace(data, color="grey" if run.image_shape[0] == 1 else "rgb")
