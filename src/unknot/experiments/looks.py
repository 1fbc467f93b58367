"""Seeds in looks: train some of each beta, ask whether the answer is clear, and go on if not."""

import time
from dataclasses import replace

from unknot.common.durations import duration_text, parse_duration
from unknot.common.progress import Say
from unknot.config.experiment import ExperimentConfig
from unknot.evidence.answers import BETA, YES, counted, p_text
from unknot.evidence.evidence import Evidence
from unknot.evidence.preregistration import RULE, looks_of_plan


class Looks:
    """Which seeds are trained next, and whether any more are.

    Args:
        config: of the experiment, with the seeds that are there already.
        tell: called with a line at every look.
    """

    def __init__(self, config: ExperimentConfig, tell: Say | None = None) -> None:
        plan = looks_of_plan(config.looks, len(config.betas), RULE.level)
        self._config, self._tell = config, tell
        self._numbers = [look["seeds"] for look in plan if look["level"] > 0]
        self._began, self._at_start = time.monotonic(), len(config.seeds)

    def first(self) -> ExperimentConfig:
        """Give the experiment with the seeds of the first look that is not behind it."""
        return self._up_to(self._next_number(len(self._config.seeds)))

    def after(self, config: ExperimentConfig, evidence: Evidence | None) -> ExperimentConfig | None:
        """Give the experiment with the seeds of the next look; None where there is no more to do.

        Args:
            config: as it was just trained.
            evidence: of it; None where no run is finished.
        """
        num = len(config.seeds)
        so_far = f"after {counted(num, 'seed')} of each beta it is"
        following = self._next_number(num + 1)
        if evidence is None:
            return None
        answer = evidence.answer(BETA)
        p_value = f" ({p_text(answer.p_value)})" if answer.p_value is not None else ""
        if answer.answer == YES:
            self._say(f"{so_far} clear{p_value}")
            return None
        if following <= num:
            self._say(f"{so_far} not clear{p_value}, and no more were planned")
            return None
        expected = self._seconds_of(following - num, num)
        if self._is_beyond_budget(expected):
            self._say(
                f"{so_far} not clear{p_value}, and the budget of {config.budget} is too short for "
                f"{following} seeds"
            )
            return None
        larger = self._up_to(following)
        more = " ".join(map(str, larger.seeds[num:]))
        about = f", about {duration_text(expected)}" if expected else ""
        self._say(f"{so_far} not clear yet{p_value}; next come seeds {more}{about}")
        return larger

    def _next_number(self, least: int) -> int:
        """Seeds at the first look that has so many; those of the last where none has."""
        return next((n for n in self._numbers if n >= least), max([*self._numbers, least - 1, 1]))

    def _up_to(self, num: int) -> ExperimentConfig:
        return replace(self._config, seeds=self._config.seeds_up_to(num))

    def _seconds_of(self, more: int, num: int) -> float:
        """How long so many more seeds take, at the pace so far; 0 where none was trained yet."""
        trained = num - self._at_start
        return (time.monotonic() - self._began) / trained * more if trained > 0 else 0.0

    def _is_beyond_budget(self, expected: float) -> bool:
        if not self._config.budget:
            return False
        spent = time.monotonic() - self._began
        return spent + expected > parse_duration("budget", self._config.budget)

    def _say(self, line: str) -> None:
        if self._tell:
            self._tell(line)
