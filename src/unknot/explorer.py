"""What the page's explorer and its timeline need of every run."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from unknot.config import beta_text
from unknot.errors import UserError
from unknot.pictures import prior_codes
from unknot.report.browser import browser_model, encoded, kernel, pixel_scale
from unknot.training.run import Run

MODEL_BYTES = 8_000_000
"""Once the decoders of the first seeds have so many characters, no more go into the page."""
SHEET_BYTES = 4_000_000
QUALITY = 80


def explorer_data(runs: Sequence[Run], evidence: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Everything that the page's scripts read.

    Args:
        runs: finished, every beta of the first seed first.
        evidence: as in `evidence.json`, for the latents' labels.

    Returns:
        None where there is no run. A run whose decoder is not in the page has `reason` instead of
        `model`.
    """
    if not runs:
        return None
    frames = runs[0].frames()
    document: dict[str, Any] = {
        "kernel": kernel(),
        "images": _picture(frames["images"][None], lossless=True),
        "num_images": len(frames["images"]),
        "steps": frames["steps"].tolist(),
        "samples": np.round(prior_codes(runs[0]), 4).tolist(),
        "scale": None,
        "runs": [],
    }
    models = sheets = 0
    for run in runs:
        one = _describe(run, evidence)
        if sheets < SHEET_BYTES:
            one["sheet"] = _picture(run.frames()["reconstructions"])
            sheets += len(one["sheet"])
        try:
            if models >= MODEL_BYTES:
                raise UserError(
                    f"the page holds some {MODEL_BYTES / 1e6:.0f} MB of decoders, those of the "
                    "first seeds"
                )
            one["model"] = browser_model(run.model).as_dict()
            one["codes"] = np.round(run.encode(frames["images"]), 4).tolist()
            models += len(one["model"]["weights"])
            document["scale"] = document["scale"] or pixel_scale(run.model)
        except UserError as error:
            one["reason"] = str(error)
        document["runs"].append(one)
    height, width = frames["images"].shape[2:]
    document["scale"] = document["scale"] or {"shape": [frames["images"].shape[1], height, width]}
    return document


def _describe(run: Run, evidence: Mapping[str, Any] | None) -> dict[str, Any]:
    told = ((evidence or {}).get("runs", {}).get(run.folder.name) or {}).get("labels")
    order = np.argsort(-run.kl, kind="stable").tolist()
    latents = [
        {"index": i, "kl": float(run.kl[i]), "label": _label(told, i) if told else ""}
        for i in order
    ]
    return {
        "name": run.folder.name,
        "title": f"beta {beta_text(run.config.beta)}, seed {run.config.seed}",
        "beta": run.config.beta,
        "seed": run.config.seed,
        "latents": latents,
        "sheet": None,
        "model": None,
    }


def _label(told: Mapping[str, Any], latent: int) -> str:
    """The label that a latent carries, in a few words; empty if none."""
    name = told["latents"][latent]["label"]
    if name is None:
        return ""
    best = told["names"].index(name)
    size = told["effect"][latent][best]
    return f"{name} (AUROC {size:.2f})" if told["binary"][best] else f"{name} ({size:.0%})"


def _picture(rows: NDArray[np.uint8], *, lossless: bool = False) -> str:
    """Images `(rows, columns, channel, height, width)` as one sheet, as a data address."""
    num_rows, num_columns, channels, height, width = rows.shape
    sheet = rows.transpose(0, 3, 1, 4, 2).reshape(num_rows * height, num_columns * width, channels)
    picture = Image.fromarray(sheet[..., 0] if channels == 1 else sheet)
    kind = "PNG" if lossless else "WEBP" if features.check("webp") else "JPEG"
    file = io.BytesIO()
    picture.save(file, kind, **({} if lossless else {"quality": QUALITY}))
    return f"data:image/{kind.lower()};base64,{encoded(file.getvalue())}"
