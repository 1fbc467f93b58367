"""Every refusal of the system is one line that says where, and what to do."""

import errno
import os
from pathlib import Path

import pytest

from unknot.common.errors import (
    MOST_LETTERS,
    Interrupted,
    RunsFailedError,
    UserError,
    explain_failure,
    explain_os_error,
)


def test_a_user_error_is_no_value_error() -> None:
    assert not issubclass(UserError, ValueError)


def test_runs_that_failed_are_counted_and_what_to_show_stays() -> None:
    failures = {"beta-1_seed-0": "no\nroom"}
    error = RunsFailedError("two", {"runs": 2}, failures=failures, num_runs=2, has_crashed=False)
    assert isinstance(error, UserError)
    line = "of 2 runs failed; the same command tries them again"
    assert str(error) == f"1 {line} (beta-1_seed-0: no\\x0aroom)"
    failures["beta-2_seed-0"] = "no room"
    both = RunsFailedError("two", {}, failures=failures, num_runs=2, has_crashed=False)
    assert str(both) == f"2 {line} (the first is beta-1_seed-0: no\\x0aroom)"
    assert (error.text, error.document, error.has_crashed) == ("two", {"runs": 2}, False)


def test_an_interruption_is_by_ctrl_c_unless_it_says_so() -> None:
    assert Interrupted("stopped").number == 2
    assert Interrupted("stopped", 15).number == 15


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_whatever_the_system_refuses_is_one_line_with_its_place(number: int) -> None:
    error = OSError(number, os.strerror(number), "a\nb/\x1b[31mc")
    line = explain_os_error(error)
    assert "a\\x0ab/\\x1b[31mc" in line
    assert line.isprintable()
    assert ";" in line
    assert explain_failure(error) == line


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, "the disk is full (a/b); make room and run the same command again"),
        (errno.EDQUOT, "the disk is full, or your share of it (quota) (a/b); make room"),
        (errno.EACCES, "no permission to write (a/b); choose another --out"),
        (errno.EROFS, "the disk can only be read (a/b); choose another --out"),
        (errno.EIO, "the disk reports an error (a/b); look at the disk"),
        (errno.ENOLCK, "the file system gives no locks (a/b); choose an --out"),
        (errno.EMFILE, "no more files can be opened (a/b); raise the limit (ulimit -n 4096)"),
        (errno.ENOTDIR, "a file is where a folder should be (a/b); move it away"),
    ],
)
def test_frequent_refusals_say_what_to_do(number: int, expected: str) -> None:
    assert explain_os_error(OSError(number, "strange words", "a/b")).startswith(expected)


def test_the_place_may_be_known_from_elsewhere_or_not_at_all() -> None:
    full = OSError(errno.ENOSPC, "")
    assert explain_os_error(full).startswith("the disk is full;")
    assert explain_os_error(full, Path("runs/a")).startswith("the disk is full (runs/a);")
    assert explain_os_error(OSError(errno.EIO, "", 7)).startswith("the disk reports an error;")
    assert "(caf\\xe9)" in explain_os_error(OSError(errno.EIO, "", b"caf\xe9"))
    assert "(x): encoder error -2;" in explain_os_error(OSError("encoder error -2"), Path("x"))


def test_shared_memory_and_a_lack_of_temporary_folders_are_told_as_that() -> None:
    shared = explain_os_error(OSError(errno.ENOSPC, "", "/dev/shm/psm_1"))
    assert shared.startswith("the shared memory of the machine is full")
    none = FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")
    assert "set TMPDIR" in explain_os_error(none)


def test_a_file_that_may_not_be_read_is_not_one_that_may_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret"
    path.touch()
    refused = PermissionError(errno.EACCES, "", str(path))
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.R_OK)
    assert explain_os_error(refused).startswith("no permission to read")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    assert explain_os_error(refused).startswith("no permission to write")
    monkeypatch.setattr(os, "access", lambda path, mode: True)
    assert explain_os_error(refused).startswith("the system refuses access")


def test_a_working_folder_that_is_gone_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(FileNotFoundError) as caught:
        os.getcwd()
    assert explain_os_error(caught.value).startswith("the folder that you are in is gone")


def test_a_name_of_thousands_of_letters_is_cut() -> None:
    line = explain_os_error(OSError(errno.ENAMETOOLONG, "", "a" * 5000))
    assert line.startswith("a name is too long (aaa")
    assert len(line) < MOST_LETTERS + 100


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 80000000 bytes"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("can't start new thread"),
    ],
)
def test_a_lack_of_memory_is_one_line(error: Exception) -> None:
    assert (explain_failure(error) or "").startswith("there is not enough memory; close other")


def test_libraries_that_cannot_be_loaded_are_told_by_their_reason() -> None:
    handles = ImportError("libx.so: cannot open shared object file: Too many open files")
    assert "ulimit -n" in (explain_failure(handles) or "")
    memory = ImportError("libx.so: failed to map segment from shared object")
    assert "not enough memory" in (explain_failure(memory) or "")


def test_a_fault_of_ours_stays_one() -> None:
    for error in (ZeroDivisionError("x"), RuntimeError("shapes differ"), ImportError("no module")):
        assert explain_failure(error) is None
