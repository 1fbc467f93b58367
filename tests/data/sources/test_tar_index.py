"""Where the files of a tar lie."""

import io
import tarfile
from pathlib import Path

import pytest

from unknot.data.sources.tar_index import TarEntry, _NotPlain, _plain_entries, list_tar


def _write(path: Path, names: list[str], format: int, **options: object) -> Path:
    with tarfile.open(path, "w", format=format) as archive:
        for number, name in enumerate(names):
            info = tarfile.TarInfo(name)
            content = bytes([number]) * (100 * number)
            info.size = len(content)
            for key, value in options.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content))
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    return path


def _by_tarfile(path: Path) -> list[TarEntry]:
    with tarfile.open(path) as archive:
        return [TarEntry(i.name, i.offset_data, i.size) for i in archive if i.isreg()]


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("name", ["a.png", "deep/" * 20 + "b.png", "ä.png"])
def test_plain_tars_are_listed_as_pythons_reader_does(
    format: int, name: str, tmp_path: Path
) -> None:
    path = _write(tmp_path / "x.tar", ["first.png", name, "last.png"], format)
    with path.open("rb") as file:
        assert list_tar(file) == _by_tarfile(path)


def test_times_in_fractions_of_a_second_are_no_hindrance(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.tar", ["a.png", "b.png"], tarfile.PAX_FORMAT, mtime=1.5)
    with path.open("rb") as file:
        assert list(_plain_entries(file)) == _by_tarfile(path)


def test_long_names_are_left_to_pythons_reader(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.tar", ["x" * 300 + ".png"], tarfile.PAX_FORMAT)
    with path.open("rb") as file:
        with pytest.raises(_NotPlain):
            list(_plain_entries(file))
        assert list_tar(file) == _by_tarfile(path)


@pytest.mark.parametrize("content", [b"", b"no tar" * 1000])
def test_what_is_no_tar(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(content)
    with (tmp_path / "x.tar").open("rb") as file, pytest.raises(tarfile.TarError):
        list_tar(file)


def test_a_header_that_was_changed_is_not_trusted(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.tar", ["a.png", "b.png"], tarfile.USTAR_FORMAT)
    content = bytearray(path.read_bytes())
    content[3] ^= 1
    path.write_bytes(content)
    with path.open("rb") as file, pytest.raises(tarfile.TarError):
        list_tar(file)
