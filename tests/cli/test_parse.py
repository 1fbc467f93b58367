"""What the parser refuses: one line that names the option, what was typed, and what it takes."""

import contextlib
import io

import pytest
import tyro
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.command_line import fails
from unknot.cli import COMMANDS, main
from unknot.cli.parse import parse_options
from unknot.cli.score import ScoreOptions
from unknot.common.errors import UserError

REFUSED = {
    "report": "EXPERIMENT must be given (unknot report --help)",
    "encode": "RUN and DATA must be given (unknot encode --help)",
    "report --nix": "unknot report has no option '--nix' (unknot report --help)",
    "train --latent-dims 3": "unknot train has no option '--latent-dims'; did you mean "
    "--latent-dim? (unknot train --help)",
    "compare -x": "unknot compare has no option '-x' (unknot compare --help)",
    "train a b": "'b' is one argument too many (unknot train --help)",
    "train --latent-dim x": "--latent-dim is 'x'; it takes a whole number (unknot train --help)",
    "train --latent_dim=1.5": "--latent-dim is '1.5'; it takes a whole number (unknot train "
    "--help)",
    "train --steps --json": "--steps has no value; it takes a whole number (unknot train --help)",
    "train --steps a --steps b": "--steps is 'b'; it takes a whole number (unknot train --help)",
    "train --sigma x": "--sigma is 'x'; it takes a number (unknot train --help)",
    "train --color blue": "--color is 'blue'; it takes one of auto, rgb, grey, rgba (unknot train "
    "--help)",
    "compare --betas -inf x": "--betas is '-inf' 'x'; it takes numbers or auto (unknot compare "
    "--help)",
    "compare --seeds 1.5": "--seeds is '1.5'; it takes whole numbers (unknot compare --help)",
    "traverse x --range 1": "--range is '1'; it takes 2 numbers (unknot traverse --help)",
    "latent a b": "LATENT is 'b'; it takes a whole number (unknot latent --help)",
    "data --tyro-print-completion bash": "unknot data has no option '--tyro-print-completion'",
    "report a\0b": r"'a\x00b' holds a character that no name can have (unknot report --help)",
    "report \ud800": r"'\ud800' holds a character that no name can have (unknot report --help)",
}
NASTY = ("", " ", "-", "--", "-1", "nan", "-inf", "9" * 5_000, "٣", "x" * 300, "a\0b", "\ud800")
WORDS = (
    "--latent-dim",
    "--betas",
    "--seeds",
    "--size",
    "--color",
    "--out",
    "--json",
    "--format",
    "--range",
    "--workers",
    "--config",
    "--permutations",
    "--labels",
    "--port",
    "--open",
    "--nix",
    "-x",
    "--steps=1",
    "1",
    "2.5",
    "auto",
    "faces",
)
MISSING = "no_such_place/"  # whatever is accepted, nothing is opened or written
TRAINING = ("compare", "train", "suggest-betas", "reproduce", "data", "cache", "doctor", "watch")


@pytest.mark.parametrize("typed", REFUSED)
def test_what_is_wrong_is_said_in_one_line(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert fails(typed.split(" "), capsys) == f"error: {REFUSED[typed]}"


def test_endless_lists_are_refused_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    line = fails(["compare", "--betas", *map(str, range(1_000_000))], capsys)
    assert "1,000,001 words are typed, more than 20,000; long lists stand in a file" in line


def test_endless_values_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    line = fails(["train", "--steps", "9" * 5_000], capsys)
    assert "9 [4,802 more] 9" in line
    assert len(line) < 400


def test_without_the_hook_the_box_is_put_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(tyro, "_errors")
    with pytest.raises(UserError) as refused:
        parse_options("score", ScoreOptions, ["x", "--latent-dim"], tyro.MISSING_NONPROP)
    line = str(refused.value)
    assert line.startswith("Unrecognized options Unrecognized options: --latent-dim")
    assert line.endswith("For full helptext, run unknot score --help")
    assert line.isprintable()


def test_an_event_that_is_not_known_is_left_to_tyro(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unknot.cli.parse.Refusal._refuse", lambda self, problem: None)
    with pytest.raises(UserError, match="Missing from unknot score: FILE"):
        parse_options("score", ScoreOptions, [], tyro.MISSING_NONPROP)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(set(COMMANDS) - {*TRAINING})),
    st.lists(
        st.one_of(st.sampled_from([*NASTY, *WORDS]), st.text(max_size=8).map(MISSING.__add__)),
        max_size=5,
    ),
)
@example("evaluate", [])
def test_random_words_give_one_line(command: str, words: list[str]) -> None:
    """Of the commands that read a run or a file, which is not there."""
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        try:
            status = main([command, *words, "--quiet"])
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
    assert status in (0, 2)
    lines = errors.getvalue().splitlines()
    assert len(lines) == (status == 2), lines
    assert all(line.isprintable() and line.startswith("error: ") for line in lines)
