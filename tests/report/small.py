"""Small objects made by hand, for tests of the report: evidence, an untrained run, a context."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from unknot.common.files import write_arrays, write_json, write_text
from unknot.common.toml import to_toml
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import DataConfig, ModelConfig, TrainingConfig
from unknot.config.run import RunConfig
from unknot.data.splits import SPLITS
from unknot.evidence.answers import AXES, BETA, CANNOT_TELL, LATENTS, WHICH_BETA, YES, Answer
from unknot.evidence.axes import INTERACTION, LABELS, AxisEvidence
from unknot.evidence.beta_bases import combine_bases
from unknot.evidence.beta_choice import BetaChoice, BetaRow
from unknot.evidence.beta_table import BetaEvidence, SeedAgreement
from unknot.evidence.beta_test import beta_test
from unknot.evidence.collapse import CollapsePrediction
from unknot.evidence.evidence import Evidence
from unknot.evidence.latent_labels import LatentLabels
from unknot.evidence.rotation_test import RotationTest
from unknot.evidence.run_evidence import RunEvidence
from unknot.evidence.traversal_effects import TraversalEffects
from unknot.evidence.verdict import Verdict
from unknot.metrics.result import Null, Score
from unknot.metrics.settings import NullSettings
from unknot.models.build import build_vae
from unknot.report.live_runs import TRAINING, Curve, Frame, LiveRun, Pace
from unknot.report.render import render_piece
from unknot.report.script_data import script_data
from unknot.report.sections import LeftOut, ReportContext, find_section
from unknot.runs.evaluation import CodeScores, Evaluation, SplitLoss
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.folder import ImagesRecord
from unknot.runs.run import Run
from unknot.runs.weights import save_weights

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&lt;"
SHAPE = (3, 32, 32)
LATENT_DIM = 3
NAN = float("nan")
HISTORY = [
    {
        "split": "train",
        "step": 6,
        "seconds": 4.0,
        "distortion": 3000.123,
        "rate": 1.0,
        "loss": 3002.0,
    },
    {"split": "validation", "step": 12, "seconds": 7.0, "distortion": 1010.0, "rate": 6.5},
    {
        "split": "train",
        "step": 12,
        "seconds": 7.0,
        "distortion": 1000.0,
        "rate": 6.0,
        "loss": 1012.0,
    },
]
ENVIRONMENT: dict[str, Any] = {
    "versions": {"unknot": "0.2.0", "torch": "2.6", "python": "3.11"},
    "processor": "a processor",
    "data_fingerprint": "abc123",
    "data": {
        "source": "/pictures/faces",
        "kind": "folder",
        "shape": [200, *SHAPE],
        "preparation": {"crop": "none"},
        "split_by": "image",
        "splits": {"train": 160, "validation": 20, "test": 20},
        "unreadable": {},
        "num_duplicates": 0,
        "attribute_names": ["Bald"],
        "factor_names": [],
        "group_names": [],
        "notes": [],
        "repeatable": True,
    },
}


def small_config(**changes: Any) -> ExperimentConfig:
    """Two betas, one seed."""
    config = ExperimentConfig(
        betas=(0.5, 2.0),
        seeds=(0,),
        data=DataConfig(source="/pictures/faces", size=32),
        model=ModelConfig(latent_dim=LATENT_DIM, network="linear"),
        training=TrainingConfig(steps=12, batch_size=8),
    )
    return replace(config, **changes)


def small_labels(**changes: Any) -> LatentLabels:
    """Latent 0 tells Bald, which goes with Grey; latent 1 tells nothing; latent 2 is collapsed."""
    labels = LatentLabels(
        label_names=("Bald", "Grey", "angle"),
        binary=np.array([True, True, False]),
        effect=np.array([[0.9, 0.8, 0.3], [0.55, 0.5, 0.0], [NAN, NAN, NAN]]),
        interval=np.tile([0.25, 0.95], (3, 3, 1)),
        sign=np.array([[-1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [NAN, NAN, NAN]]),
        r2=np.array([[0.5, 0.4, 0.25], [0.1, 0.0, 0.0], [NAN, NAN, NAN]]),
        z=np.array([[9.0, 8.0, 7.0], [0.5, 0.1, 0.0], [NAN, NAN, NAN]]),
        p_value=np.array([[0.0005, 0.01, 0.02], [0.6, 0.9, 1.0], [NAN, NAN, NAN]]),
        correlation=np.array([[1.0, 0.6, 0.0], [0.6, 1.0, 0.1], [0.0, 0.1, 1.0]]),
        active=np.array([True, True, False]),
        excluded_labels={},
        num_images=1234,
        num_groups=0,
        num_permutations=1000,
        alpha=0.05,
    )
    return replace(labels, **changes)


def small_effects() -> TraversalEffects:
    """Latent 0 changes the color everywhere, latent 1 a shape in the middle."""
    even, middle = np.full((3, 3), 1 / 9), np.zeros((3, 3))
    middle[1, 1] = 1.0
    return TraversalEffects(
        change=np.array([12.4, 3.0, NAN]),
        change_per_posterior_std=np.array([2.0, 1.0, NAN]),
        brightness=np.array([0.2, 0.1, NAN]),
        color=np.array([0.7, 0.1, NAN]),
        shape=np.array([0.1, 0.8, NAN]),
        change_map=np.stack([even, middle, np.full((3, 3), NAN)]),
        jacobian_cosine=0.1,
    )


def small_run_evidence(beta: float, seed: int, **changes: Any) -> RunEvidence:
    """Given labels and effects; nothing computed from the pixels."""
    evidence = RunEvidence(
        beta=beta,
        seed=seed,
        labels=small_labels(),
        properties=None,
        traversal_effects=small_effects(),
        explained=0.75,
    )
    return replace(evidence, **changes)


def small_beta(beta: float) -> BetaEvidence:
    """Measured of one seed."""
    return BetaEvidence(
        beta=beta,
        seeds=(0,),
        rate=(5.25,),
        active=(2,),
        selectivity=(0.25,),
        rotation_percentile=(75.0,),
        linear_probe=(0.5,),
        jacobian_cosine=(None,),
        udr=SeedAgreement(value=0.5, interval=(0.4, 0.6), pca=0.3, untrained=None),
    )


def small_verdict(**changes: Any) -> Verdict:
    """Beta 2 beside beta 0.5, with one seed, by the pictures."""
    test = beta_test([[0.0, 1.0]], betas=(0.5, 2.0))
    verdict = Verdict(
        lowest_beta=0.5,
        betas=(0.5, 2.0),
        seeds=(0,),
        decision=combine_bases({"pictures": test}),
        agreements={},
        num_latents=2,
        rate=4.0,
        left_out={"labels": "the images have no label that can be tested"},
    )
    return replace(verdict, **changes)


def small_answers(**sentences: str) -> list[Answer]:
    """An answer to every question; a sentence may be given by the question's name."""
    states = {LATENTS: YES, AXES: YES, BETA: CANNOT_TELL, WHICH_BETA: YES}
    return [
        Answer(
            question=question,
            answer=state,
            p_value=0.02,
            effect=3.0,
            basis="the labels",
            runs=("beta-2_seed-0",),
            sentence=sentences.get(question, f"The answer to {question}."),
            next="train more seeds" if question == BETA else "",
        )
        for question, state in states.items()
    ]


def small_choice(**changes: Any) -> BetaChoice:
    """Beta 2, the best of two."""
    rows = tuple(
        BetaRow(
            beta=beta,
            num_seeds=1,
            separation=beta,
            distortion=900 + 100 * beta,
            explained=0.9 - beta / 10,
            active=2.0,
        )
        for beta in (0.5, 2.0)
    )
    choice = BetaChoice(
        rows=rows,
        best_beta=2.0,
        beta=2.0,
        standard_error=1.0,
        is_separated=True,
        next_betas=(6.0,),
    )
    return replace(choice, **changes)


def small_rotation_test(**changes: Any) -> RotationTest:
    """Codes that stand out more than 99 rotations of them."""
    test = RotationTest(
        statistic=0.5,
        null_mean=0.2,
        null_std=0.1,
        z=3.0,
        percentile=100.0,
        p_value=0.01,
        rotations=99,
        void=None,
        excluded={},
    )
    return replace(test, **changes)


def small_axes(beta: float, **p_values: float) -> AxisEvidence:
    """A run at a beta with the corrected p-value of each basis, 0.02 of the labels if none given.

    It was asked about the decoder too, in vain.
    """
    corrected = p_values or {LABELS: 0.02}
    tests = {basis: small_rotation_test() for basis in corrected}
    void = small_rotation_test(p_value=NAN, void="moving the latents changes nothing")
    return AxisEvidence(
        beta=beta, seed=0, tests={INTERACTION: void} | tests, p_values_holm=corrected
    )


def small_prediction() -> CollapsePrediction:
    """Three latents that collapse at 30, 10 and 3."""
    return CollapsePrediction(
        latent_dim=LATENT_DIM,
        sigma=1.0,
        eigenvalues=np.array([30.0, 10.0, 3.0, 1.0]),
        collapse_betas=np.array([30.0, 10.0, 3.0]),
        suggested_betas=(0.3, 5.0, 20.0),
        total=50.0,
        num_pixels=3072,
        num_images=160,
    )


def small_evidence(**changes: Any) -> Evidence:
    """Of the two runs of `small_config`, as planned."""
    evidence = Evidence(
        collapse=small_prediction(),
        observed_vs_predicted=[],
        plan_hash="0123456789abcdef",
        exploratory=[],
        betas=[small_beta(0.5), small_beta(2.0)],
        answers=small_answers(),
        verdict=small_verdict(),
        which_beta=small_choice(),
        runs={f"beta-{beta}_seed-0": small_run_evidence(float(beta), 0) for beta in ("0.5", "2")},
        axes={f"beta-{beta}_seed-0": small_axes(float(beta)) for beta in ("0.5", "2")},
        runs_included=["beta-0.5_seed-0", "beta-2_seed-0"],
        not_available={},
    )
    return replace(evidence, **changes)


def small_score(key: str = "mig", **changes: Any) -> Score:
    """0.25, above three quarters of random rotations."""
    null = Null(
        mean=0.2,
        std=0.04,
        percentile=75.0,
        p_value=0.25,
        observed=0.25,
        num=20,
        num_points=20,
    )
    score = Score(
        name=key,
        value=0.25,
        per_factor={},
        per_latent=(),
        range=(0.0, 1.0),
        chance=0.0,
        num=20,
        null_permutation=None,
        null_rotation=null,
        interval=(0.2, 0.3),
        flags=("a remark",),
    )
    return replace(score, **changes)


def small_code_scores(**changes: Any) -> CodeScores:
    """MIG and DCI's disentanglement."""
    code_scores = CodeScores(
        scores={key: small_score(key) for key in ("mig", "dci_disentanglement")},
        problem=None,
        num_images=20,
        source=None,
        nulls=NullSettings(),
        seed=0,
        active_latents=(0, 1),
        marginal_kl=None,
        seconds=1.0,
    )
    return replace(code_scores, **changes)


def small_codes(config: RunConfig) -> dict[str, Any]:
    """Codes of 20 test images: the latents change places with the seed, and the last collapsed."""
    codes = np.random.default_rng(0).normal(size=(20, LATENT_DIM)).astype(np.float32)
    codes[:, :2] = np.roll(codes[:, :2], config.seed, axis=1)
    codes[:, 2] = 0
    return {
        "image": np.arange(180, 200),
        "name": np.array([f"{i}.png" for i in range(20)]),
        "split": np.full(20, SPLITS.index("test")),
        "posterior_mean": codes,
        "posterior_logvar": np.zeros_like(codes),
        "attributes": np.zeros((20, 1), np.int8),
        "attribute_names": np.array(["Bald"]),
        "factors": np.zeros((20, 0)),
        "factor_names": np.array([], dtype=np.str_),
        "groups": np.full(20, -1, np.int32),
    }


def small_run(
    folder: Path, config: RunConfig, *, scores: CodeScores | None = None, frames: bool = True
) -> Run:
    """A run in its folder, as training would leave it, with the weights of its first step."""
    run_folder = ExperimentFolder(folder).run(config)
    write_text(run_folder.config, to_toml(config))
    write_json(run_folder.images, ImagesRecord("abc123", (200, *SHAPE), "gone")._asdict())
    write_json(run_folder.scales, {"beta_eff": config.beta, "beta_norm": config.beta / 1024})
    save_weights(run_folder.weights, build_vae("linear", SHAPE, LATENT_DIM, seed=config.seed))
    write_text(run_folder.history, "".join(f"{json.dumps(line)}\n" for line in HISTORY))
    write_text(run_folder.curves, '<?xml version="1.0"?>\n<svg class="curve"></svg>\n')
    loss = SplitLoss(distortion=1000.0, rate=6.0, kl=(1.0, 5.0, 0.0), num_images=20)
    Evaluation(
        validation=loss,
        test=loss,
        strategy="single",
        precision="float32",
        note="",
        scores=scores or small_code_scores(),
    ).save(run_folder.evaluation)
    write_arrays(run_folder.codes, small_codes(config))
    if frames:
        rng = np.random.default_rng(0)
        shapes = {"images": (2, *SHAPE), "reconstructions": (3, 2, *SHAPE)}
        arrays = {name: rng.integers(0, 256, s).astype(np.uint8) for name, s in shapes.items()}
        write_arrays(run_folder.frames, arrays | {"steps": np.array([1, 6, 12])})
    return Run(run_folder.path, device="cpu")


def small_grid_evidence() -> Evidence:
    """Both at the strengths 0.5 and 2 of one seed, the second without labels."""
    rows = {
        name: small_evidence(
            runs={f"{name} {beta}": small_run_evidence(beta, 0) for beta in (0.5, 2.0)}
        )
        for name in ("beta_vae", "capacity")
    }
    rows["capacity"] = replace(
        rows["capacity"],
        answers=[answer.of_strength() for answer in rows["capacity"].answers],
    )
    runs = rows["beta_vae"].runs | rows["capacity"].runs
    gaps = {"capacity: verdict": "said above", "capacity: labels": "none came"}
    return replace(rows["beta_vae"], runs=runs, rows=rows, not_available=gaps)


def small_context(folder: Path, **changes: Any) -> ReportContext:
    """Two finished runs with their evidence; what is given takes the place of a field."""
    files, config = ExperimentFolder(folder), changes.get("config", small_config())
    write_json(files.environment, ENVIRONMENT)  # makes the folder too
    Image.new("RGB", (4, 4)).save(files.sample)
    evidence = changes.get("evidence", small_evidence())
    runs = changes.get("runs")
    if runs is None:
        runs = [small_run(folder, run) for run in config.runs()]
    context = ReportContext(
        files=files,
        config=config,
        runs=runs,
        failures={},
        evidence=evidence,
        environment=ENVIRONMENT,
        script_data=script_data(runs, evidence),
        left_out={},
    )
    return replace(context, **changes)


def shown(name: str, context: ReportContext) -> str:
    """The HTML of a section that is in the page."""
    section = find_section(name)(context)
    assert not isinstance(section, LeftOut), section.reason
    return str(render_piece(name, section).html)


def reason(name: str, context: ReportContext) -> str:
    """Why a section is left out."""
    section = find_section(name)(context)
    assert isinstance(section, LeftOut)
    return section.reason


def data_of(html: str) -> Any:
    """The data that a section carries for its script."""
    (document,) = re.findall(r"data-own>(.*?)</script>", html, re.DOTALL)
    return json.loads(document)


def without_data(html: str) -> str:
    """A section less the element with its data, of which there is one."""
    rest, num = re.subn(r'<script type="application/json" data-own>.*?</script>', "", html)
    assert num == 1
    return rest


def is_escaped(html: str) -> bool:
    """Whether `HOSTILE` stands there, and nothing of it as HTML."""
    return "<script" not in html and "<img src=x" not in html and "&lt;script&gt;" in html


def small_live_run(name: str = "beta-2_seed-0", **changes: Any) -> LiveRun:
    """A run at step 6 of 12, with a picture."""
    run = LiveRun(
        name=name,
        title=name.replace("_seed-", ", seed ").replace("-", " "),
        state=TRAINING,
        status="step 6 of 12",
        step=6,
        steps=12,
        pace=Pace(steps=2.0, images=16.0),
        kl=(1.0, 0.5),
        curve=Curve(steps=(3, 6), distortion=(900.0, 800.0), rate=(1.0, 1.5)),
        frame=Frame(step=5, width=64, height=64, address="data:image/png;base64,"),
    )
    return replace(run, **changes)
