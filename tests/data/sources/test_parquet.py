"""Parquet files of images."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from unknot.common.errors import UserError
from unknot.data.load import load_images

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def picture(value: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (32, 32), value).save(buffer, "PNG")
    return buffer.getvalue()


def write(path: Path, values: list[int], **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(
        {
            "image": [{"bytes": picture(v), "path": f"{v}.png"} for v in values],
            "label": [v % 2 for v in values],
            "kind": [v % 3 for v in values],
        }
    )
    features = {"kind": {"names": ["low", "mid", "top"], "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(table.replace_schema_metadata(metadata), path, row_group_size=7, **options)


def test_splits_and_labels_come_with_the_files(tmp_path: Path) -> None:
    write(tmp_path / "data" / "train-00000-of-00002.parquet", list(range(30)))
    write(tmp_path / "data" / "train-00001-of-00002.parquet", list(range(30, 40)))
    write(tmp_path / "data" / "test-00000-of-00001.parquet", list(range(40, 60)))
    (tmp_path / "README.md").write_text("a card")
    images = load_images(tmp_path, size=32)
    values = images.images[:, 0, 0, 0]
    assert images.info["kind"] == "parquet"
    assert images.labels.attributes[:, 0].tolist() == (values % 2).tolist()
    assert images.labels.factors[:, 0].tolist() == (values % 3).tolist()
    assert images.info["factor_levels"] == {"kind": ["low", "mid", "top"]}
    assert sorted(values[images.indices("test")].tolist()) == list(range(40, 60))
    assert len(images.indices("validation")) > 0


def test_one_file_is_enough(tmp_path: Path) -> None:
    write(tmp_path / "images.parquet", list(range(20)))
    images = load_images(tmp_path / "images.parquet", size=32)
    assert images.images[:, 0, 0, 0].tolist() == list(range(20))


def test_a_file_without_images_and_a_damaged_one(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / "x.parquet")
    with pytest.raises(UserError, match="no column of images, but x"):
        load_images(tmp_path / "x.parquet")
    (tmp_path / "y.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match="cannot be read"):
        load_images(tmp_path / "y.parquet")
