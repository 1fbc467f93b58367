"""Comparisons: the whole job on a tiny set."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from torch import nn

import unknot
from unknot.comparison import compare, default_folder
from unknot.data.image_set import ImageSet
from unknot.errors import UserError
from unknot.experiment import Experiment, experiment_config
from unknot.model.networks import linear

TINY = {"steps": 12, "batch_size": 8, "latent_dim": 3}


@pytest.fixture(scope="module")
def finished(small_faces: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    out = tmp_path_factory.mktemp("compare") / "experiment"
    return compare(small_faces, [0.5, 2], out=out, device="cpu", **TINY)


def test_the_folder_is_as_designed(finished: Experiment) -> None:
    names = {path.name for path in finished.folder.iterdir()}
    assert names == {
        *("experiment.toml", "plan.json", "environment.json", "evidence.json", "report.html"),
        "sample.png",
        *("beta-0.5_seed-0", "beta-2_seed-0"),
    }
    run = {path.name for path in (finished.folder / "beta-2_seed-0").iterdir()}
    assert run == {
        *("config.toml", "images.json", "scales.json", "weights.safetensors", "checkpoint"),
        *("log.txt", "history.jsonl", "tensorboard", "frames.npz", "evaluation.json"),
        *("codes.npz", "reconstructions.avif", "traversals.avif", "traversals.png"),
        *("curves.svg", "done", ".lock"),
    }


def test_codes_hold_what_later_measures_need(finished: Experiment, small_faces: ImageSet) -> None:
    run = finished.run(beta=2)
    with np.load(run.folder / "codes.npz", allow_pickle=False) as codes:
        held_out = np.concatenate([small_faces.indices("validation"), small_faces.indices("test")])
        assert np.array_equal(codes["image"], held_out)
        assert codes["name"][0] == small_faces.names[held_out[0]]
        assert codes["factors"].shape == (len(held_out), 9)
        assert codes["factor_names"][0] == "skin_tone"
        mean = run.encode(small_faces)[held_out]
        assert np.allclose(codes["posterior_mean"], mean, atol=1e-5)
        assert codes["posterior_logvar"].shape == mean.shape


def test_encode_and_decode(finished: Experiment, small_faces: ImageSet) -> None:
    run = finished.run(beta=0.5)
    codes = run.encode(small_faces)
    assert codes.shape == (200, 3)
    assert np.allclose(codes[:5], run.encode(small_faces.images[:5]), atol=1e-5)
    assert run.decode(codes).shape == (200, 3, 32, 32)
    assert run.decode(codes).dtype == np.uint8
    with pytest.raises(UserError, match=r"takes \(num, 3\)"):
        run.decode(np.zeros((2, 4)))
    with pytest.raises(UserError, match="this run takes uint8"):
        run.encode(np.zeros((2, 1, 32, 32), np.uint8))


def test_the_report_is_one_file_without_a_network(finished: Experiment) -> None:
    html = (finished.folder / "report.html").read_text()
    assert html.count('src="data:image/') == 1  # the sample; the scripts have the other pictures
    assert html.count('"sheet":"data:image/') == 2
    assert "http://" not in html.replace("http://www.w3.org", "").replace(
        "http://purl.org", ""
    ).replace("http://creativecommons.org", "")
    assert "default-src 'none'" in html


def test_the_same_call_again_trains_nothing(finished: Experiment, small_faces: ImageSet) -> None:
    before = [(run.folder / "done").stat().st_mtime_ns for run in finished.runs()]
    again = compare(small_faces, [0.5, 2], out=finished.folder, device="cpu", **TINY)
    assert [(run.folder / "done").stat().st_mtime_ns for run in again.runs()] == before


def test_another_experiment_in_the_folder_is_refused(
    finished: Experiment, small_faces: ImageSet
) -> None:
    wrong = {**TINY, "latent_dim": 4}
    with pytest.raises(UserError, match="latent_dim is 3 there and 4 here; choose another --out"):
        compare(small_faces, [0.5, 2], out=finished.folder, **wrong)
    with pytest.raises(UserError, match="betas are"):
        compare(small_faces, [0.5, 3], out=finished.folder, **TINY)


def test_a_folder_with_other_things_is_refused(small_faces: ImageSet, tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("precious")
    with pytest.raises(UserError, match="holds no experiment"):
        compare(small_faces, [1], out=tmp_path, **TINY)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]


def test_an_interrupted_start_does_not_lock_the_folder(
    bare_faces: ImageSet, tmp_path: Path
) -> None:
    out = tmp_path / "e"
    out.mkdir()
    (out / "environment.json").write_text("{}")
    (out / ".experiment.123.toml").write_text("betas")
    assert len(compare(bare_faces, [1], out=out, device="cpu", **TINY).runs()) == 1


def test_a_failing_run_of_ones_own_network_leaves_the_others(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    wild = {**TINY, "learning_rate": 1e9, "schedule": "constant"}
    experiment = compare(small_faces, [1, 2], out=tmp_path, network=linear, device="cpu", **wild)
    assert set(experiment.failures()) == {"beta-1_seed-0", "beta-2_seed-0"}
    assert "diverged" in experiment.failures()["beta-2_seed-0"]


def test_a_failing_run_leaves_the_others_alone_and_is_named(
    bare_faces: ImageSet, tmp_path: Path
) -> None:
    # weights of another shape in the checkpoint stop one run
    compare(bare_faces, [1], out=tmp_path / "other", device="cpu", **{**TINY, "latent_dim": 2})
    out = tmp_path / "experiment"
    config = experiment_config(bare_faces, [1, 2], [0], **TINY)
    broken = out / "beta-1_seed-0"
    experiment = compare(bare_faces, [2], out=out, device="cpu", **TINY)
    from unknot.worker import describe_run

    describe_run(
        config.runs()[0].__class__(1.0, 0, config.data, config.model, config.training.resolved()),
        bare_faces,
        broken,
    )
    (tmp_path / "other" / "beta-1_seed-0" / "checkpoint").rename(broken / "checkpoint")
    state = json.loads((broken / "checkpoint" / "state.json").read_text())
    (broken / "checkpoint" / "state.json").write_text(json.dumps({**state, "step": 5}))
    experiment = compare(bare_faces, [1, 2], out=out, device="cpu", **TINY)
    assert [run.folder.name for run in experiment.runs()] == ["beta-2_seed-0"]
    assert list(experiment.failures()) == ["beta-1_seed-0"]
    assert "cannot be loaded" in experiment.failures()["beta-1_seed-0"]
    assert "cannot be loaded" in (out / "report.html").read_text()


def test_any_executor_serves(bare_faces: ImageSet, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as executor:
        experiment = compare(
            bare_faces, [1], out=tmp_path / "e", engine=executor, device="cpu", **TINY
        )
    assert len(experiment.runs()) == 1


def test_a_script_without_a_main_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import unknot\n"
        "print('top of the script')\n"
        "images = unknot.load_images(unknot.load_images('faces', num=60, size=32).images)\n"
        "experiment = unknot.compare(images, betas=[1, 2], steps=3, batch_size=4, out='e')\n"
        "print(len(experiment.runs()))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n") == ["top of the script", "2", ""]


def test_networks_of_ones_own(small_faces: ImageSet, tmp_path: Path) -> None:
    def network(shape: tuple[int, int, int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
        num = int(np.prod(shape))
        encoder = nn.Sequential(nn.Flatten(), nn.Linear(num, 2 * latent_dim))
        return encoder, nn.Sequential(nn.Linear(latent_dim, num), nn.Unflatten(1, shape))

    experiment = compare(
        small_faces, [1], out=tmp_path / "e", network=network, device="cpu", **TINY
    )
    assert experiment.run(beta=1).encode(small_faces).shape == (200, 3)
    with pytest.raises(UserError, match="network of your own"):
        Experiment(tmp_path / "e").run(beta=1).encode(small_faces)


def test_unknown_options_are_named(small_faces: ImageSet) -> None:
    with pytest.raises(UserError, match="did you mean 'latent_dim'"):
        compare(small_faces, [1], latent_dims=3)


def test_default_folder_is_safe(small_faces: ImageSet) -> None:
    config = experiment_config(small_faces, [1], [0])
    from dataclasses import replace

    for source, expected in (
        ("faces", "faces"),
        ("/a/my images/../<b> ünsafe", "b---nsafe"),
        ("/data/celeba.zip", "celeba"),
        ("/data/3dshapes.h5", "3dshapes"),
        ("/", "images"),
    ):
        data = replace(config.data, source=source)
        assert default_folder(replace(config, data=data)) == Path("runs") / expected


def test_train_is_one_run(small_faces: ImageSet, tmp_path: Path) -> None:
    run = unknot.train(small_faces, beta=4, out=tmp_path / "run", device="cpu", **TINY)
    assert run.config.beta == 4
    assert (run.folder / "done").exists()
    with pytest.raises(UserError, match=r"beta is 4\.0 there and 5\.0 here"):
        unknot.train(small_faces, beta=5, out=tmp_path / "run", device="cpu", **TINY)
