"""Words that are called otherwise here: each gets one line that names the right one.

They are those of version 0.1.0, and those by which other programs call the same thing.
"""

from collections.abc import Sequence

from unknot.common.errors import UserError

OLD_COMMANDS = {"guide": "unknot suggest-betas"}
"""Old command -> what to type instead."""

OLD_OPTIONS = {
    "compare": {
        "--guided": "--betas auto",
        "--together": "--stack-runs",
        "--mode": "--data-parallel auto or off (there are no compiled graphs any more)",
    },
    "train": {"--mode": "--data-parallel auto or off (there are no compiled graphs any more)"},
    "evaluate": {
        "--evidence-only": "unknot evidence EXPERIMENT",
        "--resamples": "--subsamples",
        "--points": "--max-points",
    },
    "score": {"--resamples": "--subsamples", "--points": "--max-points"},
    "data": {"--clear": "unknot cache --clear"},
}
"""Command -> its old options -> what to type instead."""


COMMON_NAMES = {
    "--lr": "--learning-rate",
    "--epochs": "--steps (a step is one batch)",
    "--iterations": "--steps",
    "--latents": "--latent-dim",
    "--latent-size": "--latent-dim",
    "--z-dim": "--latent-dim",
    "--batch": "--batch-size",
    "--bs": "--batch-size",
    "--output": "--out",
    "--input": "DATA, the first argument",
    "--data": "DATA, the first argument",
}
"""Options of commands that train as other programs call them -> what to type instead."""
LISTS = ("--betas", "--seeds")
"""Options whose numbers may stand apart by commas too."""


def check_command(name: str) -> None:
    """Refuse a command's old name.

    Raises:
        UserError: names the new one.
    """
    if name in OLD_COMMANDS:
        raise UserError(f"unknot {name} has a new name: {OLD_COMMANDS[name]}")


def check_options(command: str, arguments: Sequence[str]) -> None:
    """Refuse old options of a command.

    Args:
        command: its name.
        arguments: that were typed after it.

    Raises:
        UserError: names what to type instead of the first of them.
    """
    for argument in arguments:
        old = argument.split("=", 1)[0]
        new = OLD_OPTIONS.get(command, {}).get(old)
        if new:
            raise UserError(f"{old} has a new name: {new}")
        other = COMMON_NAMES.get(old) if command in ("compare", "train") else None
        if command == "compare" and old == "--beta":
            other = "--betas"
        if other:
            raise UserError(f"unknot {command} has no {old}; give {other}")


def without_commas(arguments: Sequence[str]) -> list[str]:
    """Take lists of numbers apart at their commas: `--betas 1,2,10` is `--betas 1 2 10`."""
    parts: list[str] = []
    is_list = False
    for argument in arguments:
        if argument.startswith("--"):
            is_list = argument in LISTS
        parts += [part for part in argument.split(",") if part] if is_list else [argument]
    return parts
