"""What several tests share: a cache of their own, and small built-in data."""

import os
from pathlib import Path

import pytest

from unknot.data.image_set import ImageSet
from unknot.data.sources import load_images

CELEBA = Path(__file__).parents[2] / "shared" / "data" / "celeba-30k"


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep prepared images of tests out of the user's cache."""
    place = tmp_path_factory.mktemp("cache")
    os.environ["UNKNOT_CACHE"] = str(place)
    return place


@pytest.fixture(scope="session")
def small_faces(own_cache: Path) -> ImageSet:
    """200 built-in faces of 32 pixels."""
    return load_images("faces", num=200, size=32)


@pytest.fixture(scope="session")
def bare_faces(small_faces: ImageSet) -> ImageSet:
    """The same pictures without labels: nothing is measured of their codes."""
    return load_images(small_faces.images)


@pytest.fixture(scope="session")
def celeba() -> Path:
    """A subset of CelebA that is not part of the project."""
    if not CELEBA.is_dir():
        pytest.skip(f"needs real images in {CELEBA}")
    return CELEBA
