"""Codes of several readers -> which test each is about, and all of them counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from unknot.common.errors import UserError
from unknot.evidence.answers import counted, p_text
from unknot.report.blind.answers import Answers, read_code
from unknot.report.blind.experiment import blind_tests
from unknot.report.blind.pooling import Count, PooledAnswers, pool
from unknot.report.blind.trials import LATENTS, BlindTest
from unknot.runs.run import Run


@dataclass(frozen=True)
class PooledCodes:
    """What the readers of an experiment's page answered.

    Attributes:
        tests: that somebody took.
        left_out: codes that are not counted, a sentence each.
    """

    tests: Sequence[PooledAnswers]
    left_out: Sequence[str]

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a JSON document."""
        return {"tests": [test.as_dict() for test in self.tests], "left_out": list(self.left_out)}


class _SortedCodes(NamedTuple):
    """Answers that are counted, each with the number of its code, and why others are not."""

    counted: dict[int, Answers]
    left_out: list[str]


def pool_codes(codes: Sequence[str], runs: Sequence[Run], seed: int) -> PooledCodes:
    """Count the answers of several readers.

    Args:
        codes: as the page gives them, or the links that end in them.
        runs: of the experiment, every beta of the first seed first.
        seed: of the blind test.

    Raises:
        UserError: if a code is damaged, or is not about these runs.
    """
    answers = _sort([read_code(code) for code in codes])
    by_test: list[tuple[BlindTest, list[Answers]]] = []
    missing = dict(answers.counted)
    for test in blind_tests(runs, seed):
        if not missing:
            break
        if isinstance(test, BlindTest):
            about = {i: given for i, given in missing.items() if _fits(given, test)}
            missing = {i: given for i, given in missing.items() if i not in about}
            if about:
                by_test.append((test, list(about.values())))
    if missing:
        raise UserError(
            f"code {min(missing)} is of another experiment, or its runs were trained again since; "
            "leave it out, or name the experiment that it belongs to"
        )
    return PooledCodes([pool(test, about) for test, about in by_test], answers.left_out)


def _fits(answers: Answers, test: BlindTest) -> bool:
    same_test = (answers.kind, answers.digest) == (test.kind, test.digest)
    return same_test and len(answers.chose_first) == len(test.trials)


def _sort(answers: Sequence[Answers]) -> _SortedCodes:
    """Keep every attempt once."""
    first: dict[tuple[str, int, int], int] = {}
    left_out = []
    for i, given in enumerate(answers, 1):
        earlier = first.setdefault((given.digest, given.reader, given.attempt), i)
        if earlier != i:
            same = given == answers[earlier - 1]
            what = "is the same as" if same else "is the same attempt of the same reader as"
            left_out.append(f"Code {i} {what} code {earlier}; it is counted once.")
    return _SortedCodes({i: answers[i - 1] for i in first.values()}, left_out)


def pooled_text(pooled: PooledCodes) -> str:
    """Lay the answers out as tables, and say what they mean."""
    parts = [_test_text(test) for test in pooled.tests]
    if len(parts) > 1:
        parts.append("Each p-value is of its own table alone; several tables are several chances.")
    return "\n\n".join([*parts, *(["\n".join(pooled.left_out)] if pooled.left_out else [])])


def _test_text(test: PooledAnswers) -> str:
    is_latents = test.kind == LATENTS
    question = "latent or random direction" if is_latents else "which changes fewer things"
    lines = [f"{test.title}: {question}? How often {test.chosen} was chosen:"]
    if test.pooled:
        lines += _table([*test.readers, test.pooled])
        lines += ["", "of each, p corrected for their number:", *_table(test.latents)]
    if test.repeats:
        lines += ["", "repeats on the same images, not in the sum:", *_table(test.repeats)]
    return "\n".join([*lines, "", _meaning(test)])


def _table(counts: Sequence[Count]) -> list[str]:
    width = max(len(each.what) for each in counts)
    return [
        f"  {each.what:{width}}  {each.chosen:3} of {each.num:3}  {p_text(each.p_value)}"
        for each in counts
    ]


def _meaning(test: PooledAnswers) -> str:
    """Say what came of the first attempts together."""
    if test.pooled is None:
        return "No first attempt is among the codes, so nothing is summed up."
    readers, p_value = counted(len(test.readers), "reader"), p_text(test.pooled.p_value)
    passes = test.pooled.p_value <= 0.05
    if test.kind == LATENTS:
        lead = "told" if passes else "gave no sign of telling"
        return f"Together, {readers} {lead} the latents from random directions ({p_value})."
    lead = f"preferred {_preferred(test, test.pooled)}" if passes else "showed no clear preference"
    return f"Together, {readers} {lead} ({p_value}); nobody is right or wrong here."


def _preferred(test: PooledAnswers, pooled: Count) -> str:
    return test.titles[2 * pooled.chosen > pooled.num]
