"""What a user may point at, and the entries of the cache that come of it."""

import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.pictures import fill, picture, stored_png
from tests.data.your_data import BUILDERS, NUM
from unknot.common.errors import UserError
from unknot.common.plugins import load_plugin
from unknot.data import sources
from unknot.data.image_set import ImageSet
from unknot.data.load import load_images
from unknot.data.sources import BUILT_IN, SOURCES, LoadOptions, Scan, Written, find_source

AS_PREPARED = {"size": 32, "crop": "auto", "color": "auto"}


def noise() -> np.ndarray:
    """Draw twenty RGB images of 32 pixels, the same on every machine."""
    return np.random.Generator(np.random.PCG64(0)).integers(0, 256, (20, 32, 32, 3), np.uint8)


def write_noise(folder: Path) -> Path:
    folder.mkdir()
    for i, pixels in enumerate(noise()):
        (folder / f"{i:02d}.png").write_bytes(stored_png(pixels))
    return folder


# The literal numbers below are of version 0.1.0: experiments hold fingerprints, and caches the
# names of entries of built-in images and of arrays, so neither may change.


@pytest.mark.parametrize(
    ("name", "size", "fingerprint", "entry"),
    [
        ("faces", 32, "42b14509a84e606354f8db5580e87f63", "4bad555f870f43b632da7d14bccab1fe"),
        ("faces", 64, "863abd2a00e3e0781d0aaad32f9678f9", "4add43c9c4e86e6f3fd64e87dd3491f4"),
        ("sprites", 32, "cbd83a9b0bde085186699f4c9d25968b", "c95d1dbfd13cde9a14aae817c02a1896"),
        (
            "sprites",
            "64x64",
            "90bd0ecd361ff3963aa714657740943e",
            "1935b22edd4d9c44e0a1b63cde236ae1",
        ),
    ],
)
def test_built_in_data_stay_what_they_were(
    name: str, size: int | str, fingerprint: str, entry: str
) -> None:
    images = load_images(name, num=200, size=size)
    assert images.fingerprint == fingerprint
    assert images.folder.name == entry


def test_a_folder_and_a_zip_stay_what_they_were(tmp_path: Path) -> None:
    folder, packed = write_noise(tmp_path / "noise"), tmp_path / "noise.zip"
    files = sorted(folder.iterdir())
    with zipfile.ZipFile(packed, "w") as archive:
        for file in files:
            archive.write(file, file.name)
    for path in (folder, packed):
        images = load_images(path, size=32)
        assert np.array_equal(images.images, noise().transpose(0, 3, 1, 2))
        assert images.fingerprint == "07887de317e3e46acabd5bb262579a81"


def test_an_archive_stays_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "noise.npz"
    np.savez(path, images=noise(), factors=np.arange(40.0).reshape(20, 2))
    assert load_images(path, size=32).fingerprint == "2ba09f74423fafa38c6f8056f8bd64a6"


@pytest.mark.parametrize(
    ("factors", "entry"),
    [
        ({}, "85c1dc5a31735642e54dc33a19811d71"),
        ({"place": np.arange(20)}, "4c4c9db864b60c9ca17a24c7008a67a0"),
    ],
)
def test_an_array_stays_what_it_was(factors: dict, entry: str) -> None:
    odd = [i % 2 for i in range(20)]
    images = load_images(noise(), size=32, attributes={"odd": odd}, factors=factors)
    assert images.fingerprint == "2ba09f74423fafa38c6f8056f8bd64a6"
    assert images.folder.name == entry


def test_what_is_said_of_a_set_keeps_its_order(small_faces: ImageSet) -> None:
    assert list(json.loads((small_faces.folder / "info.json").read_text())) == [
        "source",
        "kind",
        "shape",
        "names",
        "preparation",
        "fingerprint",
        "options",
        "repeatable",
        "split_by",
        "factor_levels",
        "num_found",
        "num_duplicates",
        "unreadable",
        "passing",
        "notes",
        "attribute_names",
        "factor_names",
        "group_names",
    ]


class OneColorSource:
    """Images of a single color each, by a name that starts with `color:`."""

    def matches(self, given: Any) -> bool:
        return str(given).startswith("color:")

    def scan(self, given: Any, options: LoadOptions) -> Scan:
        size = options.preparation.size

        def write(pixels: Path) -> Written:
            levels = np.arange(12, dtype=np.uint8)
            pixels.write_bytes(np.repeat(levels, size**2).tobytes())
            names = [f"level-{i}" for i in levels]
            digests = [bytes([level]) for level in levels]
            return Written(kind="color", image_shape=(1, size, size), names=names, digests=digests)

        return Scan(
            source=str(given),
            key=(str(given), size),
            preparation=options.preparation,
            num_bytes=12 * size**2,
            write=write,
        )


ONE_COLOR = OneColorSource()


def test_a_new_format_is_a_file_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"color": f"{__name__}:ONE_COLOR"}
    monkeypatch.setattr(sources, "SOURCES", {**entry, **SOURCES})
    images = load_images("color:grey", size=32)
    assert images.images[:, 0, 0, 0].tolist() == list(range(12))
    assert all(len(images.indices(split)) for split in ("train", "validation", "test"))
    assert images.info["kind"] == "color"
    assert load_images("color:grey", size=32).folder == images.folder


def test_every_source_says_what_it_is() -> None:
    for name in SOURCES:
        source = load_plugin("source", name, SOURCES)
        assert source.__doc__
        assert not source.matches("nothing like that")
    assert all(name in SOURCES for name in BUILT_IN)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("faces", "faces"),
        (Path("sprites"), "sprites"),
        ("./faces", None),
        (np.zeros((3, 32, 32), np.uint8), "memory"),
        (42, "memory"),
    ],
)
def test_the_first_source_that_knows_what_was_given_is_taken(given: object, name: str) -> None:
    expected = load_plugin("source", name, SOURCES) if name else None
    assert find_source(given) is expected


def test_options_that_go_with_another_kind_of_source(tmp_path: Path) -> None:
    fill(tmp_path, 12)
    for given in (tmp_path, "faces"):
        with pytest.raises(UserError, match="attributes and factors go with arrays"):
            load_images(given, size=32, attributes={"odd": [0] * 12})
    with pytest.raises(UserError, match="num goes with built-in data; a path is read whole"):
        load_images(tmp_path, size=32, num=5)


def test_labels_and_keys_that_go_with_another_kind_of_source(tmp_path: Path) -> None:
    fill(tmp_path, 12)
    with pytest.raises(UserError, match="go with a file of arrays"):
        load_images(tmp_path, size=32, images_key="x")
    with pytest.raises(UserError, match="faces are built in with all their factors"):
        load_images("faces", size=32, labels={"name": ["a"]})
    with pytest.raises(UserError, match="give attributes and factors with images in memory"):
        load_images(noise(), size=32, labels={"name": ["a"]})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.png", "is one picture; give the folder that it lies in"),
        ("a.csv", "is a table; give the folder of its images"),
        ("a.mp4", "is a video; take its pictures out with"),
        ("a.7z", "cannot be read itself; unpack it to use it"),
        ("a.pkl", "never unpickled"),
        ("a.txt", "neither a folder nor a zip or tar"),
    ],
)
def test_files_that_are_no_data_set_say_what_to_give(
    name: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text("x")
    with pytest.raises(UserError, match=message):
        load_images(tmp_path / name)


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


def test_a_second_start_reads_the_cache_and_a_change_does_not(tmp_path: Path) -> None:
    fill(tmp_path, 12)
    first = load_images(tmp_path, size=32)
    messages: list[str] = []
    second = load_images(tmp_path, size=32, progress=lambda what, *_: messages.append(what))
    assert second.folder == first.folder
    assert not messages
    picture(99).save(tmp_path / "0003.png")
    third = load_images(tmp_path, size=32, progress=lambda what, *_: messages.append(what))
    assert messages
    assert third.fingerprint != first.fingerprint
    assert load_images(tmp_path, size=64).fingerprint != third.fingerprint


PAGE = Path(__file__).parents[2] / "docs" / "data.md"


def _rows_of_the_page() -> list[str]:
    """Give the lines of the first table of "Your data" that load files."""
    text = PAGE.read_text().split("\n\n")
    rows = next(part for part in text if part.startswith("| what you have")).splitlines()[2:]
    lines = [re.findall(r"`([^`]+)`", row.split("|")[2])[0] for row in rows]
    return [line for line in lines if line.startswith("unknot compare") and "faces" not in line]


def test_every_row_of_your_data_is_made_here() -> None:
    assert len(_rows_of_the_page()) == len(BUILDERS)


@pytest.mark.parametrize(("line", "build"), list(zip(_rows_of_the_page(), BUILDERS)))
def test_the_lines_of_your_data(
    line: str, build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if build.__name__ == "parquet":
        pytest.importorskip("pyarrow")
    expected = build(tmp_path)
    monkeypatch.chdir(tmp_path)
    _, _, source, *options = line.split()
    given = dict(zip([name.removeprefix("--") for name in options[::2]], options[1::2]))
    images = load_images(source, size=64 if source == "dsprites.npz" else 32, crop="none", **given)
    assert images.labels.attribute_names == expected.attributes
    assert images.labels.factor_names == expected.factors
    number = _numbers(images)
    if expected.attributes:
        assert images.labels.attributes[:, 0].tolist() == (number % 2).tolist()
    if expected.factors and source not in ("cars", "Falcor3D"):
        assert images.labels.factors[:, 0].tolist() == (number % 5).tolist()
    if source == "cars":
        assert (24 * images.labels.factors[:, 1] + images.labels.factors[:, 2] == number).all()
    if source == "Falcor3D":
        assert images.labels.factors[:, -1].tolist() == (number % 6).tolist()
    if expected.test is not None:
        assert sorted(number[images.indices("test")]) == list(range(expected.test, NUM))
    if "people" in options:
        names = [images.labels.group_names[group] for group in images.labels.groups]
        assert names == [f"person-{i % 7}" for i in number]


def _numbers(images: ImageSet) -> np.ndarray:
    """Tell each picture's number from its brightness, or from its first pixels."""
    if images.info["kind"] == "dSprites":
        return (images.images[:, 0, 0, :6] // 255 << np.arange(6)).sum(1)
    return images.images[:, 0, 16, 16].astype(int)


def test_larger_pictures_are_left_out_and_taken_where_that_is_asked_for(tmp_path: Path) -> None:
    fill(tmp_path, 12)
    picture(0, (60, 60)).save(tmp_path / "large.png")
    usual = load_images(tmp_path, size=32)
    assert len(usual) == 13
    some = load_images(tmp_path, size=32, max_pixels=2_000)
    assert some.info["unreadable"] == {
        "large.png": "60x60 has more than 2,000 pixels; --max-pixels takes more"
    }
    assert some.folder != usual.folder
    assert some.info["options"]["max_pixels"] == 2_000


@pytest.mark.parametrize("name", ["set.npz", "set.npy", "set.h5", "set.zip", "set", "labels.csv"])
def test_a_pipe_is_never_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(UserError, match="is a pipe, a socket or a device"):
        load_images(tmp_path / name)
    with pytest.raises(UserError, match="is a pipe, a socket or a device"):
        load_images(fill(tmp_path / "pictures", 12), labels=tmp_path / name)


def test_permissions_are_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.npz").write_bytes(b"x")
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(UserError, match="may not be read by you; ask its owner for permission"):
        load_images(tmp_path / "a.npz")
