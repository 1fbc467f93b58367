"""The command line: a thin skin over the public names.

`train`, `cancel`, `evaluate`, `score`, `blind`, `inspect`, `look`, `watch`, `reproduce`, `doctor`
hold the commands: for each a dataclass of what can be typed, made from `options`, and a function of
it, which gives text for a person and a document for `--json`. torch, NumPy and matplotlib are
imported inside those functions, so that help and errors answer at once. `renamed` knows the words
of earlier versions.
"""

import os
import sys
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from unknot import __version__
from unknot.common.errors import Interrupted, RunsFailedError, UserError, explain_failure
from unknot.common.interruption import WORDS, interrupted_status, signals_raised
from unknot.common.text import escape_output, json_text, on_one_line, printable_lines, shortened

EXIT_USER, EXIT_FAULT = 2, 1


class Command(NamedTuple):
    """One command.

    Attributes:
        module: that holds it.
        options: the dataclass of what can be typed.
        function: of these options; gives text and a document for `--json`.
        summary: a line for the overview.
    """

    module: str
    options: str
    function: str
    summary: str


def _command(module: str, name: str, summary: str) -> Command:
    parts = name.split("-")
    return Command(
        module=f"unknot.cli.{module}",
        options="".join(word.capitalize() for word in parts) + "Options",
        function="_".join(parts) + "_command",
        summary=summary,
    )


COMMANDS = {
    name: _command(module, name, summary)
    for module, name, summary in (
        ("train", "compare", "Train every beta and seed, and write the report: the main job."),
        ("train", "train", "Train one run."),
        ("cancel", "cancel", "Stop the runs that are in a cluster's queue, with everything saved."),
        ("train", "suggest-betas", "Say which betas can matter on these images, before training."),
        (
            "evaluate",
            "evaluate",
            "Score the codes of runs in full, beside chance and with intervals.",
        ),
        (
            "evaluate",
            "evidence",
            "Answer what latents do, whether a higher beta did it, and which to take.",
        ),
        ("blind", "blind", "Put the answers of several readers to the blind test together."),
        ("score", "score", "Score a file of codes: of `unknot encode`, or from any other model."),
        ("inspect", "encode", "Write the codes of images: posterior means and log variances."),
        ("look", "latent", "Show what one latent of a run does: its card in the browser."),
        (
            "inspect",
            "traverse",
            "Draw what changes when one latent is moved and the others are held.",
        ),
        ("inspect", "reconstruct", "Draw a run's reconstructions over training."),
        ("inspect", "report", "Write an experiment's page again."),
        ("status", "status", "Tell how far every run of an experiment is, from its folder alone."),
        ("table", "table", "Write one table of all runs of an experiment: csv or parquet."),
        ("watch", "watch", "Serve the page of an experiment while its runs train."),
        ("inspect", "export", "Write a run's networks for other programs, with a model card."),
        ("inspect", "data", "Look at a data set: counts, sizes, problems, labels."),
        ("inspect", "cache", "Show where prepared images are kept, or delete them."),
        (
            "reproduce",
            "reproduce",
            "Run a paper's experiment again, and show our figures beside the published ones.",
        ),
        ("doctor", "doctor", "Show what this machine has, and what each extra would add."),
    )
}
"""Name -> command, in the order of the overview."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status: 0 done, 2 the user can mend it.

    After a signal it is 130, 143 or 129, as `unknot.common.interruption.STATUSES` has it.
    """
    escape_output()
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        with signals_raised():
            return _run(arguments)
    except Interrupted as stopped:
        print(f"{stopped}; the same command goes on from there", file=sys.stderr)
        return interrupted_status(stopped)
    except KeyboardInterrupt as stopped:
        print(WORDS, file=sys.stderr)
        return interrupted_status(stopped)
    except BrokenPipeError:
        return EXIT_FAULT
    except UserError as error:
        print(f"error: {shortened(on_one_line(str(error)))}", file=sys.stderr)
        return EXIT_USER
    except Exception as error:
        explained = explain_failure(error)
        if explained is None:
            raise
        print(f"error: {shortened(on_one_line(explained))}", file=sys.stderr)
        return EXIT_USER


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_overview(), flush=True)
    elif arguments[0] == "--version":
        print(f"unknot {__version__}", flush=True)
    else:
        os.getcwd()  # refused in a folder that is gone, where libraries would end the process
        return _dispatch(arguments[0], arguments[1:])
    return 0


def _dispatch(name: str, rest: list[str]) -> int:
    from unknot.cli import renamed

    renamed.check_command(name)
    if name not in COMMANDS:
        close = get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"one of: {', '.join(COMMANDS)}"
        raise UserError(f"unknown command {name!r}; {hint}")
    renamed.check_options(name, rest)
    rest = renamed.without_commas(rest)
    command = COMMANDS[name]
    module = import_module(command.module)
    kind = getattr(module, command.options)
    from unknot.cli.parse import check_words, parse_options
    from unknot.cli.paths import check_names

    check_words(name, rest)
    options = parse_options(name, kind, rest, _defaults(kind, rest))
    check_names(options)
    try:
        text, document = getattr(module, command.function)(options)
    except RunsFailedError as failed:
        _show(failed.text, failed.document, options.output.json)
        print(f"error: {failed}", file=sys.stderr)
        return EXIT_FAULT if failed.has_crashed else EXIT_USER
    _show(text, document, options.output.json)
    return 0


def _show(text: str, document: Any, as_json: bool) -> None:
    """Print what a command gave, if it gave anything."""
    if document is None:
        return
    print(json_text(document) if as_json else printable_lines(text), flush=True)


def _overview() -> str:
    lines = ["usage: unknot COMMAND ...", "", "commands:"]
    lines += [f"  {name:14} {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join([*lines, "", "unknot COMMAND --help lists the options of a command"])


def _defaults(kind: type, rest: list[str]) -> Any:
    """Take the command's defaults from the file that `--config` names, where it is given."""
    import tyro

    from unknot.cli.options import CompareOptions, TrainOptions, defaults_from_toml
    from unknot.cli.paths import check_input_file

    path = next((rest[i + 1] for i, word in enumerate(rest[:-1]) if word == "--config"), None)
    path = next((w.split("=", 1)[1] for w in rest if w.startswith("--config=")), path)
    if path is None or kind not in (CompareOptions, TrainOptions):
        return tyro.MISSING_NONPROP
    check_input_file("config", Path(path))
    has_typed_recipe = any(word.split("=")[0] == "--recipe" for word in rest)
    return defaults_from_toml(kind, Path(path), has_typed_recipe=has_typed_recipe)
