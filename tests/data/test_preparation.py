"""How a picture shall become an image."""

import subprocess
import sys

import pytest

from unknot.common.errors import UserError
from unknot.data.preparation import Preparation, plain_size


@pytest.mark.parametrize(
    "wrong",
    [
        *({"size": size} for size in (27, 257, 0, -64, 64.0, True, "64x", "x64", "1e3", "64x64x3")),
        *({"size": size} for size in ("", "96x300", "96 x 128", "٦٤", (96, 128), None)),
        {"crop": "big"},
        {"crop": "0"},
        {"crop": "-4"},
        {"crop": "60", "size": "96x128"},
        {"color": "sepia"},
    ],
)
def test_bad_preparation_is_refused(wrong: dict) -> None:
    with pytest.raises(UserError, match=next(iter(wrong))):
        Preparation(**wrong)


@pytest.mark.parametrize(
    ("size", "plain", "shape"),
    [
        (28, 28, (28, 28)),
        ("64", 64, (64, 64)),
        ("96x96", 96, (96, 96)),
        ("96x128", "96x128", (96, 128)),
        (256, 256, (256, 256)),
    ],
)
def test_sizes(size: int | str, plain: int | str, shape: tuple[int, int]) -> None:
    preparation = Preparation(size=size)
    assert preparation.size == plain == plain_size(size)
    assert type(preparation.size) is type(plain)
    assert (preparation.height, preparation.width) == shape
    assert preparation.is_square == (shape[0] == shape[1])
    assert preparation.image_shape(2) == (2, *shape)


def test_as_dict_gives_every_field() -> None:
    preparation = Preparation(size=32, crop="100", color="grey")
    assert preparation.as_dict() == {"size": 32, "crop": "100", "color": "grey"}
    assert Preparation(**preparation.as_dict()) == preparation


def test_the_names_of_sources_are_had_without_heavy_imports() -> None:
    code = (
        "import sys, unknot.data.sources, unknot.data.preparation; "
        "sys.exit(bool({'numpy', 'torch', 'PIL', 'rich'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
