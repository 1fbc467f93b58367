"""Errors that a user can mend."""

import errno

import pytest

from unknot.common.errors import RunsFailedError, UserError, explain_os_error


def test_a_user_error_is_no_value_error() -> None:
    assert not issubclass(UserError, ValueError)


def test_runs_that_failed_are_counted_and_what_to_show_stays() -> None:
    error = RunsFailedError("two runs", {"runs": 2}, num_failed=1, num_runs=2, has_crashed=False)
    assert isinstance(error, UserError)
    assert str(error) == "1 of 2 runs failed; the same command tries them again"
    assert (error.text, error.document, error.has_crashed) == ("two runs", {"runs": 2}, False)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, "the disk is full (a/b); make room"),
        (errno.EDQUOT, "the disk is full (a/b); make room"),
        (errno.EACCES, "no permission to write (a/b); choose another --out"),
        (errno.EROFS, "no permission to write (a/b); choose another --out"),
    ],
)
def test_failures_of_a_disk_are_explained(number: int, expected: str) -> None:
    line = explain_os_error(OSError(number, "strange words", "a/b"))
    assert line is not None
    assert line.startswith(expected)
    assert "\n" not in line


def test_the_file_may_be_unknown_and_other_failures_are_ours() -> None:
    assert (explain_os_error(OSError(errno.ENOSPC, "")) or "").startswith("the disk is full;")
    assert explain_os_error(OSError(errno.EBADF, "")) is None
