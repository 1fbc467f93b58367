"""Experiment folders as a stranger might make them: `KINDS` spoils a copy of a good one.

Every hostile text holds the element `<x-hacked>` and sets `window.hacked` if it runs; files outside
the folder hold `SECRET`. `robust_page.py` counts what comes of them, and the tests take a few.
"""

import json
import os
import struct
import tomllib
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import tomli_w
from PIL import Image

SECRET = "a secret of the reader's"
RUN, OTHER_RUN = "beta-0.01_seed-0", "beta-2_seed-0"
MARK = "<x-hacked></x-hacked>"
ELSEWHERE = "https://example.org/hacked"
TEXTS = {
    "script": f"</script><script>window.hacked=1</script>{MARK}",
    "onerror": f'<img src=x onerror="window.hacked=1">{MARK}',
    "quotes": f"\"'` autofocus onfocus=window.hacked=1 onmouseover=window.hacked=1 x=\"'>{MARK}",
    "javascript address": "javascript:window.hacked=1//<a href='javascript:window.hacked=1'>",
    "end of the title": f"</title></textarea></noscript><script>window.hacked=1</script>{MARK}",
    "templates": "${window.hacked=1}{{ 7*7 }}{% set x = cycler.__init__.__globals__ %}#{1}<%= 1 %>",
    "comment": f"<!--<script>--><script>window.hacked=1</script><![CDATA[{MARK}",
    "style": f"</style><style>body{{--hacked:1}}</style>{MARK}",
    "rules of style": ";}body{--hacked:1;background:url(https://example.org/hacked)}/*",
    "bidi": f"\u202egnp.txet\u2066\u200f{MARK}\u061c",
    "control characters": f"\x1b[2J\x1b]0;x\x07\x08\x7f\x9b31m\r{MARK}",
    "separators of JavaScript": f"\u2028window.hacked=1\u2029//\\u0022;window.hacked=1;//{MARK}",
    "SVG": f"<svg onload=window.hacked=1><script>window.hacked=1</script>{MARK}</svg>",
    "refresh": f'<meta http-equiv=refresh content="0;url={ELSEWHERE}">{MARK}',
    "frames, bases and forms": f"<base href={ELSEWHERE}><iframe src={ELSEWHERE}></iframe>"
    f"<link rel=stylesheet href={ELSEWHERE}><form action={ELSEWHERE}><object data={ELSEWHERE}>"
    f"{MARK}",
    "bytes that are no text": f"\udce9\ud800{MARK}\udfff",
    "a megabyte": f"{MARK}{'a' * (1 << 20)}",
}
NAMES = {
    f"name of the folder: {name}": TEXTS[name].replace("/", "|")
    for name in ("script", "onerror", "quotes", "templates", "bidi", "control characters")
}
"""Kinds in which the folder itself has a hostile name."""
SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' onload='window.hacked=1'><script>window.hacked=1"
    f"</script><foreignObject><meta http-equiv='refresh' content='0;url={ELSEWHERE}'/>{MARK}"
    "</foreignObject></svg>"
)
HTML = f"<!doctype html><script>window.hacked=1</script>{MARK}"
GIF_SCRIPT = b"GIF89a/*\x01\x00\x01\x00*/=1;window.hacked=1;//"

Kind = Callable[[Path, Path], None]
"""Spoils the experiment in the first folder; the second is outside it and holds secrets."""


def outside_of(place: Path) -> Path:
    """Make a folder of secrets, to which links lead."""
    place.mkdir()
    (place / "secret.txt").write_text(f"root:x:0:0:{SECRET}\n")
    (place / "page.html").write_text(SECRET)
    Image.new("RGB", (64, 64), (1, 254, 3)).save(place / "secret.png")
    return place


def _change_json(path: Path, change: Callable[[Any], Any]) -> None:
    document = json.loads(path.read_text())
    path.write_text(json.dumps(change(document)))


def _change_toml(path: Path, change: Callable[[Any], None]) -> None:
    document = tomllib.loads(path.read_text())
    change(document)
    path.write_bytes(tomli_w.dumps(document).encode("utf-8", "surrogateescape"))


def _every_string(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {key: _every_string(inner, text) for key, inner in value.items()}
    if isinstance(value, list):
        return [_every_string(inner, text) for inner in value]
    return text if isinstance(value, str) else value


def _shown_texts(folder: Path, outside: Path, *, text: str) -> None:
    """Put a text wherever the page shows one of a file's."""
    _change_json(folder / "evidence.json", partial(_in_evidence, text=text))
    _change_json(folder / "environment.json", partial(_in_environment, text=text))
    source = text.encode("utf-8", "replace").decode()
    for path in (folder / "experiment.toml", *folder.glob("*/config.toml")):
        _change_toml(path, lambda table: table["data"].update(source=source))


def _in_evidence(evidence: Any, *, text: str) -> Any:
    for answer in evidence["answers"]:
        answer |= {"sentence": text, "next": text, "command": text, "basis": text}
    for run in evidence["runs"].values():
        for table in filter(None, (run["labels"], run["properties"])):
            table["label_names"] = [f"{text} {i}" for i in range(len(table["label_names"]))]
            table["excluded_labels"] = {text: text}
    evidence["not_available"] = {text: text}
    return evidence


def _in_environment(environment: Any, *, text: str) -> Any:
    data = environment["data"]
    data |= {"source": text, "kind": text, "notes": [text], "unreadable": {text: text}}
    data |= {"factor_names": [text] * len(data["factor_names"]), "group_names": [text]}
    versions = dict.fromkeys(environment["versions"], text)
    return environment | {
        "versions": versions,
        "processor": text,
        "platform": text,
        "data_fingerprint": text,
    }


def _strings_of(folder: Path, outside: Path, *, name: str, text: str) -> None:
    for path in folder.glob(name):
        _change_json(path, partial(_every_string, text=text))


def _failure(folder: Path, outside: Path, *, text: str) -> None:
    (folder / OTHER_RUN / "done").unlink()
    (folder / OTHER_RUN / "log.txt").write_text(f"error: {text}\n", errors="replace")


def _history_texts(folder: Path, outside: Path) -> None:
    path = folder / RUN / "history.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    spoiled = [_every_string(line, TEXTS["script"]) | {"rate": TEXTS["onerror"]} for line in lines]
    path.write_text("".join(json.dumps(line) + "\n" for line in spoiled))


def _nothing(folder: Path, outside: Path) -> None:
    """Leave the folder as it is, where its name does the harm."""


def _write(folder: Path, outside: Path, *, name: str, content: bytes) -> None:
    (folder / name).unlink(missing_ok=True)
    (folder / name).write_bytes(content)


def _link(folder: Path, outside: Path, *, name: str, target: str) -> None:
    path = folder / name
    if path.is_dir():
        path.rename(outside / path.name)
    else:
        path.unlink(missing_ok=True)
    path.symlink_to(target.format(outside=outside))


def _moved_and_linked(folder: Path, outside: Path, *, name: str) -> None:
    """Everything is as it was, but one file or folder lies outside and is linked."""
    place = outside / Path(name).name
    (folder / name).rename(place)
    (folder / name).symlink_to(place)


def _page_of_strangers(folder: Path, outside: Path) -> None:
    """A page with a stamp beside it, such as earlier versions wrote."""
    (folder / "report.html").write_text(HTML)
    (folder / ".report.sha256").write_text(f"{'0' * 64} {'0' * 64}\n")


def _chunk(kind: bytes, content: bytes) -> bytes:
    crc = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + crc


def _png(width: int, height: int, *chunks: bytes) -> bytes:
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = _chunk(
        b"IDAT", zlib.compress(bytes(3 * width * height + height) if height < 99 else b"")
    )
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + data + _chunk(b"IEND", b"")


def _text_bomb() -> bytes:
    packed = zlib.compress(bytes(200 << 20), 9)
    return _png(2, 2, _chunk(b"zTXt", b"Comment\x00\x00" + packed))


def _animated_bomb(folder: Path, outside: Path) -> None:
    frames = [Image.new("P", (2_000, 2_000), i) for i in range(60)]
    frames[0].save(folder / "sample.png", "GIF", save_all=True, append_images=frames[1:])


def _pipe(folder: Path, outside: Path, *, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)


def _folder_for_file(folder: Path, outside: Path, *, name: str) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()


def _sparse(folder: Path, outside: Path, *, name: str, size: int) -> None:
    with (folder / name).open("ab") as file:
        file.truncate(size)


def _many_names(folder: Path, outside: Path) -> None:
    def change(environment: Any) -> Any:
        names = [f"label {i} {MARK}" for i in range(100_000)]
        environment["data"] |= {"factor_names": names, "attribute_names": names}
        return environment

    _change_json(folder / "environment.json", change)


def _many_labels(folder: Path, outside: Path) -> None:
    """A table of 1,500 labels as unknot itself would write it."""
    _change_json(folder / "evidence.json", partial(_with_labels, num=1_500))


def _with_labels(evidence: Any, *, num: int) -> Any:
    for run in evidence["runs"].values():
        table = run["labels"] or run["properties"]
        before = len(table["label_names"])
        taken = [i % before for i in range(num)]
        table["label_names"] = [f"label {i} {MARK}" for i in range(num)]
        table["binary"] = [table["binary"][i] for i in taken]
        rows = ("effect", "interval", "sign", "r2", "z", "p_value")
        for name in rows:
            table[name] = [row and [row[i] for i in taken] for row in table[name]]
        table["correlation"] = [[table["correlation"][i][j] for j in taken] for i in taken]
    return evidence


def _long_history(folder: Path, outside: Path) -> None:
    path = folder / RUN / "history.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-1], *lines[-2:-1] * 300_000, lines[-1]]) + "\n")


def _deep(folder: Path, outside: Path, *, name: str) -> None:
    (folder / name).write_text("[" * 200_000 + "]" * 200_000)


def _deep_folders(folder: Path, outside: Path) -> None:
    path = folder / "x"
    for _ in range(300):
        path /= "deep"
    path.mkdir(parents=True)
    (folder / "loop").symlink_to(".")
    (folder / "root").symlink_to("/")


NEEDED = (
    *(RUN, f"{RUN}/weights.safetensors", f"{RUN}/codes.npz", f"{RUN}/evaluation.json"),
    *(f"{RUN}/config.toml", f"{RUN}/images.json", "experiment.toml", "evidence.json"),
    *("environment.json", f"{RUN}/frames.npz", f"{RUN}/history.jsonl", "sample.png", "plan.json"),
)
"""Files and folders that a page shows something of."""
LINKED = {f"{name} lies elsewhere and is linked": name for name in NEEDED}
"""Kinds in which such a file is whole, but outside: it is not read, and that is said."""
KINDS: dict[str, Kind] = {
    **{f"text: {name}": partial(_shown_texts, text=text) for name, text in TEXTS.items()},
    **{
        f"every string of {name}": partial(
            _strings_of, name=name, text="".join(TEXTS.values())[:999]
        )
        for name in (
            *("evidence.json", "environment.json", "plan.json"),
            *("*/evaluation.json", "*/images.json", "*/scales.json"),
        )
    },
    **{
        f"reason of a failure: {name}": partial(_failure, text=TEXTS[name])
        for name in ("script", "onerror", "control characters", "a megabyte")
    },
    "history with texts": _history_texts,
    **dict.fromkeys(NAMES, _nothing),
    "sample.png is SVG": partial(_write, name="sample.png", content=SVG.encode()),
    "sample.png is HTML": partial(_write, name="sample.png", content=HTML.encode()),
    "sample.png is a GIF and a script": partial(_write, name="sample.png", content=GIF_SCRIPT),
    "sample.png is empty": partial(_write, name="sample.png", content=b""),
    "sample.png claims 3.6 gigapixels": partial(
        _write, name="sample.png", content=_png(60_000, 60_000)
    ),
    "sample.png with a script behind it": partial(
        _write, name="sample.png", content=_png(8, 8) + HTML.encode()
    ),
    "sample.png is an animation of 240 megapixels": _animated_bomb,
    "sample.png is a pipe": partial(_pipe, name="sample.png"),
    "sample.png is a folder": partial(_folder_for_file, name="sample.png"),
    "sample.png is a text bomb": lambda folder, outside: _write(
        folder, outside, name="sample.png", content=_text_bomb()
    ),
    "sample.png of a terabyte": partial(_sparse, name="sample.png", size=1 << 40),
    "curves.svg with a script": partial(_write, name=f"{RUN}/curves.svg", content=SVG.encode()),
    "traversals.png is SVG": partial(_write, name=f"{RUN}/traversals.png", content=SVG.encode()),
    "a page with a script lies there": _page_of_strangers,
    **{
        f"link of {name} to /etc/passwd": partial(_link, name=name, target="/etc/passwd")
        for name in (
            *("sample.png", "evidence.json", "environment.json", "plan.json", "experiment.toml"),
            *(f"{RUN}/history.jsonl", f"{RUN}/evaluation.json", f"{RUN}/log.txt"),
            *(f"{RUN}/curves.svg", f"{RUN}/traversals.png", f"{RUN}/codes.npz"),
        )
    },
    "log of a failed run is a link to /etc/passwd": lambda folder, outside: (
        (folder / RUN / "done").unlink(),
        _link(folder, outside, name=f"{RUN}/log.txt", target="/etc/passwd"),
    )[1],
    "link of sample.png to a picture": partial(
        _link, name="sample.png", target="{outside}/secret.png"
    ),
    "link of report.html to a file": partial(
        _link, name="report.html", target="{outside}/page.html"
    ),
    "link of the stamp to a file": partial(
        _link, name=".report.sha256", target="{outside}/secret.txt"
    ),
    **{kind: partial(_moved_and_linked, name=name) for kind, name in LINKED.items()},
    "circles of links": partial(_link, name="sample.png", target="sample.png"),
    "deep folders, and links to / and to itself": _deep_folders,
    "100,000 labels": _many_names,
    "1,500 labels in the evidence": _many_labels,
    "history of a gigabyte": partial(_sparse, name=f"{RUN}/history.jsonl", size=1 << 30),
    "history of 300,000 lines": _long_history,
    "evidence.json of a terabyte": partial(_sparse, name="evidence.json", size=1 << 40),
    "evidence.json is deep": partial(_deep, name="evidence.json"),
    "environment.json is deep": partial(_deep, name="environment.json"),
    "log of a gigabyte": partial(_sparse, name=f"{RUN}/log.txt", size=1 << 30),
}
