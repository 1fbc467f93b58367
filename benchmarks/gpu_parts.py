"""What `gpu.py` measures beside the steps: the device, equality, batches, decoding, a comparison.

Each function is a task: it gives rows of its part of the results.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from decode import make_jpegs
from gpu_steps import (
    BATCH,
    GRAPH,
    GRAPH_WARM,
    LATEST_STEP,
    WARM,
    Setting,
    Side,
    StillStep,
    captured,
    seconds_per_call,
    trainers_of,
    wait_for,
)

import unknot
from unknot.common.machine import num_cores
from unknot.config.parts import TrainingConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.data.load import load_images
from unknot.metrics.settings import NullSettings
from unknot.models.device import cache_on_device, choose_device, gather_images
from unknot.runs.folder import RunFolder
from unknot.runs.history import read_history
from unknot.runs.run import Run
from unknot.runs.scores import score_run
from unknot.training.fit import fit
from unknot.training.outcome import save_outcome
from unknot.training.precision import computes_in_bfloat16
from unknot.training.trainer import Trainer
from unknot.training.untrained import build_untrained

LIMITS = {"gradients": 1e-5, "losses": 1e-3, "codes": 1e-4, "scores": 0.15, "graph": 1e-3}
"""Largest differences that count as equal: of scores as they are, of all else relative."""
LOSS_STEPS, SCORE_STEPS, COMPARED_STEPS = 12, 60, 300
NO_NULLS = NullSettings(permutations=0, rotations=0, subsamples=0)
UNBOUNDED = "total_correlation"  # the one score that may exceed 1
NUM_BATCHES, COPIES_OF_JPEGS = 20, 8
BETAS = (1.0, 4.0, 16.0)


def describe_device(setting: Setting) -> dict[str, Any]:
    """What computes here, and with what."""
    device = choose_device(setting.device)
    found: dict[str, Any] = {
        "name": str(device),
        "cores": num_cores(),
        "default_precision": "bfloat16" if computes_in_bfloat16(device) else "float32",
        "compiler": shutil.which("gcc") or shutil.which("cc") or "none",
    }
    if device.type != "cuda":
        return found
    properties, (free, total) = torch.cuda.get_device_properties(device), torch.cuda.mem_get_info()
    return found | {
        "name": properties.name,
        "driver": driver_version(),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "capability": ".".join(map(str, torch.cuda.get_device_capability(device))),
        "multiprocessors": properties.multi_processor_count,
        "memory_gb": total / 1e9,
        "free_memory_gb": free / 1e9,
    }


def driver_version() -> str:
    """As nvidia-smi tells it."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return "not known"
    return answer.stdout.split()[0]


def images_drawn(setting: Setting) -> dict[str, Any]:
    """Draw the images into the cache, where all that follows finds them."""
    begun = time.perf_counter()
    images = setting.images()
    return {"images": len(images), "seconds_to_draw_them": time.perf_counter() - begun}


def training(steps: int) -> TrainingConfig:
    """In single precision, with a line of the history for each step."""
    return TrainingConfig(
        steps=steps, batch_size=BATCH, log_every=1, precision="float32", data_parallel="off"
    )


def run_of(setting: Setting, steps: int, images: ImageSet) -> tuple[RunConfig, RunFolder]:
    """Describe a run in a new folder."""
    config, folder = RunConfig(1.0, 0, training=training(steps)), RunFolder(setting.folder())
    folder.create(config, images)
    return config, folder


def yes_or_no(is_so: bool) -> str:
    return "yes" if is_so else "no"


def beside_limit(name: str, difference: float) -> dict[str, Any]:
    """A difference, what it may be, and whether it is."""
    limit = LIMITS[name]
    return {
        name: {"difference": difference, "limit": limit, "equal": yes_or_no(difference <= limit)}
    }


def gradients(setting: Setting) -> dict[str, Any]:
    """Compare gradients of a step at the full beta, on the first weights."""
    images, found = setting.images(), []
    for device in ("cpu", setting.device):
        config, folder = run_of(setting, 2 * LATEST_STEP, images)
        trainer = Trainer(config, images, folder, device)
        trainer.compute_gradients(LATEST_STEP)
        named = trainer.model.named_parameters()
        found.append({name: p.grad.cpu() for name, p in named if p.grad is not None})
        trainer.close()
    expected, ours = found
    differences = {
        name: ((ours[name] - gradient).norm() / gradient.norm()).item()
        for name, gradient in expected.items()
    }
    worst = max(differences, key=differences.__getitem__)
    rows = beside_limit("gradients", differences[worst])
    rows["gradients"]["of"] = worst
    return rows


def losses(setting: Setting) -> dict[str, Any]:
    """Compare the losses of the first steps."""
    images, found = setting.images(), []
    for device in ("cpu", setting.device):
        config, folder = run_of(setting, LOSS_STEPS, images)
        fit(config, images, folder, device=device)
        found.append(np.array([line["loss"] for line in read_history(folder.history, "train")]))
    expected, ours = found
    return beside_limit("losses", float(np.max(np.abs(ours / expected - 1))))


def codes(setting: Setting) -> dict[str, Any]:
    """Compare codes of the same weights, and scores of weights that were trained here and there."""
    images = setting.images()
    scores: list[dict[str, float]] = []
    for device in ("cpu", setting.device):
        config, folder = run_of(setting, SCORE_STEPS, images)
        save_outcome(folder, fit(config, images, folder, device=device), images)
        scored = score_run(Run(folder.path, device="cpu"), nulls=NO_NULLS)
        scores.append({name: score.value for name, score in scored.scores.items()})
    expected, ours = (Run(folder.path, device=at).encode(images) for at in ("cpu", setting.device))
    difference = np.linalg.norm(ours - expected) / np.linalg.norm(expected)
    differences = {
        name: abs(scores[1][name] - value)
        for name, value in scores[0].items()
        if name != UNBOUNDED and np.isfinite(value)
    }
    worst = max(differences, key=differences.__getitem__)
    rows = beside_limit("codes", float(difference)) | beside_limit("scores", differences[worst])
    rows["scores"]["of"] = worst
    return rows


def resumed(setting: Setting) -> dict[str, Any]:
    """Compare the weights of a run with the same once more, and with one stopped midway."""
    images, found = setting.images(), []
    for stops_at in (LOSS_STEPS, LOSS_STEPS, LOSS_STEPS // 2):
        config, folder = run_of(setting, LOSS_STEPS, images)
        if stops_at < LOSS_STEPS:
            train_to(stops_at, Trainer(config, images, folder, setting.device))
        fit(config, images, folder, device=setting.device)
        state = Run(folder.path, device="cpu").model.state_dict()
        found.append(torch.cat([weights.flatten() for weights in state.values()]))
    whole, again, halves = found
    return {
        name: {
            "difference": ((other - whole).norm() / whole.norm()).item(),
            "limit": 0,
            "equal": yes_or_no(torch.equal(whole, other)),
        }
        for name, other in (("repeated", again), ("resumed", halves))
    }


def train_to(step: int, trainer: Trainer) -> None:
    """Take steps, and leave a checkpoint."""
    trainer.start()
    while trainer.state.step < step:
        trainer.step()
        trainer.record()
    trainer.save()
    trainer.close()


def graph_beside_eager(setting: Setting) -> dict[str, Any]:
    """Compare losses of two stacked runs after steps as a CUDA graph and after the same eager."""
    images, found = setting.images(), []
    for is_graph in (False, True):
        still = StillStep(trainers_of(Side(GRAPH, "float32", 2), setting, images), images)
        still.feed(0)
        compute = captured(still.compute, still.device) if is_graph else still.compute
        for number in (1, 2, 3) if is_graph else (*[0] * GRAPH_WARM, 1, 2, 3):
            still.feed(number)
            compute()
        found.append(still.losses.cpu())
    expected, ours = found
    return beside_limit("graph", (ours / expected - 1).abs().max().item())


def data_path(setting: Setting, batch_size: int) -> dict[str, Any]:
    """Images per second to where they are computed with: from the device, and from the map."""
    images, device = setting.images(), choose_device(setting.device)
    rng = np.random.default_rng(0)
    train = images.indices("train")
    batches = [rng.choice(train, batch_size) for _ in range(NUM_BATCHES)]
    pixels = images.images
    on_host = torch.from_numpy(pixels[batches[0]])
    if device.type == "cuda":
        on_host = on_host.pin_memory()
    resident = cache_on_device(pixels, device)
    ways: dict[str, Callable[[int], object]] = {
        "mapped": lambda i: gather_images(pixels, batches[i % NUM_BATCHES], device),
        "copied": lambda i: on_host.to(device, non_blocking=True, copy=True),
    }
    if isinstance(resident, torch.Tensor):
        ways["resident"] = lambda i: gather_images(resident, batches[i % NUM_BATCHES], device)
    return {
        f"{name}, {batch_size}": row_of(job, batch_size, setting, device)
        for name, job in ways.items()
    }


def standardization(setting: Setting) -> dict[str, Any]:
    """Images per second of the standardization, of pixels that are there."""
    images, device = setting.images(), choose_device(setting.device)
    model = build_untrained(RunConfig(), images).to(device)
    rows = {}
    for batch_size in (BATCH, 1024):
        indices = np.resize(images.indices("train"), batch_size)
        pixels = gather_images(images.images, indices, device)
        job = lambda i, pixels=pixels: model.standardize(pixels)  # noqa: E731
        rows[f"standardized, {batch_size}"] = row_of(job, batch_size, setting, device)
    return rows


def row_of(
    job: Callable[[int], object], batch_size: int, setting: Setting, device: torch.device
) -> dict[str, float]:
    """Images per second of what treats a batch in each call."""
    for i in range(WARM):
        job(i)
    wait_for(device)
    seconds = seconds_per_call(job, device, setting.seconds / 3)
    return {"images_per_second": batch_size / seconds, "microseconds_per_batch": 1e6 * seconds}


def decoding(setting: Setting) -> dict[str, Any]:
    """JPEGs of 178x218 per second to the cache, with all cores, the second time."""
    folder, num = setting.folder(), 50 if setting.quick else 500
    make_jpegs(folder, num)
    for file in list(folder.iterdir()):
        for copy in range(1, COPIES_OF_JPEGS):
            shutil.copy(file, folder / f"{file.stem}-{copy}.jpg")
    num *= COPIES_OF_JPEGS
    before = os.environ.get("UNKNOT_CACHE")
    for _ in range(2):
        os.environ["UNKNOT_CACHE"] = str(setting.folder())
        begun = time.perf_counter()
        load_images(folder)
        seconds = time.perf_counter() - begun
    del os.environ["UNKNOT_CACHE"]
    if before:
        os.environ["UNKNOT_CACHE"] = before
    return {"images": num, "threads": num_cores(), "images_per_second": num / seconds}


def compared(setting: Setting, way: dict[str, Any]) -> dict[str, Any]:
    """Seconds of a comparison from cached images to the page, in its steps and outside of them."""
    images, folder = setting.images(), setting.folder()
    betas, steps = (BETAS[:1], 4) if setting.quick else (BETAS, COMPARED_STEPS)
    clock, begun = time.time(), time.perf_counter()
    experiment = unknot.compare(
        images, betas, steps=steps, out=folder, device=setting.device, progress=False, **way
    )
    seconds = time.perf_counter() - begun
    runs = experiment.runs()
    in_steps = sum(run.history("train")[-1]["seconds"] for run in runs)
    row = {
        "seconds": seconds,
        "seconds_in_steps": in_steps,
        "seconds_outside": seconds - in_steps / way.get("workers", 1),
        "seconds_to_last_run": max(run.files.done.stat().st_mtime for run in runs) - clock,
        "failures": len(experiment.failures()),
    }
    return {way_text(way): row}


def way_text(way: dict[str, Any]) -> str:
    """How `compare` is called, in the results."""
    return ", ".join(f"{name} {num}" for name, num in way.items()) or "as it is"
