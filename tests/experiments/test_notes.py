"""What is said before the first step."""

from dataclasses import replace

from unknot.config.parts import TrainingConfig
from unknot.experiments.notes import say_note, tell_if_continued


def test_a_note_is_said_where_there_is_one_and_somebody_listens() -> None:
    lines: list[str] = []
    say_note("few images", lines.append)
    say_note("", lines.append)
    say_note("few images", None)
    assert lines == ["note: few images"]


def test_more_steps_are_said() -> None:
    lines: list[str] = []
    before = TrainingConfig(steps=10).resolved()
    tell_if_continued(before, before, lines.append)
    assert lines == []
    longer = replace(before, steps=30, continued_from=(10,))
    tell_if_continued(before, longer, lines.append)
    assert lines[0].startswith("10 steps were asked for before, and 20 more follow them")
