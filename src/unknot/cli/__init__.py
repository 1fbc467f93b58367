"""The command line: a thin skin over the public names.

`jobs`, `measures` and `views` hold the commands: for each a dataclass of what can be typed and a
function of it, which gives text for a person and a document for `--json`. torch and matplotlib are
imported inside those functions, so that help and errors answer at once.
"""

import contextlib
import io
import json
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import tyro

from unknot import __version__
from unknot.cli import jobs, measures, views
from unknot.config import ExperimentConfig, Recipe, RunConfig, from_toml_with_place
from unknot.errors import Interrupted, UserError, explain_os_error

EXIT_USER, EXIT_FAULT, EXIT_INTERRUPTED = 2, 1, 130

COMMANDS: dict[str, tuple[type, Callable[[Any], tuple[str, Any]]]] = {
    "compare": (jobs.CompareOptions, jobs.compare_command),
    "train": (jobs.TrainOptions, jobs.train_command),
    "guide": (measures.GuideOptions, measures.guide_command),
    "evaluate": (measures.EvaluateOptions, measures.evaluate_command),
    "score": (measures.ScoreOptions, measures.score_command),
    "encode": (views.EncodeOptions, views.encode_command),
    "traverse": (views.TraverseOptions, views.traverse_command),
    "reconstruct": (views.PictureOptions, views.reconstruct_command),
    "report": (views.ReportOptions, views.report_command),
    "export": (views.ExportOptions, views.export_command),
    "data": (views.DataOptions, views.data_command),
    "doctor": (views.DoctorOptions, views.doctor_command),
}
"""Name -> what can be typed, and the function that does it."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status: 0 done, 2 the user can mend it, 130 interrupted."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_overview())
        return 0
    if arguments[0] == "--version":
        print(f"unknot {__version__}")
        return 0
    try:
        return _dispatch(arguments[0], arguments[1:])
    except Interrupted as stopped:
        print(f"{stopped}; the same command goes on from there", file=sys.stderr)
        return EXIT_INTERRUPTED
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from there", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return EXIT_FAULT
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_USER
    except OSError as error:
        explained = explain_os_error(error)
        if explained is None:
            raise
        print(f"error: {explained}", file=sys.stderr)
        return EXIT_USER


def _dispatch(name: str, rest: list[str]) -> int:
    if name not in COMMANDS:
        close = get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"one of: {', '.join(COMMANDS)}"
        raise UserError(f"unknown command {name!r}; {hint}")
    kind, function = COMMANDS[name]
    options = _parse(name, kind, _with_guide(rest) if name == "compare" else rest)
    try:
        text, document = function(options)
    except jobs.RunsFailedError as failed:
        _show(failed.text, failed.document, options.common.json)
        print(f"error: {failed}", file=sys.stderr)
        return EXIT_FAULT if failed.crashed else EXIT_USER
    _show(text, document, options.common.json)
    return 0


def _with_guide(rest: list[str]) -> list[str]:
    """`--betas auto` as the flag that stands for it."""
    for words in (["--betas", "auto"], ["--betas=auto"]):
        for i in range(len(rest)):
            if rest[i : i + len(words)] == words:
                return [*rest[:i], "--guided", *rest[i + len(words) :]]
    return rest


def _parse(name: str, kind: type, rest: list[str]) -> Any:
    """What was typed, as the command's options.

    tyro draws a box round whatever a dataclass refuses; such a refusal is ours, and one line.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(
                kind,
                prog=f"unknot {name}",
                args=rest,
                default=_defaults(kind, rest),
                config=(tyro.conf.OmitArgPrefixes, tyro.conf.HelptextFromCommentsOff),
            )
    except SystemExit as ended:
        cause: BaseException | None = ended
        while cause is not None:
            if isinstance(cause, UserError):
                raise cause from None
            cause = cause.__context__
        print(said.getvalue(), end="", file=sys.stderr)
        raise


def _show(text: str, document: Any, as_json: bool) -> None:
    print(json.dumps(document, indent=2) if as_json else text, flush=True)


def _overview() -> str:
    lines = ["usage: unknot COMMAND ...", "", "commands:"]
    lines += [f"  {name:12} {kind.__doc__}" for name, (kind, _) in COMMANDS.items()]
    return "\n".join([*lines, "", "unknot COMMAND --help tells the options of a command"])


def _defaults(kind: type, rest: list[str]) -> Any:
    """The command's defaults, from the file that `--config` names where it is given."""
    path = next((rest[i + 1] for i, word in enumerate(rest[:-1]) if word == "--config"), None)
    path = next((w.split("=", 1)[1] for w in rest if w.startswith("--config=")), path)
    if path is None or kind not in (jobs.CompareOptions, jobs.TrainOptions):
        return tyro.MISSING_NONPROP
    wanted = ExperimentConfig if kind is jobs.CompareOptions else RunConfig
    described, place = from_toml_with_place(wanted, Path(path))
    if any(word.split("=")[0] == "--recipe" for word in rest):
        blank = dict.fromkeys(item.name for item in fields(Recipe))
        described = replace(described, training=replace(described.training, **blank))
    execution = jobs.Execution(Path(place.out) if place.out else None, Path(path), place.device)
    if kind is jobs.CompareOptions:
        return jobs.CompareOptions(
            described, execution, place.workers, place.together, place.engine
        )
    return jobs.TrainOptions(
        *(described.data, described.beta, described.seed, described.model, described.training),
        execution=execution,
    )
