"""The four questions that everyone asks of an experiment, each answered in plain words.

One file a question: `latents` (what does each latent do?), `axes` (are the latents special?),
`beta` (did a higher beta do it?), `which_beta` (which beta to take?). Of several objectives a fifth
is asked first: `objective` (which of them separates the latents most?).
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, NamedTuple

Verdict = Literal["yes", "no", "cannot tell"]
YES: Verdict = "yes"
NO: Verdict = "no"
CANNOT_TELL: Verdict = "cannot tell"

LATENTS, AXES, BETA, WHICH_BETA = "latents", "axes", "beta", "which_beta"
QUESTIONS = {
    LATENTS: "What does each latent do?",
    AXES: "Are the latents special, or would a random mix of them do as well?",
    BETA: "Did a higher beta do it?",
    WHICH_BETA: "Which beta should I take?",
}
"""Name of a question -> its words, in the order in which they are answered."""
OBJECTIVE = "objective"
QUESTION_OF_OBJECTIVES = "Which objective separates the latents most?"
"""Asked before the others where several were trained."""


@dataclass(frozen=True)
class Answer:
    """One question and its answer.

    Attributes:
        question: a key of `QUESTIONS`, or `objective`.
        answer: yes, no, or cannot tell.
        p_value: corrected for all that was tested for this question; None where it has none.
        effect: how large it is; what is measured stands with the question's function. None where it
            has none.
        basis: what it rests on, in words.
        runs: names of the runs that it rests on.
        sentence: the answer in plain words.
        next: what to do next; empty where there is nothing.
        command: that does it, as it stands in `next`; empty where there is none.
        is_of_beta: whether the strength that was compared is the weight of the rate, beta.
    """

    question: str
    answer: Verdict
    p_value: float | None
    effect: float | None
    basis: str
    runs: tuple[str, ...]
    sentence: str
    next: str
    command: str = ""
    is_of_beta: bool = True

    @property
    def question_text(self) -> str:
        """The question in words."""
        text = {**QUESTIONS, OBJECTIVE: QUESTION_OF_OBJECTIVES}[self.question]
        return text if self.is_of_beta else in_strengths(text)

    def of_strength(self) -> "Answer":
        """The same answer for another objective, whose strength is not called beta."""
        before, command, after = (
            self.next.partition(self.command) if self.command else (self.next, "", "")
        )
        return replace(
            self,
            sentence=in_strengths(self.sentence),
            next=f"{in_strengths(before)}{command}{in_strengths(after)}",
            is_of_beta=False,
        )

    def __str__(self) -> str:
        """The question, its answer, and what to do next, a line each."""
        following = f"\n  Next: {self.next}" if self.next else ""
        return f"{self.question_text}\n  {self.sentence}{following}"

    def as_dict(self) -> dict[str, Any]:
        """The fields for a JSON document."""
        return asdict(self) | {"runs": list(self.runs)}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "Answer":
        """Read back what `as_dict` gave."""
        return cls(**document | {"runs": tuple(document["runs"])})


def in_strengths(text: str) -> str:
    """Call beta a strength."""
    for beta, strength in (("betas", "strengths"), ("beta", "strength")):
        text = re.sub(rf"\b{beta}\b", strength, text)
        text = re.sub(rf"\b{beta.capitalize()}\b", strength.capitalize(), text)
    return text


class NextStep(NamedTuple):
    """What to do next.

    Attributes:
        sentence: in words; empty where there is nothing to do.
        command: that does it, as it stands in the sentence; empty where there is none.
    """

    sentence: str = ""
    command: str = ""


@dataclass(frozen=True)
class Commands:
    """How an experiment is made larger.

    Attributes:
        folder: of the experiment.
        has_source: whether its images can be found again by the command line; those that were given
            from Python cannot.
        objective: whose strengths are added; empty in an experiment of one objective.
        strengths: of the other objectives than beta_vae, which the command repeats.
    """

    folder: str
    has_source: bool
    objective: str = ""
    strengths: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def add_seeds(self, seeds: Sequence[int]) -> str:
        """Give the command that trains more seeds."""
        return self._add("seeds", list(map(str, seeds)))

    def add_betas(self, betas: Sequence[str]) -> str:
        """Give the command that trains more betas, or other strengths of the objective."""
        if self.objective not in self.strengths:
            return self._add("betas", betas)
        strengths = {**self.strengths, self.objective: betas}
        if self.has_source:
            typed = [f"{name}={','.join(values)}" for name, values in strengths.items()]
            return self._add("strengths", typed)
        written = (f"{name!r}: [{', '.join(values)}]" for name, values in strengths.items())
        folder = self.folder
        return f"unknot.compare(images, out={folder!r}, strengths={{{', '.join(written)}}}, ...)"

    def _add(self, what: str, values: Sequence[str]) -> str:
        if self.has_source:
            folder, config = shlex.quote(self.folder), shlex.quote(f"{self.folder}/experiment.toml")
            return f"unknot compare --config {config} --out {folder} --{what} {' '.join(values)}"
        return f"unknot.compare(images, out={self.folder!r}, {what}=[{', '.join(values)}], ...)"


def listed(words: Sequence[str], joint: str = "and") -> str:
    """Put words in a row: `a`, `a and b`, `a, b and c`."""
    return f" {joint} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def p_text(p_value: float) -> str:
    """Say a p-value as it is printed: `p < .001`, `p .012`, `p .34`."""
    if p_value < 0.001:
        return "p < .001"
    digits = f"{p_value:.3f}" if p_value < 0.1 else f"{p_value:.2f}"
    return f"p {digits.removeprefix('0')}"


def counted(number: int, unit: str) -> str:
    """Count things: `1 seed`, `3 seeds`."""
    return f"{number} {unit}{'s' * (number != 1)}"
