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
from unknot.report.up_to_date import STAMP, is_up_to_date, sources_digest, stamp_page


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


def test_a_page_without_the_images_is_written_anew(copied: Experiment, tmp_path: Path) -> None:
    for run in copied.runs():
        record = json.loads(run.files.images.read_text())
        run.files.images.write_text(json.dumps(record | {"prepared": str(tmp_path / "gone")}))
    assert not is_up_to_date(copied.report())
