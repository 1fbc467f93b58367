"""What archives of images and factors hold."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from tests.data.sources.archive_files import IMAGES, Trap, h5, npz, pixels
from unknot.common.errors import UserError
from unknot.data.load import load_images
from unknot.data.sources import archive
from unknot.data.sources.archive_layout import TO_SAY


def dsprites(path: Path, num: int = 40, **other: object) -> Path:
    classes = np.zeros((num, 6), np.int64)
    classes[:, 1:] = np.random.default_rng(1).integers(0, 3, (num, 5))
    return npz(
        path,
        imgs=pixels(num, 64, 64) // 128,
        latents_classes=classes,
        latents_values=classes * 0.5,
        metadata=np.array(Trap(), object),
        **other,
    )


def shapes_3d(path: Path, num: int = 40) -> Path:
    rng = np.random.default_rng(2)
    columns = [rng.integers(0, levels, num) / levels for levels in (10, 10, 10, 8, 4, 15)]
    return h5(path, images=pixels(num, 64, 64, 3), labels=np.stack(columns, 1))


def test_dsprites_is_white_on_black_with_its_five_factors_and_no_pickle(tmp_path: Path) -> None:
    path = dsprites(tmp_path / "dsprites_ndarray.npz")
    images = load_images(path)
    assert images.info["kind"] == "dSprites"
    assert np.array_equal(images.images, (pixels(40, 1, 64, 64) // 128) * 255)
    assert images.labels.factor_names == ("shape", "scale", "orientation", "posX", "posY")
    with np.load(path) as stored:
        assert np.array_equal(images.labels.factors, stored["latents_classes"][:, 1:])


def test_dsprites_with_other_pixels_is_refused(tmp_path: Path) -> None:
    classes = np.zeros((5, 6), np.int64)
    path = npz(tmp_path / "a.npz", imgs=np.full((5, 64, 64), 2, np.uint8), latents_classes=classes)
    with pytest.raises(UserError, match=r"imgs holds 2; dSprites' are 0 or 1"):
        load_images(path)


@pytest.mark.parametrize("key", ["images", "imgs"])
def test_an_npz_with_named_factors(key: str, tmp_path: Path) -> None:
    factors = np.arange(60.0).reshape(20, 3)
    factors[4, 1] = np.nan
    names = np.array(["hue", "age", "x"])
    arrays = {key: pixels(20, 32, 32, 3), "factors": factors, "factor_names": names}
    images = load_images(npz(tmp_path / "a.npz", **arrays), size=32)
    assert np.array_equal(images.images, pixels(20, 32, 32, 3).transpose(0, 3, 1, 2))
    assert np.array_equal(images.labels.factors, factors, equal_nan=True)
    assert images.labels.factor_names == ("hue", "age", "x")
    assert images.names[19] == "image-000019"
    assert images.info["kind"] == "npz archive"
    assert images.info["repeatable"]


def test_every_layout_of_the_pixels_gives_the_same_images(tmp_path: Path) -> None:
    last = pixels(20, 32, 32, 3)
    stored = [last, last.transpose(0, 3, 1, 2), (last / 255).astype(np.float32)]
    sets = [
        load_images(npz(tmp_path / f"{i}.npz", images=array.copy()), size=32)
        for i, array in enumerate(stored)
    ]
    assert len({images.fingerprint for images in sets}) == 1
    grey = pixels(20, 32, 32)
    for i, array in enumerate((grey, grey[..., None], grey[:, None])):
        images = load_images(npz(tmp_path / f"grey{i}.npz", images=array), size=32)
        assert np.array_equal(images.images, grey[:, None])


@pytest.mark.parametrize(
    ("shape", "options", "box"),
    [
        ((20, 60, 64, 3), {}, (2, 0, 62, 60)),
        ((20, 60, 64, 3), {"crop": "none"}, (0, 0, 64, 60)),
        ((20, 60, 64, 3), {"crop": 40}, (12, 10, 52, 50)),
        ((20, 32, 32, 3), {"crop": 16}, (8, 8, 24, 24)),
    ],
)
def test_images_are_cropped_and_resized_like_pictures(
    shape: tuple[int, ...], options: dict, box: tuple[int, ...], tmp_path: Path
) -> None:
    images = load_images(npz(tmp_path / "a.npz", images=pixels(*shape)), size=32, **options)
    picture = Image.fromarray(pixels(*shape)[7])
    expected = np.asarray(picture.resize((32, 32), Image.Resampling.BICUBIC, box=box))
    assert np.array_equal(images.images[7], expected.transpose(2, 0, 1))


@pytest.mark.parametrize("num_channels", [2, 4])
@pytest.mark.parametrize("write", [npz, h5])
def test_arrays_of_two_and_four_channels_are_kept(
    write: object, num_channels: int, tmp_path: Path
) -> None:
    last = pixels(20, 32, 40, num_channels)
    for i, array in enumerate((last, last.transpose(0, 3, 1, 2))):
        path = write(tmp_path / f"{i}.{write.__name__}", images=array)
        images = load_images(path, size="32x40")
        assert np.array_equal(images.images, last.transpose(0, 3, 1, 2))
    with pytest.raises(UserError, match="color is rgb; leave it at auto"):
        load_images(path, color="rgb")


def test_an_array_of_colors_stands_before_one_of_two_channels(tmp_path: Path) -> None:
    arrays = {"flow": pixels(20, 32, 32, 2), "seen": pixels(20, 32, 32, 3)}
    assert load_images(npz(tmp_path / "a.npz", **arrays), size=32).image_shape == (3, 32, 32)
    del arrays["seen"]
    assert load_images(npz(tmp_path / "b.npz", **arrays), size=32).image_shape == (2, 32, 32)


def test_colors_can_be_chosen(tmp_path: Path) -> None:
    in_color = npz(tmp_path / "rgb.npz", images=pixels(20, 32, 32, 3))
    assert load_images(in_color, size=32, color="grey").image_shape == (1, 32, 32)
    grey = npz(tmp_path / "grey.npz", images=pixels(20, 32, 32))
    as_rgb = load_images(grey, size=32, color="rgb")
    assert np.array_equal(as_rgb.images, np.repeat(pixels(20, 1, 32, 32), 3, axis=1))


def test_factors_without_names_are_numbered(tmp_path: Path) -> None:
    arrays = {"images": pixels(20, 32, 32), "factors": np.zeros((20, 2))}
    names = load_images(npz(tmp_path / "two.npz", **arrays), size=32).labels.factor_names
    assert names == ("factor_0", "factor_1")
    arrays["factors"] = np.zeros(20)
    assert load_images(npz(tmp_path / "one.npz", **arrays), size=32).labels.factors.shape == (20, 1)


@pytest.mark.parametrize("kind", ["U", "S"])
def test_text_factors_become_levels_and_the_notes_say_so(kind: str, tmp_path: Path) -> None:
    factors = np.array([["ann", "up"], ["bob", "down"]] * 10).astype(kind)
    names = np.array(["person", "pose"]).astype(kind)
    arrays = {"images": pixels(20, 32, 32), "factors": factors, "factor_names": names}
    images = load_images(npz(tmp_path / "a.npz", **arrays), size=32)
    assert images.labels.factors[:2].tolist() == [[0, 1], [1, 0]]
    assert images.info["notes"] == [
        "person is text, numbered in the order of the alphabet: 0 is 'ann', 1 is 'bob'",
        "pose is text, numbered in the order of the alphabet: 0 is 'down', 1 is 'up'",
    ]


def test_3d_shapes_has_its_names(tmp_path: Path) -> None:
    path = shapes_3d(tmp_path / "3dshapes.h5")
    images = load_images(path)
    assert images.info["kind"] == "3D Shapes"
    assert np.array_equal(images.images, pixels(40, 64, 64, 3).transpose(0, 3, 1, 2))
    names = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    assert images.labels.factor_names == names
    with h5py.File(path) as file:
        assert np.array_equal(images.labels.factors, file["labels"])


def test_six_labels_that_are_not_those_of_3d_shapes_are_only_numbered(tmp_path: Path) -> None:
    labels = np.random.default_rng(0).random((40, 6))
    path = h5(tmp_path / "a.h5", images=pixels(40, 64, 64, 3), labels=labels)
    assert load_images(path).labels.factor_names[0] == "factor_0"


def test_an_hdf5_file_with_text(tmp_path: Path) -> None:
    path = h5(
        tmp_path / "a.hdf5",
        imgs=pixels(20, 32, 32),
        factors=[["ann"], ["bob"]] * 10,
        factor_names=["person"],
    )
    images = load_images(path, size=32)
    assert images.labels.factor_names == ("person",)
    assert images.labels.factors[:3, 0].tolist() == [0, 1, 0]


def test_npz_and_hdf5_of_the_same_images_agree(tmp_path: Path) -> None:
    arrays = {"images": pixels(20, 32, 32, 3), "factors": np.arange(20.0)[:, None]}
    packed, other = npz(tmp_path / "a.npz", **arrays), h5(tmp_path / "a.h5", **arrays)
    first, second = load_images(packed, size=32), load_images(other, size=32)
    assert first.fingerprint == second.fingerprint
    assert np.array_equal(first.labels.factors, second.labels.factors)


def test_identical_images_share_a_split(tmp_path: Path) -> None:
    images = load_images(
        npz(tmp_path / "a.npz", images=np.tile(pixels(20, 32, 32), (3, 1, 1))), size=32
    )
    assert np.array_equal(images.labels.split[:20], images.labels.split[40:])
    assert images.info["num_duplicates"] == 40


def test_a_second_start_reads_the_cache_and_a_change_does_not(tmp_path: Path) -> None:
    path = npz(tmp_path / "a.npz", images=pixels(20, 32, 32))
    first = load_images(path, size=32)
    messages: list[str] = []
    again = load_images(path, size=32, progress=lambda what, *_: messages.append(what))
    assert again.folder == first.folder
    assert not messages
    npz(path, images=pixels(20, 32, 32, seed=1))
    assert load_images(path, size=32).fingerprint != first.fingerprint


@pytest.mark.parametrize("write", [npz, h5])
@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"faces": [1.0], "more": [2]}, "but 'faces' .1, float64., 'more' .1, int64.; name the"),
        ({"images": pixels(20, 32)}, r"images has shape \(20, 32\); it must be"),
        ({"images": pixels(20, 32, 32, 5)}, r"images has shape \(20, 32, 32, 5\)"),
        ({"images": pixels(20, 0, 32)}, "images has shape"),
        ({"images": pixels(2, 32, 32)}, "holds 2 image"),
        ({"images": pixels(20, 32, 32).astype(complex)}, "images holds complex128; store whole"),
        ({"images": np.full((20, 32, 32), 1.5)}, "every pixel of .*images is 1.5"),
        ({"images": np.full((20, 32, 32), np.nan)}, "images holds NaN or infinity"),
        ({"images": pixels(20, 16, 16), "crop": 1}, "16x16 is smaller than the crop of 20"),
        ({**IMAGES, "factors": np.zeros((19, 2))}, r"factors has shape \(19, 2\).* the 20 images"),
        ({**IMAGES, "factors": np.zeros((20, 2, 2))}, "factors has shape"),
        ({**IMAGES, "factors": np.full((20, 1), np.inf)}, "factors holds infinity; store numbers"),
        ({**IMAGES, "factors": np.zeros((20, 1), complex)}, "factors holds complex128"),
        (
            {**IMAGES, "factors": np.zeros((20, 2)), "factor_names": [b"a"]},
            r"factor_names is \['a'\]; it needs a different text for each of the 2 factors",
        ),
        (
            {**IMAGES, "factors": np.zeros((20, 2)), "factor_names": [b"a", b"a"]},
            "needs a different text",
        ),
    ],
)
def test_arrays_that_cannot_be_used(
    write: object, arrays: dict, message: str, tmp_path: Path
) -> None:
    path = write(tmp_path / f"a.{write.__name__}", **arrays)
    with pytest.raises(UserError, match=message) as error:
        load_images(path, size=32, crop=20 if "crop" in arrays else "auto")
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_groups_and_numbers_do_not_go_with_archives(tmp_path: Path) -> None:
    path = npz(tmp_path / "a.npz", **IMAGES)
    with pytest.raises(UserError, match="goes with folders"):
        load_images(path, size=32, group="folder")
    with pytest.raises(UserError, match="num goes with built-in data"):
        load_images(path, size=32, num=10)


def test_a_table_that_is_no_table_of_labels_is_not_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"] = pixels(20, 32, 32)
        file.create_dataset("labels", (20, 2**36), "f8", chunks=(1, 1024))
    with pytest.raises(UserError, match=r"labels has shape .* too large .* --factors-key"):
        load_images(tmp_path / "a.h5", size=32)


@pytest.mark.real_data
def test_real_cmu_faces(cmu_faces: Path) -> None:
    images = load_images(cmu_faces, crop="none")
    assert images.images.shape == (624, 1, 64, 64)
    assert images.labels.factor_names == ("user", "pose", "expression", "eyes")
    assert images.labels.factors.max(0).tolist() == [19, 3, 3, 1]
    assert images.images.std() > 30


def test_dsprites_as_hdf5(tmp_path: Path) -> None:
    classes = np.zeros((40, 6), np.int64)
    classes[:, 1:] = np.random.default_rng(1).integers(0, 3, (40, 5))
    with h5py.File(tmp_path / "dsprites.hdf5", "w") as file:
        file["imgs"] = pixels(40, 64, 64) // 128
        group = file.create_group("latents")
        group["classes"], group["values"] = classes, classes * 0.5
    images = load_images(tmp_path / "dsprites.hdf5")
    assert images.info["kind"] == "dSprites"
    assert images.labels.factors.tolist() == classes[:, 1:].tolist()
    assert images.images.max() == 255


@pytest.mark.parametrize("key", ["y", "targets", "latents_values", "classes"])
def test_labels_of_another_name_are_taken_and_said(key: str, tmp_path: Path) -> None:
    values = np.arange(20) % 4
    path = npz(tmp_path / "a.npz", images=pixels(20, 32, 32), **{key: values})
    images = load_images(path, size=32)
    assert images.labels.factor_names == (("factor_0",) if key in TO_SAY else (key,))
    assert images.labels.factors[:, 0].tolist() == values.tolist()
    assert any(key in note for note in images.info["notes"])


def test_images_of_another_name_are_taken_if_there_is_no_doubt(tmp_path: Path) -> None:
    arrays = {"faces": pixels(20, 32, 32), "ids": np.arange(20), "boxes": np.zeros((20, 4))}
    path = npz(tmp_path / "a.npz", **arrays)
    images = load_images(path, size=32)
    assert np.array_equal(images.images[:, 0], arrays["faces"])
    assert images.info["notes"] == [
        "images are taken from faces",
        "also in the file and not used: 'ids' (20, int64), 'boxes' (20 x 4, float64); "
        "--factors-key takes another for labels",
    ]
    chosen = load_images(path, size=32, images_key="faces", factors_key="boxes")
    assert chosen.labels.factors.shape == (20, 4)
    two = npz(tmp_path / "b.npz", a=pixels(20, 32, 32), b=pixels(20, 32, 32))
    with pytest.raises(UserError, match=r"name the one that holds the images by --images-key"):
        load_images(two, size=32)
    with pytest.raises(UserError, match="has no array 'c'; it holds 'a'"):
        load_images(two, size=32, images_key="c")


def test_training_and_test_images_that_lie_apart(tmp_path: Path) -> None:
    images = pixels(30, 28, 28)
    path = npz(
        tmp_path / "mnist.npz",
        x_train=images[:20],
        y_train=np.arange(20) % 5,
        x_test=images[20:],
        y_test=np.arange(10) % 5,
    )
    loaded = load_images(path, size=32)
    assert loaded.indices("test").tolist() == list(range(20, 30))
    assert len(loaded.indices("validation")) > 0
    assert loaded.labels.factor_names == ("y",)
    assert loaded.labels.factors[:, 0].tolist() == [*(np.arange(20) % 5), *(np.arange(10) % 5)]


@pytest.mark.parametrize(
    ("stored", "note"),
    [
        (pixels(20, 32, 32).astype(np.float32) / 127.5 - 1, "lie in -1 to 1"),
        (pixels(20, 32, 32).astype(np.float64), "lie in 0 to 255"),
        (pixels(20, 32, 32).astype(np.uint16) * 16, "end at 4,080: taken as 12 bits"),
        (pixels(20, 32, 32).astype(np.int32), "end at 255: taken as 8 bits"),
        (pixels(20, 32, 32) // 128, "every pixel is 0 or 1: 1 is taken for white"),
        ((pixels(20, 32, 32) // 128).astype(bool), "every pixel is 0 or 1"),
    ],
)
def test_ranges_of_numbers_are_found_and_said(
    stored: np.ndarray, note: str, tmp_path: Path
) -> None:
    images = load_images(npz(tmp_path / "a.npz", images=stored), size=32)
    (said,) = images.info["notes"]
    assert note in said
    expected = pixels(20, 32, 32).astype(int)
    if "0 or 1" in note:
        expected = expected // 128 * 255
    assert np.abs(images.images[:, 0] - expected).max() <= 1


def test_mpi3d_has_the_factors_of_its_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(archive.MPI3D, 24, {"color": 2, "shape": 3, "axis": 4})
    images = load_images(npz(tmp_path / "mpi3d_toy.npz", images=pixels(24, 64, 64, 3)))
    assert images.info["kind"] == "MPI3D"
    assert images.labels.factor_names == ("color", "shape", "axis")
    assert images.labels.factors[:5].tolist() == [
        [0, 0, 0],
        [0, 0, 1],
        [0, 0, 2],
        [0, 0, 3],
        [0, 1, 0],
    ]
    assert "factors follow from their order" in images.info["notes"][0]


def test_labels_can_be_given_to_an_archive(tmp_path: Path) -> None:
    path = npz(tmp_path / "a.npz", images=pixels(20, 32, 32), factors=np.zeros((20, 1)))
    table = {"name": [f"image-{i:06d}" for i in range(20)], "odd": [i % 2 for i in range(20)]}
    images = load_images(path, size=32, labels=table)
    assert images.labels.attribute_names == ("odd",)
    assert images.labels.factor_names == ()
