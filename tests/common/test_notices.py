"""Notices: one line, said once."""

import subprocess
import sys

import pytest

from unknot.common.notices import give_notice


def test_a_notice_is_one_line_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        give_notice("half\nof it is lost\x1b[31m")
    assert [record.getMessage() for record in caplog.records] == [
        r"note: half\x0aof it is lost\x1b[31m"
    ]


def test_it_goes_to_the_standard_error_where_nobody_set_up_logging() -> None:
    code = "from unknot.common.notices import give_notice as n; n('100% lost'); n('100% lost')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "note: 100% lost\n")
