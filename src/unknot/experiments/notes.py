"""Lines that a user should see before the first step."""

from unknot.common.progress import Say
from unknot.config.parts import TrainingConfig
from unknot.experiments.setup import continuation_note


def say_note(note: str, say: Say | None) -> None:
    """Show what a user should know before training, if there is anything."""
    if note and say:
        say(f"note: {note}")


def tell_if_continued(before: TrainingConfig, training: TrainingConfig, say: Say) -> None:
    """Say what becomes of a training that gets more steps, if it does."""
    note = continuation_note(before, training)
    if note:
        say(note)
