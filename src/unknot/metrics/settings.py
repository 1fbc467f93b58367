"""How thoroughly scores are held against chance: the one settings type of nulls and intervals.

It stands apart from `nulls`, which draws them, so that the command line can offer these settings
in its help without importing NumPy.
"""

from dataclasses import dataclass

from unknot.common.errors import UserError

MIN_POINTS = 100
MOST_POINTS = 10**9
MOST_DRAWS = 100_000  # p-values to the fifth decimal
SECONDS_OF_DRAW = 0.1  # of all metrics, at 100 points


@dataclass(frozen=True)
class NullSettings:
    """How many draws stand behind each null and each interval, and how large they are."""

    permutations: int = 20
    """How often the labels are permuted, to see what a score is by chance; 0 for never. 20 show a
    clear finding; 100 give finer p-values."""
    rotations: int = 20
    """How often the codes are rotated at random, to see whether the axes matter; 0 for never."""
    subsamples: int = 20
    """How many random subsets of the points stand behind each 95% interval; 0 for no interval."""
    max_points: int = 1_000
    """Each draw uses at most so many points. More are steadier and slower; at least 100."""

    def __post_init__(self) -> None:
        """Refuse numbers of draws or of points that cannot be.

        Raises:
            UserError: names the first of them, and the least or the most that it can be.
        """
        for name in ("permutations", "rotations", "subsamples"):
            if getattr(self, name) > MOST_DRAWS:
                hours = getattr(self, name) * SECONDS_OF_DRAW / 3_600
                raise UserError(
                    f"{name} is {getattr(self, name)}; even at {SECONDS_OF_DRAW:g} s each they "
                    f"take {hours:,.0f} hours: give {MOST_DRAWS:,} at most"
                )
        least = {"permutations": 0, "rotations": 0, "subsamples": 0, "max_points": MIN_POINTS}
        for name, lowest in least.items():
            value = getattr(self, name)
            if value < lowest:
                raise UserError(f"{name} is {value}; it must be at least {lowest}")
        if self.max_points > MOST_POINTS:
            raise UserError(f"max_points is {self.max_points}; it must be at most {MOST_POINTS:,}")


DEFAULT_NULLS = NullSettings()
NO_NULLS = NullSettings(permutations=0, rotations=0, subsamples=0)
"""Scores alone, without nulls and intervals."""
