"""The page."""

from pathlib import Path

from PIL import Image

from unknot.report.page import Page, RunSection, write_report

HOSTILE = "<script>alert(1)</script>\"'"


def page(folder: Path) -> Page:
    Image.new("RGB", (4, 4)).save(folder / "sample.png")
    done = RunSection("r", "1", 0, folder / HOSTILE.replace("/", ""), kl=(1.0, 0.5), scales=HOSTILE)
    missing = RunSection("s", "2", 0, folder / "none", problem=f"training diverged {HOSTILE}")
    return Page(
        title=HOSTILE,
        summary=[HOSTILE],
        facts=[(HOSTILE, HOSTILE)],
        sample=folder / "sample.png",
        plane="",
        runs=[done, missing],
        command=HOSTILE,
        config=HOSTILE,
    )


def test_hostile_names_are_text(tmp_path: Path) -> None:
    write_report(page(tmp_path), tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text()
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 8


def test_a_missing_run_is_a_named_gap(tmp_path: Path) -> None:
    write_report(page(tmp_path), tmp_path / "report.html")
    assert "training diverged" in (tmp_path / "report.html").read_text()
