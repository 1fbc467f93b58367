"""Values that a configuration refuses."""

from collections.abc import Callable

import pytest

from unknot.common.errors import UserError
from unknot.config.checks import check_processes, gigabytes
from unknot.config.execution import ExecutionConfig
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import DataConfig, ModelConfig, TrainingConfig
from unknot.config.run import RunConfig


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DataConfig(source=" "), "source is empty"),
        (lambda: DataConfig(size=27), "size is 27"),
        (lambda: DataConfig(color="blue"), "color is 'blue'; it can be auto, rgb, grey or rgba"),
        (lambda: ModelConfig(latent_dim=0), "latent_dim is 0; it must be at least 1"),
        (lambda: ModelConfig(sigma=0), "sigma is 0"),
        (lambda: ModelConfig(sigma=float("nan")), "sigma is nan"),
        (lambda: ModelConfig(sigma=1e300), "sigma is 1e+300; it must be from 1e-15 to 1e+15"),
        (lambda: check_processes(10**9), "workers is 1,000,000,000: so many processes take about "),
        (lambda: check_processes(0), "workers is 0; it must be at least 1"),
        (lambda: ModelConfig(likelihood="bernoulli"), "set standardize to unit"),
        (lambda: ModelConfig(likelihood="gauss"), "did you mean 'gaussian'?"),
        (lambda: ModelConfig(network="conv"), "network is 'conv'"),
        (lambda: TrainingConfig(objective="betavae"), "did you mean 'beta_vae'?"),
        (lambda: TrainingConfig(recipe="papers"), "recipe is 'papers'"),
        (lambda: TrainingConfig(data_parallel="on"), "data_parallel is 'on'; it can be auto, off"),
        (lambda: TrainingConfig(precision="float16"), "precision is 'float16'"),
        (lambda: TrainingConfig(steps=0), "steps is 0"),
        (lambda: TrainingConfig(steps=10**18), "they take 3,170,979 years; give fewer"),
        (lambda: TrainingConfig(batch_size=2**63), "at most 9,223,372,036,854,775,807"),
        (lambda: ExperimentConfig(seeds=tuple(range(50_000)), betas=(1, 2, 4)), "they take 2 days"),
        (lambda: ExperimentConfig(until_clear=True, max_seeds=10**9), "4,000,000,000 runs"),
        (lambda: TrainingConfig(batch_size=0), "batch_size is 0"),
        (lambda: TrainingConfig(learning_rate=-1.0), "learning_rate is -1.0"),
        (lambda: TrainingConfig(adam_beta2=1.0), "adam_beta2 is 1.0"),
        (lambda: TrainingConfig(log_every=0), "log_every is 0"),
        (lambda: TrainingConfig(beta_warmup=-1), "beta_warmup is -1"),
        (lambda: RunConfig(beta=float("inf")), "beta is inf"),
        (lambda: RunConfig(seed=-1), "seed is -1"),
        (lambda: RunConfig(seed=2**63), "from 0 to 2"),
        (lambda: ExperimentConfig(betas=()), "betas is empty"),
        (lambda: ExperimentConfig(seeds=(1, 1)), "seeds names a value twice: 1 1"),
        (lambda: ExecutionConfig(workers=0), "workers is 0"),
        (lambda: ExecutionConfig(stack_runs=0), "stack_runs is 0"),
    ],
)
def test_impossible_values_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(UserError) as caught:
        make()
    assert message in str(caught.value)


def test_sizes_are_written_as_people_write_them() -> None:
    assert [gigabytes(size) for size in (5e8, 2.44e10, 1e15)] == ["0.5 GB", "24 GB", "1,000,000 GB"]
