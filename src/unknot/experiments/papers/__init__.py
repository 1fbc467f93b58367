"""Published experiments that `unknot reproduce NAME` runs again, one paper an entry of `PAPERS`.

A paper is a folder of its name with `paper.toml` (the runs, and the published figures with where
they were read), `text.md` (what is asked, and what the answer is worth) and, once it was run,
`results.json`; and a function of `Measure`, in a file of its own, which makes tables of the runs.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the names below must be had without torch
    from unknot.data.image_set import ImageSet
    from unknot.experiments.experiment import Experiment
    from unknot.experiments.papers.results import Table

PAPERS = {
    "higgins-2017": "unknot.experiments.papers.higgins_2017:measure",
    "burgess-2018": "unknot.experiments.papers.burgess_2018:measure",
    "rolinek-2019": "unknot.experiments.papers.rolinek_2019:measure",
    "sober-look": "unknot.experiments.papers.sober_look:measure",
}
"""Name -> `module:function` of its `Measure`."""

Measure = Callable[[Mapping[str, "Experiment"], "ImageSet"], list["Table"]]
"""Called with the finished experiment of each objective and their images; gives the tables."""
