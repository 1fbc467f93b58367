"""How the runs of an experiment are at one moment of their training, for the page and in words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from unknot.common.durations import duration_text

WAITING = "waiting"
TRAINING = "training"
SCORING = "being scored"
FINISHED = "finished"
STOPPED = "stopped"
FAILED = "failed"
STATES = (FINISHED, SCORING, TRAINING, WAITING, STOPPED, FAILED)
"""In the order in which they are counted."""


class Curve(NamedTuple):
    """Losses over training, in nats per image: the means between two steps.

    Attributes:
        steps: at which a line was logged.
        distortion: as many numbers.
        rate: likewise.
    """

    steps: tuple[int, ...]
    distortion: tuple[float, ...]
    rate: tuple[float, ...]


class Frame(NamedTuple):
    """Test images above their reconstructions, as one picture.

    Attributes:
        step: that had been taken.
        width: of the picture.
        height: likewise.
        address: a data address.
    """

    step: int
    width: int
    height: int
    address: str


class Pace(NamedTuple):
    """How fast a run has been over the last minute of its training, by the second."""

    steps: float
    images: float


@dataclass(frozen=True)
class LiveRun:
    """One run, at one look.

    Attributes:
        name: of its folder.
        title: its beta and seed.
        state: one of `WAITING`, `TRAINING`, `SCORING`, `FINISHED`, `FAILED` and `STOPPED`.
        status: how far it is in words, or why it failed.
        step: that it has come to.
        steps: that it is to take.
        pace: None where it is not known.
        kl: of each latent, in nats, the newest; empty before the first.
        curve: its losses.
        frame: its newest reconstructions; None where there are none.
    """

    name: str
    title: str
    state: str
    status: str
    step: int
    steps: int
    pace: Pace | None
    kl: tuple[float, ...]
    curve: Curve
    frame: Frame | None

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a JSON document."""
        document = asdict(self)
        document["curve"] = self.curve._asdict()
        document["frame"] = self.frame._asdict() if self.frame else None
        del document["pace"]
        return document


@dataclass(frozen=True)
class LiveExperiment:
    """All runs of an experiment, at one look.

    Attributes:
        runs: in the order of the description; none before it is written.
        is_finished: whether every run is finished or failed, and the report written since.
    """

    runs: tuple[LiveRun, ...]
    is_finished: bool

    @property
    def sentence(self) -> str:
        """How far all of it is, in words."""
        if not self.runs:
            return "The experiment has not begun."
        if self.is_finished:
            return f"All is done: {self._counts()}."
        text = self._counts()
        text = f"{text[0].upper()}{text[1:]}."
        if all(run.state in (FINISHED, FAILED) for run in self.runs):
            return f"{text} The answers are being worked out."
        left = self._seconds_left()
        return f"{text} About {duration_text(left)} of training left." if left else text

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a JSON document."""
        return {
            "sentence": self.sentence,
            "is_finished": self.is_finished,
            "runs": [run.as_dict() for run in self.runs],
        }

    def _counts(self) -> str:
        """Count the runs of each state, in words."""
        return counts_text([run.state for run in self.runs])

    def _seconds_left(self) -> float:
        """Tell how long the steps that are left take at the pace of all runs under way."""
        steps = sum(run.steps - run.step for run in self.runs if run.state in (WAITING, TRAINING))
        pace = sum(run.pace.steps for run in self.runs if run.pace and run.state == TRAINING)
        return steps / pace if pace else 0.0


def counts_text(run_states: Sequence[str]) -> str:
    """Count the runs of each state, in words: `3 of 12 runs are finished, 1 failed`.

    Args:
        run_states: one of `STATES` for each run, of one run at least.
    """
    counts = Counter(run_states)
    states = [state for state in STATES if counts[state]]
    if len(run_states) == 1:
        return f"the run {_verb(states[0], 1)}"
    first, *rest = (f"{counts[state]:,} {_verb(state, counts[state])}" for state in states)
    number, verb = first.split(" ", 1)
    return ", ".join([f"{number} of {len(run_states):,} runs {verb}", *rest])


def _verb(state: str, num: int) -> str:
    if state == FAILED:
        return state
    return f"{'is' if num == 1 else 'are'} {state}"
