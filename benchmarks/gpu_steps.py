"""Images per second of the training step on a device: as it is, as a CUDA graph, and compiled.

A graph and a compiled step are built here from the package's model, loss
and optimizer, to tell whether they would be worth having.
"""

import multiprocessing
import time
import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from unknot.common.machine import num_cores
from unknot.common.randomness import standard_normal
from unknot.config.parts import TrainingConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.data.load import load_images
from unknot.models.device import cache_on_device, choose_device, send_to_device
from unknot.runs.folder import RunFolder
from unknot.training.batches import Batch, batch_order
from unknot.training.gradients.stacked import Member, Stack, compute_together
from unknot.training.trainer import Trainer

BATCH, WARM, GRAPH_WARM = 64, 5, 3
LATEST_STEP, LEARNING_RATE, TIMEOUT = 1_000, 1e-4, 60
TRAINER, PARTS, GRAPH, COMPILE, OPTIMIZERS = "trainer", "parts", "graph", "compile", "optimizers"
PRECISIONS = "bfloat16", "float32"


class Setting(NamedTuple):
    """Where and how thoroughly to measure.

    Attributes:
        device: its name.
        place: a folder for what is written.
        quick: a tenth of a second and 32 pixels, to see that everything runs.
    """

    device: str
    place: str
    quick: bool = False

    def images(self) -> ImageSet:
        """The built-in faces."""
        return load_images("faces", num=1_000, size=32) if self.quick else load_images("faces")

    @property
    def seconds(self) -> float:
        """How long each side is measured."""
        return 0.1 if self.quick else 1.5

    def folder(self) -> Path:
        """A new empty folder."""
        return Path(mkdtemp(dir=self.place))


class Side(NamedTuple):
    """What is measured.

    Attributes:
        mode: `trainer` is the package's own step; `parts` the same model, losses and optimizers on
            inputs that lie still in the device's memory; `graph` that as a CUDA graph; `compile`
            that with losses and gradients compiled; `optimizers` the updates alone.
        precision: of the large layers.
        runs: that are stacked; one alone is not.
        processes: at once.
    """

    mode: str
    precision: str
    runs: int = 1
    processes: int = 1

    @property
    def name(self) -> str:
        """As it stands in the results."""
        runs = f"{self.runs} stacked runs" if self.runs > 1 else "one run"
        who = f"{self.processes} processes" if self.processes > 1 else runs
        return f"{who}, {self.mode}, {self.precision}"


def sides(setting: Setting) -> list[Side]:
    """Everything that is measured, the most important first."""
    (few, many), processes = ((2, 3), 2) if setting.quick else ((8, 32), 4)
    half, single = PRECISIONS
    ways = [(1, 1), (few, 1), (1, processes), (many, 1)]
    found = [Side(mode, half, *way) for mode in (TRAINER, GRAPH) for way in ways]
    found += [Side(COMPILE, half, *way) for way in ways[:2]]
    found += [Side(TRAINER, single, *way) for way in ways]
    found += [Side(mode, half, runs) for mode in (OPTIMIZERS, PARTS) for runs in (1, few, many)]
    found += [Side(mode, single, *way) for mode in (GRAPH, COMPILE) for way in ways]
    found += [Side(COMPILE, half, *way) for way in ways[2:]]
    if setting.quick:  # a compiler takes a minute
        found = [side for side in found if side.precision == half and side.mode != COMPILE]
    is_gpu = setting.device.startswith("cuda")
    return [side for side in found if is_gpu or side.mode != GRAPH]


def trainers_of(side: Side, setting: Setting, images: ImageSet) -> list[Trainer]:
    """The runs of a side, started; they differ in their seeds."""
    training = TrainingConfig(precision=side.precision, data_parallel="off", batch_size=BATCH)  # type: ignore[arg-type]
    pixels = cache_on_device(images.images, choose_device(setting.device))
    stack = Stack() if side.runs > 1 else None
    trainers = []
    for seed in range(side.runs):
        config, folder = RunConfig(1.0, seed, training=training), RunFolder(setting.folder())
        trainer = Trainer(config, images, folder, setting.device, stack=stack, pixels=pixels)
        trainer.start()
        trainers.append(trainer)
    return trainers


class StillStep:
    """A step of one or several runs whose inputs lie still in the device's memory.

    Beta, the learning rate and Adam's count are those of one step for ever: enough for its speed.

    Args:
        trainers: of the runs; their weights are those that are trained.
        images: they are trained on.
        compiled: whether losses and gradients are compiled.

    Attributes:
        device: of the runs.
        losses: of the last step, one for each run.
    """

    def __init__(self, trainers: list[Trainer], images: ImageSet, *, compiled: bool = False):
        self._trainers, self.device = trainers, trainers[0].device
        self._pixels = torch.from_numpy(np.array(images.images)).to(self.device)
        self._orders = [batch_order(images, t.objective, BATCH, t.config.seed) for t in trainers]
        shape = (len(trainers), BATCH)
        self._indices = torch.zeros(shape, dtype=torch.int64, device=self.device)
        self._noise = torch.zeros(*shape, trainers[0].model.latent_dim, device=self.device)
        self.losses = torch.zeros(len(trainers), device=self.device)
        compute = self._stacked if len(trainers) > 1 else self._alone
        self._compute: Callable[[], Tensor] = torch.compile(compute) if compiled else compute

    def feed(self, step: int) -> None:
        """Bring the inputs of a step, as the trainer draws them."""
        indices = np.stack([order.batch(step) for order in self._orders])
        shape = (BATCH, self._noise.shape[2])
        noise = [standard_normal(shape, t.config.seed, "posterior", step) for t in self._trainers]
        self._indices.copy_(send_to_device(torch.from_numpy(indices), self.device))
        self._noise.copy_(send_to_device(torch.stack(noise), self.device))

    def compute(self) -> None:
        """Compute losses and gradients, and update the weights."""
        for trainer in self._trainers:
            trainer.model.zero_grad(set_to_none=True)
        self.losses.copy_(self._compute())
        self.update()

    def update(self) -> None:
        """Update the weights by the gradients that are there."""
        for trainer in self._trainers:
            trainer.optimizer.step(LEARNING_RATE, LATEST_STEP)

    def _alone(self) -> Tensor:
        (trainer,) = self._trainers
        batch = self._batch(0)
        terms = trainer.model(trainer.model.standardize(batch.pixels), batch.noise)
        loss = trainer.loss(terms, LATEST_STEP).value
        loss.backward()
        return loss.detach()[None]

    def _stacked(self) -> Tensor:
        members = [
            Member(
                model=trainer.model,
                optimizer=trainer.optimizer,
                batch=lambda step, i=i: self._batch(i),  # type: ignore[misc]
                loss=trainer.loss,
                next_step=lambda: LATEST_STEP,
            )
            for i, trainer in enumerate(self._trainers)
        ]
        return torch.stack([means[0] for means in compute_together(members, LATEST_STEP)])

    def _batch(self, i: int) -> Batch:
        return Batch(self._pixels[self._indices[i]], self._noise[i])


def captured(job: Callable[[], None], device: torch.device) -> Callable[[], None]:
    """What a job launches, as a CUDA graph: warmed up on a stream of its own, then captured."""
    stream = torch.cuda.Stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(stream):
        for _ in range(GRAPH_WARM):
            job()
    torch.cuda.current_stream(device).wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        job()
    return graph.replay


def step_of(side: Side, setting: Setting) -> Callable[[int], None]:
    """What takes a step of a side, given its number."""
    images = setting.images()
    trainers = trainers_of(side, setting, images)

    def own_step(number: int) -> None:
        for trainer in trainers:
            trainer.step()

    if side.mode == TRAINER:
        return own_step
    still = StillStep(trainers, images, compiled=side.mode == COMPILE)
    still.feed(0)
    if side.mode == OPTIMIZERS:
        still.compute()
        return lambda number: still.update()
    compute = captured(still.compute, still.device) if side.mode == GRAPH else still.compute

    def fed_step(number: int) -> None:
        still.feed(number)
        compute()

    return fed_step


def make_current(device: str) -> None:
    """Make a GPU this process's own, on which it captures."""
    if device.startswith("cuda"):
        torch.cuda.set_device(choose_device(device))


def wait_for(device: torch.device) -> None:
    """Wait until a GPU has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_per_call(job: Callable[[int], object], device: torch.device, seconds: float) -> float:
    """Call a job for so many seconds, and wait for the device at the end."""
    begun, calls = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        job(WARM + calls)
        calls += 1
    wait_for(device)
    return (time.perf_counter() - begun) / calls


def measure_side(setting: Setting, side: Side) -> dict[str, Any]:
    """A side's row of the results: images per second of all its runs and processes together."""
    if side.processes == 1:
        seconds = [seconds_per_step(setting, side)]
    else:
        seconds = side_by_side(setting, side)
    row = {"milliseconds_per_step": 1e3 * sum(seconds) / len(seconds)}
    if side.mode != OPTIMIZERS:
        row["images_per_second"] = sum(BATCH * side.runs / each for each in seconds)
    return {side.name: row}


def seconds_per_step(setting: Setting, side: Side, start: Barrier | None = None) -> float:
    """Seconds that a step takes in this process, from when all others are ready too."""
    device = choose_device(setting.device)
    step = step_of(side, setting)
    for number in range(WARM):
        step(number)
    wait_for(device)
    if start:
        start.wait(TIMEOUT)
    return seconds_per_call(step, device, setting.seconds)


def side_by_side(setting: Setting, side: Side) -> list[float]:
    """Seconds that a step takes in each of several processes at once."""
    spawn = multiprocessing.get_context("spawn")
    start, answers = spawn.Barrier(side.processes), spawn.Queue()
    work = partial(spawn.Process, target=answer, args=(setting, side, start, answers), daemon=True)
    children = [work() for _ in range(side.processes)]
    for child in children:
        child.start()
    seconds: list[float | str] = [answers.get(timeout=TIMEOUT) for _ in children]
    for child in children:
        child.join()
    if errors := [each for each in seconds if isinstance(each, str)]:
        raise RuntimeError(errors[0])
    return [each for each in seconds if isinstance(each, float)]


def answer(setting: Setting, side: Side, start: Barrier, answers: "Queue[float | str]") -> None:
    """Put the seconds of a step in this process, or what went wrong."""
    torch.set_num_threads(max(1, num_cores() // side.processes))
    make_current(setting.device)
    try:
        answers.put(seconds_per_step(setting, side, start))
    except Exception as error:  # whatever it is, the parent waits for an answer
        start.abort()
        answers.put(f"in one of {side.processes} processes: {error!r}")


def waits(setting: Setting) -> dict[str, Any]:
    """Where the trainer's own step makes the processor wait for the GPU: files and lines."""
    (trainer,) = trainers_of(Side(TRAINER, PRECISIONS[0]), setting, setting.images())
    for _ in range(WARM):
        trainer.step()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        trainer.step()
        torch.cuda.set_sync_debug_mode("default")
    places = Counter(
        f"{Path(each.filename).name}:{each.lineno}"
        for each in caught
        if "called a synchronizing" in str(each.message)
    )
    return {"waits": ", ".join(f"{place} ({num})" for place, num in places.items()) or "none"}


def capture_of_the_trainers_step(setting: Setting) -> dict[str, Any]:
    """Whether the trainer's own step can be captured; if not, the error says why."""
    (trainer,) = trainers_of(Side(TRAINER, PRECISIONS[0]), setting, setting.images())
    captured(trainer.step, trainer.device)
    return {"can_be_captured": "yes, but each replay would repeat one step's noise and rate"}
