"""One run: trained, continued, refused."""

from pathlib import Path

import numpy as np
import pytest

import unknot
from unknot.common.errors import Interrupted, UserError
from unknot.data.image_set import ImageSet
from unknot.runs.folder import RunFolder

TINY = {"steps": 12, "batch_size": 8, "latent_dim": 3}
LINEAR = TINY | {"network": "linear"}


def test_train_is_one_run(small_faces: ImageSet, tmp_path: Path) -> None:
    run = unknot.train(small_faces, beta=4, out=tmp_path / "run", **LINEAR)
    assert run.config.beta == 4
    assert run.files.is_done
    with pytest.raises(UserError, match=r"beta is 4\.0 there and 5\.0 here"):
        unknot.train(small_faces, beta=5, out=tmp_path / "run", **LINEAR)


def test_a_beta_of_one_run_that_cannot_matter_is_named(
    bare_faces: ImageSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unknot.train(bare_faces, 0.01, out=tmp_path / "run", **LINEAR)
    assert "your largest is 0.01. Betas that can matter: " in capsys.readouterr().err
    unknot.train(bare_faces, 0.01, out=tmp_path / "quiet", progress=False, **LINEAR)
    assert capsys.readouterr() == ("", "")


def test_more_steps_continue_a_finished_run(small_faces: ImageSet, tmp_path: Path) -> None:
    """It ends at the bits of a run that was described so from the start."""
    first = unknot.train(small_faces, 2, out=tmp_path / "run", **LINEAR)
    first_codes = first.encode(small_faces)
    longer = LINEAR | {"steps": 20}
    run = unknot.train(small_faces, 2, out=tmp_path / "run", **longer)
    assert [line["step"] for line in run.history("continued")] == [12]
    assert run.history("validation")[-1]["step"] == 20
    assert run.files.is_done
    with np.load(run.files.codes) as codes:
        mean, rows = codes["posterior_mean"], codes["image"]
    assert np.allclose(mean, run.encode(small_faces)[rows], atol=1e-5)
    assert not np.allclose(mean, first_codes[rows], atol=1e-3)
    whole = unknot.train(
        small_faces, 2, out=tmp_path / "whole", continued_from=(12,), beta_warmup=6, **longer
    )
    assert run.files.weights.read_bytes() == whole.files.weights.read_bytes()
    assert [line["step"] for line in whole.history("continued")] == [12]


def test_a_continued_run_that_is_stopped_goes_on(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer = LINEAR | {"steps": 20}
    whole = unknot.train(
        small_faces, 2, out=tmp_path / "whole", continued_from=(12,), beta_warmup=6, **longer
    )
    unknot.train(small_faces, 2, out=tmp_path / "run", **LINEAR)

    def stop(*_: object) -> None:
        raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        unknot.train(small_faces, 2, out=tmp_path / "run", progress=stop, **longer)
    folder = RunFolder(tmp_path / "run")
    assert not folder.is_done
    assert not folder.is_trained
    run = unknot.train(small_faces, 2, out=tmp_path / "run", **longer)
    assert [line["step"] for line in run.history("continued")] == [12]
    assert run.files.weights.read_bytes() == whole.files.weights.read_bytes()


def test_what_stops_a_run_from_going_on_is_named(small_faces: ImageSet, tmp_path: Path) -> None:
    unknot.train(small_faces, 2, out=tmp_path / "run", **LINEAR)
    longer = LINEAR | {"steps": 20, "batch_size": 4}
    with pytest.raises(UserError, match="batch_size is 8 there and 4 here"):
        unknot.train(small_faces, 2, out=tmp_path / "run", **longer)


@pytest.mark.parametrize("lost", ["codes", "evaluation"])
def test_what_was_lost_of_a_finished_run_is_made_again(
    lost: str, small_faces: ImageSet, tmp_path: Path
) -> None:
    run = unknot.train(small_faces, 2, out=tmp_path / "run", **LINEAR)
    weights = run.files.weights.read_bytes()
    getattr(run.files, lost).unlink()
    assert not run.files.is_done
    again = unknot.train(small_faces, 2, out=tmp_path / "run", **LINEAR)
    assert again.files.is_done
    assert again.files.weights.read_bytes() == weights
