"""Where an experiment runs."""

from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.config.execution import ExecutionConfig, from_toml_with_execution
from unknot.config.experiment import ExperimentConfig


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ExecutionConfig()),
        (
            'out = "o"\ndevice = "cpu"\nworkers = 2\nstack_runs = 3\nengine = "inline"\n',
            ExecutionConfig(out="o", device="cpu", workers=2, stack_runs=3, engine="inline"),
        ),
        ("detach = true\n", ExecutionConfig(detach=True)),
        ("together = 4\n", ExecutionConfig(stack_runs=4)),
        (
            'scores = "none"\npictures = "none"\n',
            ExecutionConfig(scores="none", pictures="none"),
        ),
        (
            '[engine]\nname = "local"\nnice = 5\n',
            ExecutionConfig(engine="local", engine_options={"nice": 5}),
        ),
        ("[engine]\nnice = 5\n", ExecutionConfig(engine="local", engine_options={"nice": 5})),
    ],
    ids=[
        "nothing",
        "everything",
        "detached",
        "together of 0.1.0",
        "no products",
        "a table",
        "a table without a name",
    ],
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
        ("scores = 'ful'", "scores is 'ful'; it can be none, quick"),
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


def test_what_is_made_of_a_run() -> None:
    assert ExecutionConfig().products.has_scores
    bare = ExecutionConfig(scores="none", pictures="none").products
    assert not bare.has_scores
    assert not bare.has_pictures
    with pytest.raises(UserError, match="pictures is 'some'; it can be none, all"):
        ExecutionConfig(pictures="some")  # type: ignore[arg-type]
