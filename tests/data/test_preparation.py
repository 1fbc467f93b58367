"""How a picture shall become an image."""

import subprocess
import sys

import pytest

from unknot.common.errors import UserError
from unknot.data.preparation import Preparation


@pytest.mark.parametrize(
    "wrong", [{"size": 48}, {"crop": "big"}, {"crop": "0"}, {"crop": "-4"}, {"color": "sepia"}]
)
def test_bad_preparation_is_refused(wrong: dict) -> None:
    with pytest.raises(UserError, match=next(iter(wrong))):
        Preparation(**wrong)


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
