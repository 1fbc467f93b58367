"""What a measure gives back, and the words for scores that mean nothing."""

from typing import NamedTuple

NAN = float("nan")
VOID = "void: no latent beats the permutation null"
ONE_CODE = "void: one code varies, so there is nothing for a factor to spread over"
ONE_FACTOR = "void: one factor only, so there is nothing to tell it from"


class Measured(NamedTuple):
    """What one measure found.

    Attributes:
        value: the score; NaN if it is not defined for this table.
        per_factor: by name of the factor, where the measure has it.
        per_code: of the codes as they were given, NaN for those that do not vary; or nothing.
        chance: what a code that holds nothing scores, where theory says.
        flags: what to know of this score, in words.
    """

    value: float
    per_factor: dict[str, float] = {}  # noqa: RUF012 (a NamedTuple's default is never mutated)
    per_code: tuple[float, ...] = ()
    chance: float | None = 0.0
    flags: tuple[str, ...] = ()
