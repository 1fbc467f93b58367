"""What several commands do: load images with progress, prepare others as a run's were."""

from dataclasses import replace
from typing import TYPE_CHECKING

from unknot.cli.options import OutputOptions
from unknot.config import DataConfig

if TYPE_CHECKING:
    from unknot.data.image_set import ImageSet
    from unknot.runs.run import Run


def load(data: DataConfig, output: OutputOptions) -> "ImageSet":
    """Prepare or open images, with progress for a person."""
    from unknot.common.progress import named_progress
    from unknot.data.load import load_images

    with named_progress(output.hides_progress, "{} images".format) as progress:
        return load_images(data.source, **data.load_options(), progress=progress)


def same_preparation(run: "Run", source: str) -> DataConfig:
    """Describe other data, prepared as the run's was."""
    from unknot.data.sources import BUILT_IN

    data = replace(run.config.data, source=source, group="none")
    if source in BUILT_IN:
        return replace(data, color="auto", crop="auto")
    return replace(data, color="grey" if run.image_shape[0] == 1 else "rgb")
