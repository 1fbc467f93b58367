"""Labels per latent: what is found, what is not, and how often chance is taken for a finding."""

import json

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from unknot.common.errors import UserError
from unknot.evidence.latent_labels import LatentLabels, label_latents

FEW = 200  # permutations, where the p-value itself does not matter


def _planted(num: int, area: float, prevalence: float, rng: np.random.Generator):
    """Four codes, of which the second tells the first of three labels."""
    codes = rng.standard_normal((num, 4))
    labels = (rng.random((num, 3)) < prevalence).astype(float)
    codes[:, 1] += labels[:, 0] * norm.ppf(area) * np.sqrt(2)
    return codes, labels


def test_the_planted_label_is_told_with_its_effect() -> None:
    codes, labels = _planted(3_000, 0.75, 0.2, np.random.default_rng(0))
    labelled = label_latents(-codes, labels, ["a", "b", "c"], permutations=999)
    assert labelled.best(1) == 0
    assert [labelled.best(latent) for latent in (0, 2, 3)] == [None] * 3
    area = roc_auc_score(labels[:, 0], codes[:, 1])
    assert labelled.effect[1, 0] == pytest.approx(area, abs=1e-9)
    assert labelled.p_value[1, 0] == 0.001
    assert labelled.sign[1, 0] == -1
    low, high = labelled.interval[1, 0]
    assert low < 0.75 < high
    assert high - low < 0.06


def test_the_interval_is_delongs() -> None:
    rng = np.random.default_rng(1)
    reaches = []
    for seed in range(200):
        codes, labels = _planted(400, 0.7, 0.3, np.random.default_rng(seed))
        reaches.append(roc_auc_score(labels[:, 0], codes[:, 1]))
    codes, labels = _planted(400, 0.7, 0.3, rng)
    low, high = label_latents(codes, labels, list("abc"), permutations=FEW).interval[1, 0]
    assert (high - low) / (2 * 1.96) == pytest.approx(np.std(reaches), rel=0.2)


def test_chance_is_seldom_taken_for_a_finding() -> None:
    num_labelled = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        codes = rng.standard_normal((300, 4))
        hidden = 0.7 * rng.standard_normal((300, 1)) + rng.standard_normal((300, 6))
        labels = (hidden > np.quantile(hidden, [0.5, 0.7, 0.8, 0.9, 0.93, 0.95])[None]).astype(
            float
        )
        labelled = label_latents(codes, labels, list("abcdef"), permutations=FEW)
        num_labelled += bool(labelled.significant.any())
    assert num_labelled <= 8  # 5% of 60 is 3; more than 8 comes once in 300 times


def test_a_continuous_factor_is_told_even_by_a_folded_code() -> None:
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((2_000, 3))
    factor = np.abs(codes[:, 2]) + 0.1 * rng.standard_normal(2_000)
    labelled = label_latents(codes, factor[:, None], ["size"], permutations=FEW)
    assert labelled.best(2) == 0
    assert labelled.r2[2, 0] < 0.01
    assert labelled.effect[2, 0] > 0.3
    assert not labelled.binary[0]
    low, high = labelled.interval[2, 0]
    assert low < labelled.effect[2, 0] < high


def test_labels_that_go_together_are_not_two_discoveries() -> None:
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((2_000, 2))
    male = (codes[:, 0] + 0.5 * rng.standard_normal(2_000) > 0).astype(float)
    lipstick = np.where(rng.random(2_000) < 0.9, 1 - male, male)
    bright = (codes[:, 0] + 4 * rng.standard_normal(2_000) > 0).astype(float)
    labels = np.stack([male, lipstick, bright], axis=1)
    labelled = label_latents(codes, labels, ["Male", "Lipstick", "Bright"], permutations=FEW)
    assert labelled.best(0) == 0
    assert labelled.correlated_labels(0) == [1]
    assert labelled.other_labels(0) == [2]
    assert labelled.correlation[0, 1] == pytest.approx(-0.8, abs=0.05)
    latent = labelled.as_dict()["latents"][0]
    assert (latent["label"], latent["correlated_labels"]) == ("Male", ["Lipstick"])


def test_images_of_one_person_do_not_count_as_many() -> None:
    num_labelled = {"groups": 0, "alone": 0}
    for seed in range(30):
        rng = np.random.default_rng(seed)
        people = np.repeat(np.arange(20), 15)
        codes = rng.standard_normal((20, 3))[people] + 0.3 * rng.standard_normal((300, 3))
        labels = (rng.random((20, 4)) < 0.5).astype(float)[people]
        for how, groups in (("groups", people), ("alone", None)):
            labelled = label_latents(codes, labels, list("abcd"), groups=groups, permutations=FEW)
            num_labelled[how] += bool(labelled.significant.any())
    assert num_labelled["alone"] > 20  # the test that does not know of people is fooled
    assert num_labelled["groups"] <= 5


def test_what_changes_within_people_is_found_all_the_same() -> None:
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(20), 16)
    smile = np.tile([0.0, 1.0], 160)
    codes = rng.standard_normal((20, 2))[people]
    codes[:, 0] += 2 * smile
    labelled = label_latents(codes, smile[:, None], ["smile"], groups=people, permutations=FEW)
    assert labelled.best(0) == 0
    assert labelled.best(1) is None
    assert labelled.num_groups == 20


def test_folders_that_are_labels_are_told() -> None:
    kinds = np.repeat([0, 1, 2], 100)
    codes = np.random.default_rng(0).standard_normal((300, 2))
    codes[:, 0] += kinds == 2
    labels = (kinds[:, None] == np.arange(3)).astype(float)
    names = ["cat", "dog", "fox"]
    options = {"groups": kinds, "permutations": FEW}
    labelled = label_latents(codes, labels, names, group_labels=names, **options)
    assert labelled.best(0) == 2
    assert labelled.best(1) is None
    assert labelled.num_groups == 0
    assert label_latents(codes, labels, names, **options).best(0) is None


@pytest.mark.parametrize("num_levels", [2, 3])
def test_groups_of_different_sizes_fool_nobody(num_levels: int) -> None:
    num_labelled = 0
    sizes = np.repeat([4, 16], 30)
    people = np.repeat(np.arange(60), sizes)
    for seed in range(15):
        rng = np.random.default_rng(seed)
        codes = rng.standard_normal((len(people), 4))
        own = np.where(sizes == 4, rng.random(60) < 0.9, rng.random(60) < 0.1).astype(float)
        own += (num_levels == 3) * (rng.random(60) < 0.5)
        labelled = label_latents(
            codes, own[people][:, None], ["a"], groups=people, permutations=FEW
        )
        num_labelled += bool(labelled.significant.any())
    assert num_labelled <= 4


def test_one_person_with_glasses_is_no_evidence() -> None:
    num_labelled = 0
    people = np.repeat(np.arange(20), 15)
    for seed in range(15):
        rng = np.random.default_rng(seed)
        codes = 2 * rng.standard_normal((20, 3))[people] + 0.3 * rng.standard_normal((300, 3))
        glasses = (people == 7).astype(float)[:, None]
        labelled = label_latents(codes, glasses, ["glasses"], groups=people, permutations=FEW)
        num_labelled += bool(labelled.significant.any())
    assert num_labelled <= 4


def test_labels_that_cannot_be_told_are_named() -> None:
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((200, 2))
    labels = np.stack(
        [
            (rng.random(200) < 0.5).astype(float),
            np.ones(200),
            (np.arange(200) < 4).astype(float),
            np.full(200, np.nan),
        ],
        axis=1,
    )
    labelled = label_latents(codes, labels, ["a", "all", "rare", "none"], permutations=FEW)
    assert labelled.label_names == ("a",)
    assert labelled.excluded_labels == {
        "all": "has one value only (1)",
        "rare": "only 4 images differ from its commonest value",
        "none": "not known",
    }
    with pytest.raises(UserError, match="no label can be tested: all has one value only"):
        label_latents(codes, labels[:, 1:], ["all", "rare", "none"])
    with pytest.raises(UserError, match="no labels"):
        label_latents(codes, labels[:, :0], [])


def test_missing_labels_and_collapsed_latents_are_left_out_of_the_count() -> None:
    codes, labels = _planted(1_000, 0.8, 0.3, np.random.default_rng(3))
    codes[:, 2] = 1e-4 * codes[:, 2]
    labels[::3] = np.nan
    labelled = label_latents(codes, labels, list("abc"), active_above=0.01, permutations=FEW)
    known = ~np.isnan(labels[:, 0])
    area = roc_auc_score(labels[known, 0], codes[known, 1])
    assert labelled.effect[1, 0] == pytest.approx(area, abs=1e-9)
    assert labelled.best(1) == 0
    assert not labelled.active[2]
    assert np.isnan(labelled.effect[2]).all()
    assert labelled.as_dict()["effect"][2] == [None] * 3


@pytest.mark.parametrize(
    ("codes", "labels", "names", "options", "message"),
    [
        (np.zeros((30, 2)), np.zeros((20, 1)), ["a"], {}, "codes has shape"),
        (np.zeros((30, 2)), np.zeros((30, 2)), ["a"], {}, "1 names were given for 2 labels"),
        (np.zeros((30, 2)), np.zeros((30, 2)), ["a", "a"], {}, "1 of them different"),
        (np.zeros((30, 2)), np.zeros((30, 1)), ["a"], {"alpha": 0}, "alpha is 0"),
        (np.zeros((5, 2)), np.zeros((5, 1)), ["a"], {}, "5 images are too few"),
        (np.zeros((30, 2)), np.zeros((30, 1)), ["a"], {"permutations": 5}, "a test at alpha 0.05"),
        (np.zeros((30, 2)), np.eye(30)[:, :1], ["a"], {"groups": [1]}, "groups has shape"),
        (np.full((30, 2), np.nan), np.zeros((30, 1)), ["a"], {}, "not finite"),
    ],
)
def test_what_does_not_fit_is_refused(codes, labels, names, options, message) -> None:
    if "groups" in options:
        labels = (np.arange(30)[:, None] % 2).astype(float)
    with pytest.raises(UserError, match=message):
        label_latents(codes, labels, names, **options)


def test_labels_are_read_back() -> None:
    codes, labels = _planted(500, 0.8, 0.3, np.random.default_rng(0))
    codes[:, 3] = 0
    labelled = label_latents(codes, labels, list("abc"), permutations=FEW)
    document = json.loads(json.dumps(labelled.as_dict(), allow_nan=False))
    again = LatentLabels.from_dict(document)
    assert again.as_dict() == document
    assert again.best(1) == 0
    assert again.label_names == ("a", "b", "c")
    np.testing.assert_array_equal(again.significant, labelled.significant)
    np.testing.assert_allclose(again.effect, labelled.effect, atol=1e-6)
