"""What an experiment is: defaults, checks, names, and what earlier versions wrote."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unknot.common.errors import UserError
from unknot.common.toml import first_difference, from_toml, to_toml
from unknot.config import (
    DataConfig,
    ExecutionConfig,
    ExperimentConfig,
    ModelConfig,
    RunConfig,
    TrainingConfig,
    beta_text,
    from_toml_with_execution,
)


def test_toml_comes_back_as_it_went(tmp_path: Path) -> None:
    config = ExperimentConfig(
        betas=(0.1, 4.0),
        seeds=(0, 3),
        data=DataConfig(source='a "quoted" <b>/päth', crop="148"),
        model=ModelConfig(latent_dim=3, sigma=0.5),
        training=TrainingConfig(steps=7, objective_options={"gamma": 2.0}),
    )
    path = tmp_path / "experiment.toml"
    path.write_text(to_toml(config), encoding="utf-8")
    assert from_toml(ExperimentConfig, path) == config


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text("betas = [1, 2]\n[data]\ncrop = 148\n")
    config = from_toml(ExperimentConfig, path)
    assert config.betas == (1.0, 2.0)
    assert config.data.crop == "148"
    assert config.model == ModelConfig()


@pytest.mark.parametrize(
    ("text", "size"), [("64", 64), ("'64x64'", 64), ("'96x128'", "96x128"), ("256", 256)]
)
def test_a_size_is_a_number_or_height_x_width(text: str, size: int | str, tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text(f"[data]\nsize = {text}\n")
    config = from_toml(ExperimentConfig, path)
    assert config.data.size == size
    path.write_text(to_toml(config))
    assert from_toml(ExperimentConfig, path) == config
    assert f"size = {size!r}".replace("'", '"') in path.read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("beta = [1]", "unknown key 'beta'; did you mean 'betas'?"),
        ("[model]\nlatent = 3", "unknown key 'latent'"),
        ("[data]\nsize = 64.5", "size is 64.5; give a whole number of pixels from 28 to 256, or"),
        ("[data]\nsize = [96, 128]", "size is [96, 128]; give"),
        ("[data]\nsize = '96x128'\ncrop = 90", "with this size crop can be auto or none"),
        ("[model]\nlatent_dim = 'six'", "must be a whole number"),
        ("[model]\nlatent_dim = 2.5", "must be a whole number"),
        ("betas = 3", "give a list"),
        ("betas = [true]", "must be a number"),
        ("model = 3", "must be a table"),
        ("betas = [1", "not valid TOML"),
        ("betas = [-1]", "beta is -1.0"),
        ("betas = [nan]", "beta is nan"),
        ("[training]\nobjective_options = 3", "must be a table"),
        ("[training]\nmode = 'fast'", "training.mode is 'fast'; it can be auto, eager, compiled"),
    ],
)
def test_bad_toml_is_one_clear_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        from_toml(ExperimentConfig, path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("mode", "expected"), [("auto", "auto"), ("eager", "off"), ("compiled", "off")]
)
def test_a_mode_of_version_0_1_is_read(mode: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'beta = 2.0\n[training]\nmode = "{mode}"\nsteps = 5\n')
    assert from_toml(RunConfig, path) == RunConfig(
        beta=2.0, training=TrainingConfig(steps=5, data_parallel=expected)
    )


def test_a_recipe_is_a_default_that_options_replace() -> None:
    assert TrainingConfig(recipe="higgins").optimization().learning_rate == 1e-4
    assert TrainingConfig(recipe="higgins", steps=5).optimization().steps == 5
    resolved = TrainingConfig(recipe="higgins").resolved()
    assert resolved.batch_size == 64
    assert resolved.resolved() == resolved


def test_a_recipes_warmup_of_beta_takes_at_most_half_of_a_run() -> None:
    assert TrainingConfig(steps=1000).resolved().beta_warmup == 300
    assert TrainingConfig(steps=100).resolved().beta_warmup == 50
    assert TrainingConfig(steps=100, beta_warmup=90).resolved().beta_warmup == 90
    assert TrainingConfig(beta_warmup=0).resolved().beta_warmup == 0
    assert TrainingConfig(recipe="higgins").resolved().beta_warmup == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DataConfig(source=" "), "source is empty"),
        (lambda: DataConfig(size=27), "size is 27"),
        (lambda: DataConfig(color="blue"), "color is 'blue'; it can be auto, rgb, grey or rgba"),
        (lambda: ModelConfig(latent_dim=0), "latent_dim is 0; it must be at least 1"),
        (lambda: ModelConfig(sigma=0), "sigma is 0"),
        (lambda: ModelConfig(sigma=float("nan")), "sigma is nan"),
        (lambda: ModelConfig(likelihood="bernoulli"), "set standardize to unit"),
        (lambda: ModelConfig(likelihood="gauss"), "did you mean 'gaussian'?"),
        (lambda: ModelConfig(network="conv"), "network is 'conv'"),
        (lambda: TrainingConfig(objective="betavae"), "did you mean 'beta_vae'?"),
        (lambda: TrainingConfig(recipe="papers"), "recipe is 'papers'"),
        (lambda: TrainingConfig(data_parallel="on"), "data_parallel is 'on'; it can be auto, off"),
        (lambda: TrainingConfig(precision="float16"), "precision is 'float16'"),
        (lambda: TrainingConfig(steps=0), "steps is 0"),
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


def test_a_network_of_the_users_own_has_a_name_too() -> None:
    assert ModelConfig(network="custom").network == "custom"


GRID: dict[str, Any] = {
    "betas": (1.0, 4.0),
    "objectives": ("beta_vae", "beta_tcvae"),
    "strengths": {"beta_tcvae": (10.0, 35.0)},
}


def test_a_grid_is_objective_by_strength_by_seed() -> None:
    config = ExperimentConfig(**GRID, seeds=(0, 1))
    assert [run.name for run in config.runs()] == [
        "beta-1_seed-0",
        "beta-4_seed-0",
        "beta_tcvae-10_seed-0",
        "beta_tcvae-35_seed-0",
        "beta-1_seed-1",
        "beta-4_seed-1",
        "beta_tcvae-10_seed-1",
        "beta_tcvae-35_seed-1",
    ]
    assert [run.setting for run in config.runs()][1:3] == ["beta 4", "beta_tcvae 10"]


def test_each_objective_of_a_grid_has_options_of_its_own() -> None:
    training = TrainingConfig(objective_options={"beta_tcvae": {"alpha": 2.0}})
    first, second = ExperimentConfig(**GRID, training=training).rows()
    assert (first.training.objective, first.training.objective_options) == ("beta_vae", {})
    assert second.training.objective_options == {"alpha": 2.0}
    assert (second.betas, second.objectives, second.strengths) == ((10.0, 35.0), (), {})


def test_a_grid_comes_back_from_toml(tmp_path: Path) -> None:
    config = ExperimentConfig(**GRID)
    (tmp_path / "e.toml").write_text(to_toml(config))
    assert from_toml(ExperimentConfig, tmp_path / "e.toml") == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objectives": ()}, "strengths are given for beta_tcvae, but no objectives"),
        ({"strengths": {}}, "no strengths are given for the objective beta_tcvae; give them"),
        ({"strengths": {"beta_tcvae": ()}}, "the strengths of beta_tcvae are ()"),
        ({"strengths": {"beta_tcvae": (1.0, 1.0)}}, "each of them once"),
        ({"strengths": {"beta_tcvae": (-1.0,)}}, "a strength of beta_tcvae is -1.0"),
        ({"strengths": {"beta_vae": (1.0,)}}, "the strengths of beta_vae are its betas"),
        ({"strengths": {"capacity": (1.0,)}}, "given for capacity, which is not among"),
        ({"objectives": ("beta_vae", "beta_vae")}, "objectives names one twice"),
        ({"objectives": ("betavae",)}, "objective is 'betavae'; did you mean"),
        ({"until_clear": True}, "until_clear asks about the betas of one objective"),
        (
            {"training": TrainingConfig(objective="capacity")},
            "objective is capacity, which is not among the objectives",
        ),
        (
            {"training": TrainingConfig(objective_options={"estimator": "exact"})},
            "with several objectives it holds a table for each of them",
        ),
    ],
)
def test_a_grid_that_cannot_be_is_one_clear_line(changes: dict, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        ExperimentConfig(**GRID | changes)


def test_run_names() -> None:
    names = [RunConfig(beta=b).name for b in (0.1, 2.0, 10.0, 1e-7)]
    assert names == ["beta-0.1_seed-0", "beta-2_seed-0", "beta-10_seed-0", "beta-1e-07_seed-0"]
    assert beta_text(1e38) == "1e+38"


def test_every_beta_of_the_first_seed_comes_first() -> None:
    config = ExperimentConfig(betas=(1.0, 2.0), seeds=(0, 3), model=ModelConfig(latent_dim=2))
    runs = config.runs()
    assert [(run.beta, run.seed) for run in runs] == [(1, 0), (2, 0), (1, 3), (2, 3)]
    assert all(run.model.latent_dim == 2 for run in runs)


def test_first_difference_names_the_field() -> None:
    old, new = RunConfig(), RunConfig(model=ModelConfig(latent_dim=3))
    assert first_difference(old, new) == "latent_dim is 6 there and 3 here"
    assert first_difference(old, old) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ExecutionConfig()),
        (
            'out = "o"\ndevice = "cpu"\nworkers = 2\nstack_runs = 3\nengine = "inline"\n',
            ExecutionConfig(out="o", device="cpu", workers=2, stack_runs=3, engine="inline"),
        ),
        ("together = 4\n", ExecutionConfig(stack_runs=4)),
        (
            '[engine]\nname = "local"\nnice = 5\n',
            ExecutionConfig(engine="local", engine_options={"nice": 5}),
        ),
        ("[engine]\nnice = 5\n", ExecutionConfig(engine="local", engine_options={"nice": 5})),
    ],
    ids=["nothing", "everything", "together of 0.1.0", "a table", "a table without a name"],
)
def test_a_file_may_also_say_where_to_run(
    text: str, expected: ExecutionConfig, tmp_path: Path
) -> None:
    path = tmp_path / "e.toml"
    path.write_text(f"betas = [3]\n{text}")
    config, execution = from_toml_with_execution(ExperimentConfig, path)
    assert config == ExperimentConfig(betas=(3.0,))
    assert execution == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("workers = 0", "workers is 0"),
        ("workers = 'all'", "workers is 'all'; it must be a whole number"),
        ("worker = 2", "unknown key 'worker'"),
    ],
)
def test_a_place_that_cannot_be_is_one_clear_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        from_toml_with_execution(ExperimentConfig, path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_seeds_grow_look_by_look() -> None:
    config = ExperimentConfig(seeds=(0, 4), until_clear=True, max_seeds=6)
    assert config.looks == (3, 5, 6)
    assert config.seeds_up_to(3) == (0, 4, 1)
    assert config.planned_seeds == (0, 4, 1, 2, 3, 5)
    once = ExperimentConfig(seeds=(0, 4))
    assert (once.looks, once.planned_seeds) == ((), (0, 4))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_seeds": 1}, "max_seeds is 1; it must be at least 2"),
        ({"budget": "soon"}, "budget is 'soon'; give a time such as 2h"),
        ({"until_clear": True, "seeds": tuple(range(9))}, "max_seeds is 8, but 9 seeds are given"),
    ],
)
def test_looks_that_cannot_be_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        ExperimentConfig(**changes)
