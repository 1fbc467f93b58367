"""Files of codes and the labels in them."""

from pathlib import Path

import numpy as np
import torch

from unknot.common.reading import read_arrays
from unknot.data.load import load_images
from unknot.data.table_choice import CODES_HEADER
from unknot.data.table_files import read_table
from unknot.models.vae import Posterior
from unknot.runs.codes_file import (
    joined_labels,
    labels_in,
    write_codes_file,
    write_codes_table,
)

POSTERIOR = Posterior(mean=torch.arange(40.0).reshape(20, 2), logvar=torch.zeros(20, 2))


def test_labels_come_back_with_their_names(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 3, 32, 32), np.uint8)
    images = load_images(
        pixels, size=32, attributes={"smiling": np.tile([1, 0, -1], 10)}, factors={"age": range(30)}
    )
    rows = np.arange(5, 25)
    write_codes_file(tmp_path / "codes.npz", images, rows, POSTERIOR)
    arrays = read_arrays(tmp_path / "codes.npz")
    labels, names = labels_in(arrays)
    assert names == ("age", "smiling")
    assert labels[:, 0].tolist() == rows.tolist()
    assert np.isnan(labels[:, 1]).tolist() == (rows % 3 == 2).tolist()
    assert arrays["posterior_mean"].tolist() == POSTERIOR.mean.tolist()


def test_a_table_has_a_row_for_each_image(tmp_path: Path) -> None:
    write_codes_table(tmp_path / "codes.csv", [f"{i}.png" for i in range(20)], POSTERIOR)
    lines = (tmp_path / "codes.csv").read_text().splitlines()
    assert lines[0] == "name,mean_0,mean_1,logvar_0,logvar_1"
    assert lines[3] == "2.png,4.0,5.0,0.0,0.0"


def test_missing_attributes_are_nan() -> None:
    joined = joined_labels(np.array([[0.5], [1.5]]), np.array([[-1], [1]], np.int8))
    assert np.isnan(joined[0, 1])
    assert joined[1].tolist() == [1.5, 1.0]


def test_the_table_begins_as_tables_of_codes_do(tmp_path: Path) -> None:
    write_codes_table(tmp_path / "codes.csv", ["a.png"] * 20, POSTERIOR)
    assert (tmp_path / "codes.csv").read_text().startswith(CODES_HEADER)


def test_no_name_is_a_formula_in_the_table_and_all_are_read_as_they_were(tmp_path: Path) -> None:
    names = ["=1+1", "+a", "-5", "@b", "'=c", "''-d", "'tis", "plain", '=H("x,y")', "a=b"] * 2
    write_codes_table(tmp_path / "codes.csv", names, POSTERIOR)
    content = (tmp_path / "codes.csv").read_bytes()
    lines = content.decode().splitlines()[1:]
    assert not [line for line in lines if line.lstrip('"').startswith(tuple("=+-@"))]
    negative = Posterior(mean=-POSTERIOR.mean, logvar=POSTERIOR.logvar)
    write_codes_table(tmp_path / "negative.csv", names, negative)
    assert ",-38.0,-39.0," in (tmp_path / "negative.csv").read_text()
    table = read_table("codes.csv", content)
    assert list(table.columns["name"]) == names
    assert list(table.columns["mean_0"])[:2] == ["0.0", "2.0"]
