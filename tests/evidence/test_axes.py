"""Whether the latents of each run are special, asked of labels, pixels and decoder at once."""

import json

import numpy as np
import pytest
from benchmarks.rotation_worlds import World, draw_labels, draw_pictures, make_decoder, make_world

from tests.report.small import small_axes
from unknot.evidence.axes import (
    DECODER_ROTATIONS,
    INTERACTION,
    LABELS,
    MOST_LABEL_ROTATIONS,
    PROPERTIES,
    STOPS,
    AxisEvidence,
    RunAxes,
    axis_evidence,
    label_rotations,
)
from unknot.evidence.computed_labels import ComputedLabels, computed_labels
from unknot.evidence.corrections import holm
from unknot.runs.held_out import HeldOutCodes

NUM_IMAGES = 200
NO_NETWORK = "its network is not given"


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def special(rng: np.random.Generator) -> World:
    """Each latent holds one cause."""
    return make_world(rng, aligned=1, num=NUM_IMAGES)


@pytest.fixture
def mixed(rng: np.random.Generator) -> World:
    """A random mix of the causes."""
    return make_world(rng, aligned=0, num=NUM_IMAGES)


def properties_of(world: World, rng: np.random.Generator) -> ComputedLabels:
    """Labels computed from pictures that show the causes."""
    return computed_labels(draw_pictures(world.causes, rng))


def make_run(
    world: World, rng: np.random.Generator, *, labelled: bool = True, **changes: object
) -> RunAxes:
    """A run whose codes and decoder are those of a world."""
    num = len(world.codes)
    labels = draw_labels(world.causes, rng) if labelled else np.empty((num, 0))
    codes = HeldOutCodes(
        posterior_mean=world.codes.astype(np.float32),
        posterior_logvar=np.zeros(world.codes.shape, np.float32),
        labels=labels,
        label_names=tuple(f"label {i}" for i in range(labels.shape[1])),
        groups=np.full(num, -1, np.int32),
    )
    drawn = make_decoder(world.turn, rng)
    decode = changes.pop("decode", drawn)
    fields = {"beta": 2.0, "seed": 0, "codes": codes, "open_decoder": lambda: decode}
    return RunAxes(**(fields | changes))


def test_special_latents_are_told_from_all_that_is_there(
    special: World, rng: np.random.Generator
) -> None:
    (found,) = axis_evidence([make_run(special, rng)], properties_of(special, rng))
    assert found.bases_that_show_it == [LABELS, PROPERTIES, INTERACTION]


def test_without_labels_pixels_and_decoder_tell_it(
    special: World, rng: np.random.Generator
) -> None:
    run = make_run(special, rng, labelled=False)
    (found,) = axis_evidence([run], properties_of(special, rng))
    assert found.bases_that_show_it == [PROPERTIES, INTERACTION]


def test_a_random_mix_is_not_called_special(mixed: World, rng: np.random.Generator) -> None:
    (found,) = axis_evidence([make_run(mixed, rng)], properties_of(mixed, rng))
    assert found.bases_that_show_it == []


def test_the_level_holds_for_all_runs_and_bases_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of experiments with two random mixes each, few have a test that says otherwise."""
    monkeypatch.setattr("unknot.evidence.axes.LABEL_ROTATIONS", 99)
    wrong = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        worlds = [make_world(rng, aligned=0, num=NUM_IMAGES) for _ in range(2)]
        images = properties_of(worlds[0], rng)
        runs = [make_run(world, rng, decode=NO_NETWORK) for world in worlds]
        wrong += any(run.bases_that_show_it for run in axis_evidence(runs, images))
    assert wrong <= 8  # of 60 at a level of 5%: more in one of a hundred


def test_p_values_are_corrected_over_runs_and_bases(
    special: World, mixed: World, rng: np.random.Generator
) -> None:
    runs = [make_run(world, rng, decode=NO_NETWORK) for world in (special, mixed)]
    found = axis_evidence(runs, properties_of(special, rng))
    raw = [run.tests[basis].p_value for run in found for basis in (LABELS, PROPERTIES)]
    corrected = [run.p_values_holm[basis] for run in found for basis in (LABELS, PROPERTIES)]
    assert corrected == pytest.approx(holm(raw))
    assert corrected != pytest.approx(raw)


def test_a_hopeless_decoder_is_asked_little_and_a_promising_one_more(
    special: World, mixed: World, rng: np.random.Generator
) -> None:
    properties = properties_of(special, rng)
    hopeful, hopeless = (
        make_run(special, rng, decode=make_decoder(world.turn, rng), labelled=False)
        for world in (special, mixed)
    )
    few, more = axis_evidence([hopeless, hopeful], properties)
    assert few.tests[INTERACTION].rotations == STOPS[0][0]
    assert more.tests[INTERACTION].rotations == DECODER_ROTATIONS


def test_many_runs_can_show_it_by_the_decoder_alone(
    special: World, mixed: World, rng: np.random.Generator
) -> None:
    """Of twenty runs, p counted of a hundred rotations could not fall below 20 / 101."""
    decoders = [make_decoder(special.turn, rng)] + [make_decoder(mixed.turn, rng)] * 19
    runs = [make_run(special, rng, decode=decode, labelled=False) for decode in decoders]
    first, *_ = axis_evidence(runs, None)
    assert first.tests[INTERACTION].p_value == pytest.approx(1 / 101)
    assert first.p_values_holm[INTERACTION] < 0.1


def test_a_model_that_cannot_be_opened_is_not_asked(
    special: World, rng: np.random.Generator
) -> None:
    (found,) = axis_evidence(
        [make_run(special, rng, decode=NO_NETWORK)], properties_of(special, rng)
    )
    assert list(found.p_values_holm) == [LABELS, PROPERTIES]
    assert found.tests[INTERACTION].void == NO_NETWORK


def test_without_properties_they_are_not_asked_or_say_why(
    special: World, rng: np.random.Generator
) -> None:
    run = make_run(special, rng, decode=NO_NETWORK)
    (evidence,) = axis_evidence([run], None)
    assert list(evidence.tests) == [LABELS, INTERACTION]
    (evidence,) = axis_evidence([run], "the pictures all show the same")
    assert evidence.tests[PROPERTIES].void == "the pictures all show the same"


def test_a_linear_decoder_is_no_evidence(special: World, rng: np.random.Generator) -> None:
    weights = rng.standard_normal((4, 50))
    run = make_run(special, rng, decode=lambda codes: codes @ weights, labelled=False)
    (found,) = axis_evidence([run], properties_of(special, rng))
    assert "so would any mix of them" in (found.tests[INTERACTION].void or "")
    assert list(found.p_values_holm) == [PROPERTIES]


def test_too_few_images_cannot_tell(rng: np.random.Generator) -> None:
    world = make_world(rng, aligned=1, num=6)
    found = axis_evidence([make_run(world, rng)], properties_of(world, rng))
    assert not found[0].p_values_holm
    assert found[0].tests[LABELS].void == "6 test images are too few: 20 are needed"


def test_progress_is_told_run_by_run(special: World, rng: np.random.Generator) -> None:
    told: list[tuple[str, int, int]] = []
    runs = [make_run(special, rng, decode=NO_NETWORK)] * 2
    axis_evidence(runs, properties_of(special, rng), progress=lambda *step: told.append(step))
    assert told == [("tests of latents", done, 2) for done in (0, 1, 2)]


def test_what_was_written_is_read_back() -> None:
    axes = small_axes(2.0, labels=0.02)
    document = json.loads(json.dumps(axes.as_dict()))
    assert document["tests"][INTERACTION]["p_value"] is None
    assert AxisEvidence.from_dict(document).as_dict() == axes.as_dict()


def test_so_many_rotations_as_the_correction_needs_and_can_be_done() -> None:
    assert label_rotations(3) == 1_000
    assert label_rotations(150) == 3_000
    assert label_rotations(3_000) == MOST_LABEL_ROTATIONS
