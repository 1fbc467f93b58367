"""What a user may point at."""

import io
import json
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from unknot.data import cache
from unknot.data.sources import load_images
from unknot.errors import UserError


def picture(seed: int, size: tuple[int, int] = (40, 40), mode: str = "RGB") -> Image.Image:
    rng = np.random.default_rng(seed)
    shape = (*size[::-1], 3) if mode == "RGB" else size[::-1]
    return Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8))


def fill(folder: Path, num: int = 30, suffix: str = ".png", **options: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(num):
        picture(i, **options).save(folder / f"{i:04d}{suffix}")
    return folder


def make_celeba(root: Path, num: int = 30, extra_rows: int = 5) -> Path:
    fill(root / "img_align_celeba", num, ".jpg", size=(178, 218))
    names = [f"{i:04d}.jpg" for i in range(num + extra_rows)]
    flags = [f"{name}  {'1' if i % 3 else '-1'} -1" for i, name in enumerate(names)]
    (root / "list_attr_celeba.txt").write_text(
        "\r\n".join([str(len(names)), "Smiling Bald", *flags]) + "\r\n"
    )
    (root / "list_eval_partition.txt").write_text(
        "\n".join(f"{name} {0 if i < 20 else 1 if i < 25 else 2}" for i, name in enumerate(names))
    )
    return root


def test_a_nested_folder(tmp_path: Path) -> None:
    fill(tmp_path / "a" / "b", 20)
    fill(tmp_path / "c", 10, ".JPG")
    (tmp_path / "notes.txt").write_text("no image")
    fill(tmp_path / ".hidden", 3)
    images = load_images(tmp_path, size=32)
    assert images.images.shape == (30, 3, 32, 32)
    assert images.names[0] == "a/b/0000.png"
    expected = np.asarray(picture(0).resize((32, 32), Image.Resampling.BICUBIC))
    assert np.array_equal(images.images[0], expected.transpose(2, 0, 1))
    assert images.info["num_duplicates"] == 10 - 10  # JPEG and PNG files differ in their bytes


def test_folders_as_groups_and_labels(tmp_path: Path) -> None:
    fill(tmp_path / "cats", 10)
    fill(tmp_path / "dogs", 20)
    images = load_images(tmp_path, size=32, group="folder")
    assert images.labels.group_names == ("cats", "dogs")
    assert images.labels.attribute_names == ("cats", "dogs")
    assert images.labels.attributes[:, 0].sum() == 10
    assert (images.labels.groups == images.labels.attributes[:, 1]).all()
    with pytest.raises(UserError, match="sub-folders"):
        load_images(tmp_path / "cats", size=32, group="folder")


def test_grey_images_have_one_channel_unless_told(tmp_path: Path) -> None:
    fill(tmp_path, 10, mode="L")
    assert load_images(tmp_path, size=32).image_shape == (1, 32, 32)
    assert load_images(tmp_path, size=32, color="rgb").image_shape == (3, 32, 32)


def test_a_zip_equals_its_folder(tmp_path: Path) -> None:
    fill(tmp_path / "images", 12)
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for file in sorted((tmp_path / "images").iterdir()):
            archive.write(file, f"images/{file.name}")
        archive.writestr("__MACOSX/images/._0000.png", b"x")
    packed = load_images(tmp_path / "images.zip", size=32)
    assert np.array_equal(packed.images, load_images(tmp_path / "images", size=32).images)


def test_celeba_layout(tmp_path: Path) -> None:
    images = load_images(make_celeba(tmp_path), size=32)
    assert images.info["kind"] == "CelebA"
    assert images.info["split_by"] == "official"
    assert [len(images.indices(s)) for s in ("train", "validation", "test")] == [20, 5, 5]
    assert images.labels.attribute_names == ("Smiling", "Bald")
    assert images.labels.attributes[:4].tolist() == [[0, 0], [1, 0], [1, 0], [0, 0]]
    assert images.info["notes"] == [
        "5 rows of list_attr_celeba.txt name images that are not here: ignored",
        "5 rows of list_eval_partition.txt name images that are not here: ignored",
    ]
    whole = Image.open(tmp_path / "img_align_celeba" / "0000.jpg")
    cropped = whole.resize((32, 32), Image.Resampling.BICUBIC, box=(15, 35, 163, 183))
    assert np.array_equal(images.images[0], np.asarray(cropped).transpose(2, 0, 1))


def test_celeba_as_a_zip_and_by_its_image_folder(tmp_path: Path) -> None:
    make_celeba(tmp_path)
    by_folder = load_images(tmp_path / "img_align_celeba", size=32)
    assert by_folder.labels.attribute_names == ("Smiling", "Bald")
    with zipfile.ZipFile(tmp_path / "img_align_celeba.zip", "w") as archive:
        for file in (tmp_path / "img_align_celeba").iterdir():
            archive.write(file, f"img_align_celeba/{file.name}")
            file.unlink()
    (tmp_path / "img_align_celeba").rmdir()
    assert np.array_equal(load_images(tmp_path, size=32).images, by_folder.images)


def test_partial_celeba_without_an_official_split_is_split_by_name(tmp_path: Path) -> None:
    images = load_images(make_celeba(tmp_path, num=15, extra_rows=15), size=32)
    assert images.info["split_by"] == "name"
    assert any("no official validation or test" in note for note in images.info["notes"])
    assert all(len(images.indices(s)) for s in ("train", "validation", "test"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("35\r\n", "34\r\n", "says it has 34 rows but has 35"),
        ("0003.jpg  -1 -1", "0003.jpg  -1", "line 6: 1 values where 2 are expected"),
        ("0003.jpg", "9999.jpg", "no row for 1 of 30 images"),
        ("0003.jpg  -1 -1", "0003.jpg  -1 7", "'7' where only -1, 1 may stand"),
    ],
)
def test_attribute_rows_that_do_not_match(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = make_celeba(tmp_path) / "list_attr_celeba.txt"
    path.write_bytes(path.read_bytes().replace(old.encode(), new.encode(), 1))
    with pytest.raises(UserError, match=message):
        load_images(tmp_path, size=32)


def test_unreadable_files_among_good_ones_are_named_skipped_and_counted(tmp_path: Path) -> None:
    fill(tmp_path, 38)
    good = (tmp_path / "0003.png").read_bytes()
    (tmp_path / "0003x.png").write_bytes(good[: len(good) // 2])
    (tmp_path / "0005x.jpg").write_text("a text file")
    images = load_images(tmp_path, size=32)
    assert len(images) == 38
    assert list(images.info["unreadable"]) == ["0003x.png", "0005x.jpg"]
    assert images.names == tuple(f"{i:04d}.png" for i in range(38))
    for i in (0, 3, 4, 5, 6, 37):
        expected = np.asarray(picture(i).resize((32, 32), Image.Resampling.BICUBIC))
        assert np.array_equal(images.images[i], expected.transpose(2, 0, 1))


def test_too_many_unreadable_files_are_an_error(tmp_path: Path) -> None:
    fill(tmp_path, 10)
    for i in range(2):
        (tmp_path / f"bad{i}.jpg").write_text("text")
    with pytest.raises(UserError, match=r"2 of 12 .*bad0.jpg: not a picture.*1 in 10"):
        load_images(tmp_path, size=32)


def test_paths_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        load_images(tmp_path / "nowhere")
    with pytest.raises(UserError, match="no image in"):
        load_images(tmp_path)
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(UserError, match="no image in"):
        load_images(tmp_path)
    with pytest.raises(UserError, match="neither a folder nor a zip"):
        load_images(tmp_path / "a.txt")
    (tmp_path / "a.zip").write_text("x")
    with pytest.raises(UserError, match="not a zip that can be read"):
        load_images(tmp_path / "a.zip")


def test_a_zip_that_points_outside_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../evil.png", b"x")
    with pytest.raises(UserError, match="points outside the zip"):
        load_images(tmp_path / "evil.zip")


def test_a_damaged_zip_member_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "images.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(20):
            buffer = io.BytesIO()
            picture(i).save(buffer, "BMP")
            archive.writestr(f"{i:02d}.bmp", buffer.getvalue())
        offset = archive.getinfo("07.bmp").header_offset
    content = bytearray(path.read_bytes())
    content[offset + 60 : offset + 200] = bytes(140)
    path.write_bytes(content)
    images = load_images(path, size=32)
    assert list(images.info["unreadable"]) == ["07.bmp"]


def test_a_second_start_reads_the_cache_and_a_change_does_not(tmp_path: Path) -> None:
    fill(tmp_path, 12)
    first = load_images(tmp_path, size=32)
    told: list[str] = []
    second = load_images(tmp_path, size=32, progress=lambda what, *_: told.append(what))
    assert second.folder == first.folder
    assert not told
    picture(99).save(tmp_path / "0003.png")
    third = load_images(tmp_path, size=32, progress=lambda what, *_: told.append(what))
    assert told
    assert third.fingerprint != first.fingerprint
    assert load_images(tmp_path, size=64).fingerprint != third.fingerprint


@pytest.mark.parametrize("file", ["images.u8", "info.json", "labels.npz"])
def test_a_cache_entry_cut_in_half_is_made_again(file: str, tmp_path: Path) -> None:
    fill(tmp_path, 12)
    first = load_images(tmp_path, size=32)
    expected = np.array(first.images)
    damaged = first.folder / file
    damaged.write_bytes(damaged.read_bytes()[: damaged.stat().st_size // 2])
    assert np.array_equal(load_images(tmp_path, size=32).images, expected)


def test_two_at_once_fill_one_entry(tmp_path: Path) -> None:
    fill(tmp_path, 40)
    found: list[str] = []
    loads = [
        threading.Thread(target=lambda: found.append(load_images(tmp_path, size=32).fingerprint))
        for _ in range(4)
    ]
    for load in loads:
        load.start()
    for load in loads:
        load.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_a_disk_without_room_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, 12)
    monkeypatch.setattr(cache, "SPARE_BYTES", 2**60)
    with pytest.raises(UserError, match=r"MiB free; make room"):
        load_images(tmp_path, size=32)


def test_clearing_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNKNOT_CACHE", str(tmp_path / "cache"))
    load_images(fill(tmp_path / "images", 12), size=32)
    num, size = cache.clear_cache()
    assert num == 1
    assert size >= 12 * 3 * 32 * 32
    assert not any((tmp_path / "cache").iterdir())


def test_arrays_tensors_and_pillow_images_agree() -> None:
    pictures = [picture(i, (32, 32)) for i in range(20)]
    array = np.stack([np.asarray(p) for p in pictures])
    attributes = {"odd": [i % 2 for i in range(20)]}
    factors = {"place": np.linspace(0, 1, 20)}
    sets = [
        load_images(source, size=32, attributes=attributes, factors=factors)
        for source in (
            pictures,
            array,
            array.transpose(0, 3, 1, 2),
            torch.from_numpy(array.transpose(0, 3, 1, 2).copy()),
            array.astype(np.float32) / 255,
        )
    ]
    for images in sets:
        assert np.array_equal(images.images, array.transpose(0, 3, 1, 2))
        assert images.labels.attribute_names == ("odd",)
        assert images.labels.factors[:, 0].tolist() == factors["place"].tolist()
    assert len({images.fingerprint for images in sets}) == 1
    assert load_images(array[..., 0], size=32).image_shape == (1, 32, 32)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros((5, 32, 32, 4), np.uint8), "has shape"),
        (np.zeros((5, 32, 32, 3), np.int64), "it must be uint8"),
        (np.full((5, 32, 32, 3), 2.0), "between 0 and 1"),
        (np.full((5, 32, 32, 3), np.nan), "between 0 and 1"),
        ([1, 2, 3], "cannot load images from list"),
        ([], "cannot load images from list"),
        (42, "cannot load images from int"),
    ],
)
def test_arrays_that_are_no_images(source: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_images(source, size=32)


def test_labels_of_the_wrong_length() -> None:
    array = np.random.default_rng(0).integers(0, 255, (9, 32, 32, 3), dtype=np.uint8)
    with pytest.raises(UserError, match="one value for each of the 9"):
        load_images(array, size=32, attributes={"odd": [1, 0]})
    with pytest.raises(UserError, match="not 1, 0 or -1"):
        load_images(array, size=32, attributes={"odd": [5] * 9})


def test_info_is_json_without_surprises(tmp_path: Path) -> None:
    images = load_images(fill(tmp_path, 12), size=32)
    assert json.loads((images.folder / "info.json").read_text()) == images.info


@pytest.mark.real_data
def test_real_celeba_subset(celeba: Path) -> None:
    images = load_images(celeba, crop="none")
    splits = [len(images.indices(s)) for s in ("train", "validation", "test")]
    assert splits == [24_152, 2_945, 2_903]
    assert len(images.labels.attribute_names) == 40
    smiling = images.labels.attributes[:, images.labels.attribute_names.index("Smiling")]
    assert 0.45 < smiling.mean() < 0.52
