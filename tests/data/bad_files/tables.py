"""Tables of labels that are damaged, endless, or no tables."""

import json
from collections.abc import Callable, Iterator

from tests.data.bad_files.case import Case, among_good, damaged, labelling
from tests.data.bad_files.seeds import NUM, TABLES, good_pictures, npz, parquet

NAMES = tuple(good_pictures())


def cases() -> Iterator[Case]:
    """Give every bad table, each with good pictures."""
    for name, content in TABLES.items():
        for done, bad in damaged(content(), name):
            yield Case("labels, damaged", f"{name} {done}", labelling(name, lambda b=bad: b))
        yield Case("labels, damaged", f"{name} empty", labelling(name, bytes), must_refuse=True)
    for name, make in ODD.items():
        yield Case("labels, odd", name, labelling(name.split()[0], make))
    for name in ("metadata.csv", "metadata.jsonl", "metadata.parquet"):
        bad = b'file_name,a\n"000.png,1\n' if name.endswith("csv") else b"\xff\xfe000.png\0"
        yield Case("labels, odd", f"{name} among the pictures", among_good(name, lambda b=bad: b))


def csv(*columns: str, header: str = "file_name,a", end: str = "\n") -> bytes:
    """Write a table with a row for each picture."""
    rows = [",".join((name, *columns)) for name in NAMES]
    return end.join([header, *rows]).encode("utf-8", "surrogateescape")


def jsonl(**values: object) -> bytes:
    """Write a line of JSON for each picture."""
    return "\n".join(json.dumps({"file_name": name, **values}) for name in NAMES).encode()


ODD: dict[str, Callable[[], bytes]] = {
    "nul.csv with a NUL": lambda: csv("1\0"),
    "nuls.csv of NULs": lambda: b"file_name,a\n" + bytes(10_000),
    "wide.csv of 10^7 columns": lambda: b"file_name" + b",a" * 10**7,
    "wide2.csv of 10^6 different columns": lambda: csv(
        "0," * 999_999 + "1", header="file_name," + ",".join(map(str, range(10**6)))
    ),
    "cells.csv of 10^7 empty columns": lambda: b"file_name" + b"," * 10**7 + b"\n000.png\n",
    "line.csv of one line of 1 GB": lambda: b"a" * 2**30,
    "lines.csv of 5 x 10^7 empty lines": lambda: b"file_name,a\n" + b"\n" * 50_000_000,
    "quote.csv with a quote that never ends": lambda: (
        b'file_name,a\n"000.png,1\n' + b"x" * 3_000_000
    ),
    "quotes.csv of quotes": lambda: b"file_name,a\n" + b'"' * 1_000_001,
    "twice.csv with two columns of a name": lambda: csv("1", "2", header="file_name,a,a"),
    "none.csv without columns": lambda: b"\n\n\n",
    "header.csv of a header": lambda: b"file_name,a\n",
    "rows.csv with rows of other lengths": lambda: csv("1", "2"),
    "others.csv of other pictures": lambda: b"file_name,a\nx.png,1\ny.png,2\n",
    "same.csv with two rows a picture": lambda: csv("1") + b"\n000.png,2\n",
    "digits.csv of numbers of 5,000 digits": lambda: csv("9" * 5_000),
    "inf.csv of infinity": lambda: csv("inf"),
    "nan.csv of nan": lambda: csv("nan"),
    "exponent.csv of 1e999": lambda: csv("1e999"),
    "formula.csv of formulas": lambda: csv("=HYPERLINK(1)"),
    "script.csv of other digits": lambda: csv("\u0663\u0664"),
    "bidi.csv of characters that turn": lambda: csv("\u202eabc", header="file_name,\u202eab"),
    "control.csv of a name with a bell": lambda: csv("1", header="file_name,a\x07"),
    "latin.csv that is not UTF-8": lambda: csv("\udce9"),
    "utf16.csv cut": lambda: csv("1").decode().encode("utf-16")[:-1],
    "utf16be.csv of half characters": lambda: b"\xfe\xff" + b"\xd8\x00" * 100,
    "cr.csv of lone CRs": lambda: csv("1", end="\r"),
    "png.csv is a PNG": lambda: good_pictures()["000.png"],
    "npz.csv is an npz": lambda: npz(a=[1]),
    "deep.json nested 100,000 deep": lambda: b"[" * 100_000,
    "deep.jsonl nested 100,000 deep": lambda: b'{"file_name": ' + b"[" * 100_000,
    "closed.json nested 900 deep": lambda: b"[" * 900 + b"]" * 900,
    "list.jsonl of lists as values": lambda: jsonl(a=[1, [2]]),
    "mixed.jsonl of mixed values": lambda: (
        b'{"file_name": "000.png", "a": 1}\n{"file_name": 3}\n[]\n'
    ),
    "digits.jsonl of numbers of 5,000 digits": lambda: jsonl(a=0).replace(
        b": 0", b": " + b"9" * 5_000
    ),
    "large.jsonl of numbers of 400 digits": lambda: jsonl(a=0).replace(b": 0", b": " + b"9" * 400),
    "nan.jsonl": lambda: jsonl(a=float("nan")),
    "inf.jsonl": lambda: jsonl(a=float("inf")),
    "half.jsonl of lone surrogates": lambda: jsonl(**{"a\ud800": "\udfff"}),
    "halves.jsonl of names that are lone surrogates": lambda: b'{"file_name": "\\ud800", "a": 1}',
    "objects.json of objects": lambda: b'{"file_name": {"a": 1}}',
    "string.json": lambda: b'"file_name"',
    "number.json": lambda: b"1",
    "nulls.json": lambda: b"[null, null]",
    "many.json of 10^6 columns": lambda: json.dumps(
        [{"file_name": NAMES[0], **dict.fromkeys(map(str, range(10**6)), 1)}]
    ).encode(),
    "nested.parquet of lists": lambda: parquet(
        {"file_name": NAMES, "a": [[1]] * NUM, "b": [{"c": 1}] * NUM}
    ),
    "bytes.parquet of bytes": lambda: parquet({"file_name": [b"\xff"] * NUM, "a": [1] * NUM}),
    "twice.parquet of repeated names": lambda: parquet(
        {"file_name": [NAMES[0]] * NUM, "a": range(NUM)}
    ),
    "none.parquet without rows": lambda: parquet({"file_name": [], "a": []}),
    "foot.parquet with a wrong footer": lambda: (
        parquet({"file_name": NAMES})[:-8] + b"\xff" * 4 + b"PAR1"
    ),
    "magic.parquet": lambda: b"PAR1" * 3,
    "zeros.parquet of 10^9 equal numbers": lambda: _packed_parquet(),
    "list_attr_celeba.txt of another length": lambda: b"99\nSmiling\n000.png 1\n",
    "list_attr_celeba.txt of text": lambda: b"x\ny z\n000.png maybe\n",
    "identity_CelebA.txt of text": lambda: b"000.png x\n",
    "list_eval_partition.txt of numbers": lambda: b"000.png 99999999999999999999\n",
    "list_landmarks_align_celeba.txt cut": lambda: b"12\nlefteye_x lefteye_y\n000.png 1",
    "labels.xls of another kind": lambda: b"\xd0\xcf\x11\xe0" * 100,
}
"""Tables that are refused, or of which what is good is used."""


def _packed_parquet() -> bytes:
    import io

    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    column = pa.array(np.zeros(10**7, np.int8))
    schema = pa.schema([("a", pa.int8())])
    with pq.ParquetWriter(buffer, schema, compression="zstd") as writer:
        for _ in range(100):
            writer.write_table(pa.table([column], schema), row_group_size=10**7)
    return buffer.getvalue()
