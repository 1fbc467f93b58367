"""The page."""

from pathlib import Path

import numpy as np
from PIL import Image

from unknot.data.standardize import Standardizer
from unknot.model.distributions import GaussianLikelihood
from unknot.model.networks import higgins_conv
from unknot.model.vae import VAE
from unknot.report.browser import browser_model
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


def test_the_page_knows_the_decoder_of_the_default_network() -> None:
    networks = higgins_conv((3, 64, 64), 6)
    standardizer = Standardizer("unit", np.zeros((3, 64, 64), "f4"), np.ones((3, 64, 64), "f4"))
    model = VAE(*networks, GaussianLikelihood(), standardizer, 6)
    kinds = [layer["kind"] for layer in browser_model(model).layers]
    assert kinds == ["dense"] * 2 + ["upconv"] * 4
