"""The page in a real browser: Debian's Chromium, opened from disk."""

import html
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import unknot
from unknot.data.image_set import ImageSet
from unknot.data.standardize import Standardizer
from unknot.errors import UserError
from unknot.experiment import Experiment
from unknot.files import read_json
from unknot.model.distributions import BernoulliLikelihood, GaussianLikelihood
from unknot.model.networks import higgins_conv, linear
from unknot.model.vae import VAE
from unknot.pages import page as page_of
from unknot.report.browser import browser_model, kernel, pixel_scale
from unknot.report.page import _part, write_report
from unknot.training.evaluate import decode_codes

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra dev)")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HALF = 2  # levels of 255 that half-precision weights may cost
TINY = {"steps": 12, "batch_size": 8, "latent_dim": 3}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&lt;"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM:
        pytest.skip("needs Debian's chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Watched:
    """A page, and everything that it should not have done."""

    def __init__(self, browser: Any) -> None:
        self.page = browser.new_page()
        self.faults: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog {dialog.message}"))
        self.page.on("request", self._asked)

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:", "blob:", "about:")):
            self.faults.append(f"request {request.url[:80]}")

    def open(self, path: Path, fragment: str = "") -> Any:
        self.page.goto(path.as_uri() + fragment)
        self.page.wait_for_selector("#explorer[data-ready]", state="attached")
        self.page.wait_for_selector("#player[data-ready]", state="attached")
        return self.page


@pytest.fixture
def watched(browser: Any) -> Iterator[Watched]:
    one = Watched(browser)
    yield one
    one.page.close()
    assert one.faults == []


@pytest.fixture(scope="module")
def finished(small_faces: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    out = tmp_path_factory.mktemp("page") / "experiment"
    return unknot.compare(small_faces, [0.5, 2], out=out, device="cpu", **TINY)


@pytest.fixture(scope="module")
def report(finished: Experiment) -> Path:
    return finished.report()


def _slide(page: Any, latent: int, value: float) -> None:
    page.eval_on_selector(
        f"input[data-latent='{latent}']",
        "(it, value) => { it.value = value; it.dispatchEvent(new Event('input')); }",
        value,
    )


def _shown(page: Any) -> np.ndarray:
    """The picture that was decoded last, `(height, width, 3)`."""
    data = page.evaluate("Array.from(explorer.image.data)")
    size = int((len(data) / 4) ** 0.5)
    return np.array(data).reshape(size, size, 4)[..., :3]


def _until(page: Any, expression: str) -> None:
    """Wait until it holds; the page's policy lets nothing be evaluated from within."""
    for _ in range(300):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"never came true: {expression}")


def _canvas(page: Any, selector: str) -> str:
    return str(page.eval_on_selector(selector, "it => it.toDataURL()"))


def test_each_slider_changes_the_picture_and_it_is_the_decoders(
    watched: Watched, report: Path, finished: Experiment
) -> None:
    page = watched.open(report)
    assert page.inner_text("[data-kernel]") == "WebAssembly"
    z = np.zeros((1, 3), np.float32)
    for latent, value in enumerate((1.5, -2, 0.5)):
        before = _canvas(page, "[data-first]")
        _slide(page, latent, value)
        assert _canvas(page, "[data-first]") != before
        z[0, latent] = value
        expected = finished.run(beta=0.5).decode(z)[0].transpose(1, 2, 0).astype(int)
        assert np.abs(_shown(page) - expected).max() <= HALF


def test_a_test_image_is_where_the_sliders_start(
    watched: Watched, report: Path, finished: Experiment
) -> None:
    page = watched.open(report)
    page.select_option("[data-b]", "1")
    page.select_option("[data-from]", "2")
    run = finished.run(beta=2)  # the second view is drawn last
    images = run.frames()["images"]
    code = run.encode(images)[2:3]
    expected = run.decode(code)[0].transpose(1, 2, 0).astype(int)
    assert np.abs(_shown(page) - expected).max() <= HALF
    page.select_option("[data-to]", "4")
    halfway = (code + run.encode(images)[4:5]) / 2
    expected = run.decode(halfway)[0].transpose(1, 2, 0).astype(int)
    assert np.abs(_shown(page) - expected).max() <= HALF


def test_the_link_restores_the_view(watched: Watched, report: Path, browser: Any) -> None:
    page = watched.open(report)
    page.select_option("[data-a]", "1")
    _slide(page, 1, 1.25)
    fragment = page.evaluate("location.hash")
    again = Watched(browser)
    other = again.open(report, fragment)
    assert other.input_value("[data-a]") == "1"
    assert other.input_value("input[data-latent='1']") == "1.25"
    assert np.array_equal(_shown(other), _shown(page))
    other.close()
    nonsense = Watched(browser)
    strange = nonsense.open(report, "#a=99&b=-7&from=x&t=9&z=1,2")
    assert strange.input_value("[data-a]") == "0"
    assert strange.input_value("input[data-latent='1']") == "0"
    section = nonsense.open(report, "#repeat")
    assert section.evaluate("location.hash") == "#repeat"
    strange.close()
    assert nonsense.faults == again.faults == []


def test_it_plays_and_pauses(watched: Watched, report: Path) -> None:
    page = watched.open(report)
    last = _canvas(page, "canvas[data-run]")
    page.click("[data-play]")
    _until(page, "document.querySelector('[data-steps]').value > 1")
    assert page.inner_text("[data-play]") == "Pause"
    assert _canvas(page, "canvas[data-run]") != last
    page.click("[data-play]")
    step = page.inner_text("[data-step]")
    page.wait_for_timeout(600)
    assert page.inner_text("[data-step]") == step
    page.click("[data-sweep]")
    _until(page, "explorer.frames > 3")
    page.click("[data-sweep]")
    frames = page.evaluate("explorer.frames")
    page.wait_for_timeout(200)
    assert page.evaluate("explorer.frames") <= frames + 1


def test_keys_and_buttons_move_it(watched: Watched, report: Path) -> None:
    page = watched.open(report)
    page.focus("input[data-latent='0']")
    page.keyboard.press("ArrowRight")
    assert float(page.input_value("input[data-latent='0']")) == pytest.approx(0.05)
    page.dblclick("input[data-latent='0']")
    assert float(page.input_value("input[data-latent='0']")) == 0
    before = _canvas(page, "[data-first]")
    page.click("[data-random]")
    assert _canvas(page, "[data-first]") != before
    page.click("[data-reset]")
    assert _canvas(page, "[data-first]") == before
    with page.expect_download() as download:
        page.click("[data-save]")
    assert download.value.suggested_filename == "unknot.png"
    unnamed = page.eval_on_selector_all(
        "input, select, button, canvas",
        "all => all.filter(it => !(it.labels?.length || it.ariaLabel || it.textContent)).length",
    )
    assert unnamed == 0


def test_without_webassembly_plain_javascript_gives_the_same(
    watched: Watched, finished: Experiment, tmp_path: Path
) -> None:
    evidence = read_json(finished.folder / "evidence.json")
    sample = finished.folder / "sample.png"
    shown = page_of(finished.folder, finished.config, finished.runs(), {}, sample, evidence)
    write_report(shown, tmp_path / "plain.html", wasm=False)
    page = watched.page
    page.goto((tmp_path / "plain.html").as_uri())
    page.wait_for_selector("#explorer[data-ready]", state="attached")
    assert page.inner_text("[data-kernel]") == "plain JavaScript"
    _slide(page, 2, 2)
    z = np.array([[0, 0, 2]], np.float32)
    expected = finished.run(beta=0.5).decode(z)[0].transpose(1, 2, 0).astype(int)
    assert np.abs(_shown(page) - expected).max() <= HALF
    refused = [fault for fault in watched.faults if "WebAssembly" in fault or "wasm" in fault]
    assert refused == watched.faults  # the browser reports the refusal, and nothing else
    watched.faults.clear()


def test_it_works_in_a_frame_that_may_only_run_scripts(
    watched: Watched, finished: Experiment, tmp_path: Path
) -> None:
    (tmp_path / "notebook.html").write_text(finished._repr_html_())
    watched.page.goto((tmp_path / "notebook.html").as_uri())
    frame = watched.page.frame_locator("iframe")
    frame.locator("#explorer[data-ready]").wait_for(state="attached")
    slider = frame.locator("input[data-latent='0']")
    slider.focus()
    slider.press("ArrowRight")
    assert float(slider.input_value()) == pytest.approx(0.05)


def test_hostile_names_are_shown_as_text(
    watched: Watched, finished: Experiment, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(finished.folder, tmp_path / "copy"))
    evidence = json.loads((folder / "evidence.json").read_text())
    names = [HOSTILE, "a" * 300, "\u202eesrever \u05d0\u05d1\u05d2", "'\"</title></style>"]
    for run in evidence["runs"].values():
        told = run["labels"]
        before = list(told["names"])
        told["names"][: len(names)] = names
        for latent, one in enumerate(told["latents"]):
            one |= {"label": names[latent % 4], "goes_with_it": names, "tells_also": before}
            one["active"] = True
        for table in ("effect", "sign", "r2", "z", "p_value"):
            told[table] = [[0.5] * len(before) for _ in told["latents"]]
        told["interval"] = [[[0.4, 0.6]] * len(before) for _ in told["latents"]]
    evidence["gaps"] = {HOSTILE: HOSTILE}
    (folder / "evidence.json").write_text(json.dumps(evidence))
    described = (folder / "experiment.toml").read_text()
    (folder / "experiment.toml").write_text(described.replace('"faces"', json.dumps(HOSTILE)))
    environment = read_json(folder / "environment.json")
    environment["data"]["source"] = HOSTILE
    (folder / "environment.json").write_text(json.dumps(environment))
    page = watched.open(Experiment(folder).report())
    page.wait_for_timeout(200)
    assert HOSTILE in page.inner_text("body")
    assert page.locator("script:not([type])").count() == 1
    assert page.locator("img[src='x']").count() == 0
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


@pytest.mark.parametrize("width", [390, 800, 1400])
def test_nothing_is_wider_than_the_window(watched: Watched, report: Path, width: int) -> None:
    watched.page.set_viewport_size({"width": width, "height": 800})
    page = watched.open(report)
    page.select_option("[data-b]", "1")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def _model(shape: tuple[int, int, int], build: Any, likelihood: nn.Module) -> VAE:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    mean = rng.uniform(0.3, 0.7, shape).astype(np.float32)
    std = rng.uniform(0.1, 0.3, shape).astype(np.float32)
    encoder, decoder = build(shape, 5)
    return VAE(encoder, decoder, likelihood, Standardizer("per_pixel", mean, std), 5).eval()


def _odd(shape: tuple[int, int, int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """Sizes and channels that are no multiples of four."""
    decoder = nn.Sequential(
        *(nn.Linear(latent_dim, 7), nn.ReLU(), nn.Linear(7, 5 * 6 * 6, bias=False)),
        *(nn.Unflatten(1, (5, 6, 6)), nn.ConvTranspose2d(5, 3, 4, 2, 1), nn.ReLU()),
        nn.ConvTranspose2d(3, shape[0], 4, 2, 1),
    )
    return nn.Flatten(), decoder


@pytest.mark.parametrize(
    ("shape", "build", "likelihood"),
    [
        ((1, 32, 32), higgins_conv, BernoulliLikelihood()),
        ((3, 64, 64), higgins_conv, GaussianLikelihood()),
        ((3, 128, 128), higgins_conv, GaussianLikelihood()),
        ((3, 32, 32), linear, GaussianLikelihood()),
        ((3, 24, 24), _odd, GaussianLikelihood()),
    ],
)
def test_both_kernels_decode_as_torch_does(
    watched: Watched, tmp_path: Path, shape: Any, build: Any, likelihood: Any
) -> None:
    model = _model(shape, build, likelihood)
    z = 1.5 * np.random.default_rng(1).standard_normal((3, 5)).astype(np.float32)
    document = {
        "model": browser_model(model).as_dict(),
        "scale": pixel_scale(model),
        "kernel": kernel(),
        "z": z.tolist(),
    }
    (tmp_path / "decoder.html").write_text(f"<script>{_part('decoder.js')}</script>")
    watched.page.goto((tmp_path / "decoder.html").as_uri())
    found = watched.page.evaluate(
        """given => [bytesOf(given.kernel), null].map((code) => {
            const scale = { ...given.scale };
            for (const name of ["mean", "std"]) scale[name] = fromHalf(bytesOf(scale[name]));
            const decoder = new Decoder(given.model, scale, code);
            const image = new ImageData(scale.shape[2], scale.shape[1]);
            return [decoder.kernel.name, given.z.map((z) => [...decoder.paint(z, image).data])];
        })""",
        document,
    )
    expected = decode_codes(model, z).transpose(0, 2, 3, 1).astype(int)
    assert [name for name, _ in found] == ["WebAssembly", "plain JavaScript"]
    for _, pixels in found:
        painted = np.array(pixels).reshape(3, *shape[1:], 4)[..., :3]
        assert np.abs(painted - expected).max() <= HALF
    if shape == (3, 64, 64):
        assert len(document["model"]["weights"]) < 1.2e6


def test_a_decoder_that_the_page_does_not_know_says_so() -> None:
    model = _model((3, 32, 32), linear, GaussianLikelihood())
    for decoder, why in (
        (nn.Sequential(nn.Linear(5, 9), nn.Tanh()), "does not know Tanh"),
        (nn.Linear(5, 9), "knows nn.Sequential, not Linear"),
        (nn.Sequential(nn.Linear(5, 9)), "dense layers, then an image"),
        (
            nn.Sequential(
                nn.Linear(5, 16), nn.Unflatten(1, (1, 4, 4)), nn.ConvTranspose2d(1, 3, 3, 1)
            ),
            "does not know ConvTranspose2d",
        ),
    ):
        model.decoder = decoder
        with pytest.raises(UserError, match=why):
            browser_model(model)


def test_the_frame_is_escaped(finished: Experiment) -> None:
    frame = finished._repr_html_()
    assert frame.count("<") == 2
    assert "<title>" in html.unescape(frame)


def test_models_beyond_the_budget_are_left_out_by_name(
    finished: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unknot.explorer.MODEL_BYTES", 10)
    monkeypatch.setattr("unknot.explorer.SHEET_BYTES", 10)
    shown = page_of(
        *(finished.folder, finished.config, finished.runs(), {}, finished.folder / "sample.png"),
        read_json(finished.folder / "evidence.json"),
    )
    assert shown.data is not None
    assert [run["model"] is not None for run in shown.data["runs"]] == [True, False]
    assert shown.reasons[0].startswith("Not in the explorer: beta 2, seed 0: the page holds some")
    assert "left out: beta 2, seed 0." in shown.more_sheets


def test_unfinished_runs_and_missing_evidence_are_named_gaps(
    watched: Watched, finished: Experiment, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(finished.folder, tmp_path / "copy"))
    (folder / "beta-2_seed-0" / "done").unlink()
    (folder / "evidence.json").unlink()
    page = watched.open(Experiment(folder).report())
    text = page.inner_text("body")
    assert "1 of 2 runs are missing" in text
    assert "no evidence of these runs yet" in text
    (folder / "beta-0.5_seed-0" / "done").unlink()
    page.goto(Experiment(folder).report().as_uri())
    assert page.locator("#explorer").count() == 0
    assert "2 of 2 runs are missing" in page.inner_text("body")
