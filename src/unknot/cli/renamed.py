"""Words of version 0.1.0 that have become others: each gets one line that names the new one."""

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
