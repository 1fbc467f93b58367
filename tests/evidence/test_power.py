"""What an experiment can find, before it is trained."""

import pytest

from unknot.evidence.power import FACES_POWER, LEAST_SEEDS, power_at, power_sentence


def test_power_grows_with_the_seeds() -> None:
    assert [power_at(num) for num in (0, 1, 2)] == [0, 0, 0]
    assert min(FACES_POWER) == LEAST_SEEDS
    shares = [power_at(num) for num in range(3, 20)]
    assert shares == sorted(shares)
    assert power_at(6) == FACES_POWER[5]
    assert power_at(100) == FACES_POWER[8]


@pytest.mark.parametrize(
    ("looks", "num_seeds", "sentence"),
    [
        ((), 1, "1 seed of each beta can tell what each latent does and whether the latents are"),
        ((), 2, "that takes 3 seeds or more (--until-clear trains as many as it takes)"),
        ((), 3, f"in about {100 * FACES_POWER[3]:.0f} of 100 such experiments; 5 seeds in about "),
        ((), 8, f"in about {100 * FACES_POWER[8]:.0f} of 100 such experiments"),
        ((3, 5, 8), 0, "3, 5 or 8 seeds of each beta, until it is clear whether a higher beta did"),
    ],
)
def test_the_plan_says_what_it_can_find(
    looks: tuple[int, ...], num_seeds: int, sentence: str
) -> None:
    assert sentence in power_sentence(looks, num_seeds)
