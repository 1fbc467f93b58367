"""How often an effect is found: what an experiment can tell, before it is trained."""

from collections.abc import Sequence

from unknot.evidence.answers import counted, listed

LEAST_SEEDS = 3  # with fewer, seeds cannot be told from beta
FACES_POWER = {3: 0.77, 4: 0.79, 5: 0.81, 8: 0.86}
"""Seeds of each beta -> share of simulated experiments made like the built-in faces, of three
betas, in which the effect of the highest is found, where its size varies among experiments: "as on
the faces, varying" of `python benchmarks/evidence.py`."""


def power_at(num_seeds: int) -> float:
    """Look up how often an effect like that on the built-in faces is found; 0 below three seeds.

    Args:
        num_seeds: of each beta; between those of the table, the smaller one counts.
    """
    return max((share for seeds, share in FACES_POWER.items() if seeds <= num_seeds), default=0.0)


def power_sentence(looks: Sequence[int], num_seeds: int) -> str:
    """Say what so many seeds can find.

    Args:
        looks: numbers of seeds at which it is asked; empty where it is asked once.
        num_seeds: of each beta, where it is asked once.
    """
    if looks:
        seeds = listed([str(look) for look in looks], "or")
        return (
            f"{seeds} seeds of each beta, until it is clear whether a higher beta did it; an "
            "effect as large as that on the built-in faces is found in about "
            f"{_percent(power_at(looks[-1]))} of 100 such experiments"
        )
    if num_seeds < LEAST_SEEDS:
        return (
            f"{counted(num_seeds, 'seed')} of each beta can tell what each latent does and whether "
            f"the latents are special, but not whether a higher beta did it: that takes "
            f"{LEAST_SEEDS} seeds or more (--until-clear trains as many as it takes)"
        )
    sentence = (
        f"{num_seeds} seeds of each beta would find an effect as large as that on the built-in "
        f"faces in about {_percent(power_at(num_seeds))} of 100 such experiments"
    )
    more = next((seeds for seeds in (5, 8) if seeds > num_seeds), None)
    return f"{sentence}; {more} seeds in about {_percent(power_at(more))}" if more else sentence


def _percent(share: float) -> int:
    return round(100 * share)
