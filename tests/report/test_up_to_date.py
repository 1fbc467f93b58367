"""When a page is taken for the one that would be written now."""

import json
import os
import shutil
from pathlib import Path

import pytest

import unknot
from unknot.experiments.experiment import Experiment
from unknot.models.networks.higgins_conv import higgins_conv
from unknot.report import up_to_date
from unknot.report.up_to_date import (
    STAMP,
    is_up_to_date,
    is_written_here,
    sources_digest,
    stamp_page,
)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page in a folder with a run, as it was written."""
    folder = tmp_path / "experiment"
    (folder / "run" / "checkpoint").mkdir(parents=True)
    (folder / "run" / "codes.npz").write_bytes(b"codes")
    (folder / "run" / "checkpoint" / "state.json").write_text("1")
    (folder / "evidence.json").write_text("{}")
    page = folder / "report.html"
    page.write_text("<p>")
    stamp_page(page, sources_digest(folder))
    return page


def test_a_page_is_up_to_date_until_something_changes(page: Path) -> None:
    assert is_up_to_date(page)
    (page.parent / "run" / "checkpoint" / "state.json").write_text("2")
    (page.parent / ".lock").touch()
    assert is_up_to_date(page)


@pytest.mark.parametrize("name", ["run/codes.npz", "evidence.json", "report.html", STAMP])
def test_a_change_of_any_file_is_seen_at_the_same_size_and_time(page: Path, name: str) -> None:
    file = page.parent / name
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    os.utime(file, ns=times)
    assert not is_up_to_date(page)


@pytest.mark.parametrize("name", ["run/codes.npz", "report.html", STAMP])
def test_a_missing_file_is_seen(page: Path, name: str) -> None:
    (page.parent / name).unlink()
    assert not is_up_to_date(page)


def test_a_new_file_and_a_new_place_are_seen(page: Path) -> None:
    moved = page.parent.with_name("moved")
    shutil.copytree(page.parent, moved)
    assert not is_up_to_date(moved / page.name)
    (page.parent / "labels.csv").touch()
    assert not is_up_to_date(page)


def test_another_unknot_is_seen(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "unknot"
    shutil.copytree(Path(unknot.__file__).parent, package)
    with monkeypatch.context() as patch:
        patch.setattr(up_to_date.unknot, "__version__", "99")
        assert not is_up_to_date(page)
    monkeypatch.setattr(up_to_date.unknot, "__file__", str(package / "__init__.py"))
    assert is_up_to_date(page)
    (package / "report" / "assets" / "page.html").write_text("<p>")
    assert not is_up_to_date(page)


def test_a_page_made_with_a_network_of_ones_own_is_written_anew(copied: Experiment) -> None:
    assert is_up_to_date(copied.report())
    (copied.folder / STAMP).unlink()
    own = Experiment(copied.folder, networks=higgins_conv)
    assert not is_up_to_date(own.report())


def test_a_page_that_somebody_else_made_is_not_up_to_date(page: Path) -> None:
    text, mark = (page.parent / STAMP).read_text().strip().rsplit(" ", 1)
    assert is_written_here(page)
    for stamp in (text, f"{text} {'0' * 64}", f"{mark} {text}", "", "x" * 1000):
        (page.parent / STAMP).write_text(stamp)
        assert not is_written_here(page)
        assert not is_up_to_date(page)


def test_a_page_that_is_a_link_is_written_anew(page: Path, tmp_path: Path) -> None:
    page.rename(tmp_path / "elsewhere.html")
    page.symlink_to(tmp_path / "elsewhere.html")
    assert not is_up_to_date(page)


def test_no_link_is_followed_for_the_digest(page: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("1")
    before = sources_digest(page.parent)
    (page.parent / "loop").symlink_to(".")
    (page.parent / "run" / "out").symlink_to(tmp_path / "outside")
    (page.parent / "zero").symlink_to("/dev/zero")
    linked = sources_digest(page.parent)
    assert linked != before
    (tmp_path / "outside" / "file").write_text("2")
    assert sources_digest(page.parent) == linked
    (page.parent / "zero").unlink()
    (page.parent / "zero").symlink_to("/dev/null")
    assert sources_digest(page.parent) != linked


def test_what_is_enormous_or_no_file_takes_no_time(page: Path) -> None:
    before = sources_digest(page.parent)
    with (page.parent / "history.jsonl").open("wb") as file:
        file.truncate(1 << 40)
    os.mkfifo(page.parent / "pipe")
    digest = sources_digest(page.parent)
    assert digest != before
    assert sources_digest(page.parent) == digest
    os.utime(page.parent / "history.jsonl", ns=(1, 1))
    assert sources_digest(page.parent) != digest


def test_a_page_without_the_images_is_written_anew(copied: Experiment, tmp_path: Path) -> None:
    for run in copied.runs():
        record = json.loads(run.files.images.read_text())
        run.files.images.write_text(json.dumps(record | {"prepared": str(tmp_path / "gone")}))
    assert not is_up_to_date(copied.report())
