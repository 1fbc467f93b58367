"""The answers of several readers to the same blind test, counted."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scipy.stats import binomtest

from unknot.evidence.corrections import holm
from unknot.report.blind.answers import Answers
from unknot.report.blind.trials import LATENTS, BlindTest, Kind


@dataclass(frozen=True)
class Count:
    """How often the first strip was chosen, and how likely that is by guessing.

    Attributes:
        what: that is counted, in words.
        chosen: trials in which the latent was chosen, or the second run of two.
        num: trials in all.
        p_value: exact: of at least as many by guessing; where there is no right or wrong, of a
            preference at least as strong to either side.
    """

    what: str
    chosen: int
    num: int
    p_value: float


@dataclass(frozen=True)
class PooledAnswers:
    """What several readers answered to one test.

    Attributes:
        title: what the test is about.
        titles: of the runs that decode the first and the second strip.
        kind: of the test.
        chosen: what is counted as chosen, in words.
        readers: first attempts, one count each.
        pooled: all first attempts together; None where there are none.
        latents: the same of each latent or pair of latents, with p-values corrected for their
            number (Holm 1979).
        repeats: later attempts, which are not pooled.
    """

    title: str
    titles: tuple[str, str]
    kind: Kind
    chosen: str
    readers: Sequence[Count]
    pooled: Count | None
    latents: Sequence[Count]
    repeats: Sequence[Count]

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a JSON document."""
        return asdict(self)


def count(kind: Kind, what: str, chosen: int, num: int) -> Count:
    """Count choices, with the exact binomial p-value against guessing.

    Args:
        kind: of the test.
        what: is counted, in words.
        chosen: how often the latent, or the second run, was chosen.
        num: of how many trials.
    """
    alternative = "greater" if kind == LATENTS else "two-sided"
    p_value = float(binomtest(chosen, num, 0.5, alternative=alternative).pvalue)
    return Count(what=what, chosen=chosen, num=num, p_value=p_value)


def pool(test: BlindTest, answers: Sequence[Answers]) -> PooledAnswers:
    """Count the answers to one test; every reader's first attempt counts once.

    Sides are drawn for each trial when it begins. So a reader who only guesses is right in half of
    the trials, whatever the pictures, each trial independent of the others; and so are several
    readers who only guess. The pooled p-value is exact for that.

    Args:
        test: that was asked.
        answers: to it, one for each attempt.

    Raises:
        ValueError: if answers are of another test.
    """
    if any(given.digest != test.digest for given in answers):
        raise ValueError("answers to another test")
    names = {reader: f"reader {i + 1}" for i, reader in enumerate(_readers(answers))}
    first = [given for given in answers if given.attempt == 1]
    return PooledAnswers(
        title=test.title,
        titles=test.titles,
        kind=test.kind,
        chosen="the latent" if test.kind == LATENTS else test.titles[1],
        readers=[_count_all(test, names[given.reader], [given]) for given in first],
        pooled=_count_all(test, "all first attempts", first) if first else None,
        latents=_by_latent(test, first) if first else [],
        repeats=[
            _count_all(test, f"{names[given.reader]}, attempt {given.attempt}", [given])
            for given in answers
            if given.attempt > 1
        ],
    )


def _readers(answers: Sequence[Answers]) -> list[int]:
    return list(dict.fromkeys(given.reader for given in answers))


def _choices(test: BlindTest, given: Answers) -> list[bool]:
    """Whether the latent was chosen in each trial, or the second run."""
    wants_first = test.kind == LATENTS
    return [chose_first == wants_first for chose_first in given.chose_first]


def _count_all(test: BlindTest, what: str, answers: Sequence[Answers]) -> Count:
    choices = [choice for given in answers for choice in _choices(test, given)]
    return count(test.kind, what, sum(choices), len(choices))


def _by_latent(test: BlindTest, answers: Sequence[Answers]) -> list[Count]:
    """Count the choices of each latent, or pair of latents, in the order of the trials."""
    choices: dict[tuple[int, int | None], list[bool]] = {}
    for given in answers:
        for trial, choice in zip(test.trials, _choices(test, given)):
            choices.setdefault((trial.latent, trial.partner), []).append(choice)
    counts = [
        count(test.kind, _name(test, latent, partner), sum(chosen), len(chosen))
        for (latent, partner), chosen in sorted(choices.items(), key=lambda item: item[0][0])
    ]
    corrected = holm([each.p_value for each in counts])
    return [
        Count(what=each.what, chosen=each.chosen, num=each.num, p_value=float(p_value))
        for each, p_value in zip(counts, corrected)
    ]


def _name(test: BlindTest, latent: int, partner: int | None) -> str:
    if partner is None:
        return f"latent {latent}"
    correlation = test.correlations[latent, partner]
    return f"latents {latent} and {partner} (correlation {correlation:.2f})"
