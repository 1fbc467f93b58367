"""Prepared images on a memory map."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.data.pictures import fill
from unknot.common.errors import UserError
from unknot.data.image_set import ImageSet, open_image_set
from unknot.data.load import load_images
from unknot.data.pca import cached_spectrum
from unknot.data.standardize import moments


@pytest.mark.parametrize("file", ["images.u8", "info.json", "labels.npz"])
def test_a_cache_entry_cut_in_half_is_made_again(file: str, tmp_path: Path) -> None:
    fill(tmp_path, 12)
    first = load_images(tmp_path, size=32)
    expected = np.array(first.images)
    damaged = first.folder / file
    damaged.write_bytes(damaged.read_bytes()[: damaged.stat().st_size // 2])
    again = load_images(tmp_path, size=32)
    assert np.array_equal(again.images, expected)
    assert any("is damaged" in note and "prepared again" in note for note in again.info["notes"])
    assert load_images(tmp_path, size=32).info["notes"] == first.info["notes"]


def test_images_that_were_replaced_by_noise_are_made_again(tmp_path: Path) -> None:
    first = load_images(fill(tmp_path, 12), size=32)
    expected, pixels = np.array(first.images), first.folder / "images.u8"
    pixels.write_bytes(np.random.default_rng(0).bytes(expected.size))
    again = load_images(tmp_path, size=32)
    assert np.array_equal(again.images, expected)
    assert any("other pixels than were written" in note for note in again.info["notes"])


def test_computed_arrays_that_are_damaged_are_computed_again(tmp_path: Path) -> None:
    images = load_images(fill(tmp_path, 12), size=32)
    moments_before, spectrum_before = images.training_moments(), cached_spectrum(images, 3)
    for name in ("moments.npz", "directions-per_pixel-3.npz"):
        content = bytearray((images.folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (images.folder / name).write_bytes(content)
    assert np.array_equal(images.training_moments().total, moments_before.total)
    assert np.array_equal(cached_spectrum(images, 3).directions, spectrum_before.directions)
    (images.folder / "moments.npz").write_bytes(b"x")
    notes = load_images(tmp_path, size=32).info["notes"]
    assert [note.rsplit("/", 1)[1] for note in notes if "moments" in note] == [
        "moments.npz was damaged: it is made again"
    ]


def test_info_is_json_without_surprises(tmp_path: Path) -> None:
    images = load_images(fill(tmp_path, 12), size=32)
    assert json.loads((images.folder / "info.json").read_text()) == images.info


def test_moments_are_those_of_the_training_images(small_faces: ImageSet) -> None:
    expected = moments(small_faces.images, small_faces.indices("train"))
    for _ in range(2):  # computed, then from the cache
        stored = small_faces.training_moments()
        assert stored.num == expected.num
        assert np.array_equal(stored.total, expected.total)
        assert np.array_equal(stored.total_squares, expected.total_squares)


def test_a_damaged_entry_is_named_when_it_is_opened_alone(tmp_path: Path) -> None:
    images = load_images(fill(tmp_path, 12), size=32)
    assert np.array_equal(open_image_set(images.folder).images, images.images)
    (images.folder / "labels.npz").unlink()
    with pytest.raises(UserError, match="is damaged; run `unknot cache --clear`"):
        open_image_set(images.folder)


def test_somebody_elses_cache_is_read_without_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = load_images(fill(tmp_path, 12), size=32)
    expected = moments(images.images, images.indices("train"))

    def refuse(path: Path, arrays: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("unknot.data.entry_checks.write_arrays", refuse)
    assert np.array_equal(images.training_moments().total, expected.total)
    assert cached_spectrum(images, 3).num_images == expected.num
