"""Every metric with all that is known of it, in one record each.

A new metric is one function, which takes a `Table` and returns a `MetricResult` for each of its
scores, one record here, and its page in `docs/metrics`. The functions are named as text and
imported when they are used, so that this module costs nothing to import.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Literal

from unknot.common.plugins import load_plugin

if TYPE_CHECKING:
    from unknot.metrics.result import MetricResult
    from unknot.metrics.table import Table

Family = Literal["information", "predictor", "intervention"]


@dataclass(frozen=True)
class ScoreInfo:
    """What a reader should know of one score.

    Attributes:
        key: its name, such as `dci_completeness`.
        meaning: what the value 1 says; of a score without bound, what 0 says.
        tests_labels: the metric itself makes the score 0 and void where no latent beats permuted
            labels, so that holding it against that null says nothing new.
    """

    key: str
    meaning: str
    tests_labels: bool = False


@dataclass(frozen=True)
class Metric:
    """One metric of the literature.

    Attributes:
        function: computes its scores, as `module:function`.
        scores: those that it answers for.
        paper: authors and year.
        family: what it rests on, after Carbonneau et al. 2022.
        bounds: the lowest and the highest value.
        needs_labels: whether it looks at the factors at all.
        has_interval: whether intervals from subsamples hold for it.
    """

    function: str
    scores: tuple[ScoreInfo, ...]
    paper: str
    family: Family
    bounds: tuple[float, float] = (0.0, 1.0)
    needs_labels: bool = True
    has_interval: bool = True


METRICS: dict[str, Metric] = {
    "beta_vae_score": Metric(
        function="unknot.metrics.intervention_based:beta_vae_score",
        scores=(ScoreInfo("beta_vae_score", "differences of codes tell which factor pairs share"),),
        paper="Higgins et al. 2017",
        family="intervention",
    ),
    "factor_vae_score": Metric(
        function="unknot.metrics.intervention_based:factor_vae_score",
        scores=(
            ScoreInfo("factor_vae_score", "each fixed factor holds a latent of its own still"),
        ),
        paper="Kim and Mnih 2018",
        family="intervention",
    ),
    "mig": Metric(
        function="unknot.metrics.information_based:mig",
        scores=(ScoreInfo("mig", "one latent tells each factor wholly, no other anything of it"),),
        paper="Chen et al. 2018",
        family="information",
    ),
    "mig_sup": Metric(
        function="unknot.metrics.information_based:mig_sup",
        scores=(
            ScoreInfo("mig_sup", "each latent tells one factor wholly, nothing of the others"),
        ),
        paper="Li et al. 2020",
        family="information",
    ),
    "jemmig": Metric(
        function="unknot.metrics.information_based:jemmig",
        scores=(ScoreInfo("jemmig", "as MIG, and the latent holds nothing else"),),
        paper="Do and Tran 2020",
        family="information",
    ),
    "dci": Metric(
        function="unknot.metrics.predictor_based:dci",
        scores=(
            ScoreInfo("dci_disentanglement", "each latent matters for one factor alone"),
            ScoreInfo("dci_completeness", "one latent alone matters for each factor"),
            ScoreInfo("dci_informativeness", "trees predict every factor without error"),
        ),
        paper="Eastwood and Williams 2018",
        family="predictor",
    ),
    "med": Metric(
        function="unknot.metrics.information_based:med",
        scores=(ScoreInfo("med", "each latent tells of one factor alone"),),
        paper="Cao et al. 2022",
        family="information",
    ),
    "sap": Metric(
        function="unknot.metrics.predictor_based:sap",
        scores=(ScoreInfo("sap", "one latent is linear in each factor, no other correlates"),),
        paper="Kumar et al. 2018",
        family="predictor",
    ),
    "modularity": Metric(
        function="unknot.metrics.information_based:modularity",
        scores=(ScoreInfo("modularity", "each latent tells of one factor alone"),),
        paper="Ridgeway and Mozer 2018",
        family="information",
    ),
    "explicitness": Metric(
        function="unknot.metrics.predictor_based:explicitness",
        scores=(ScoreInfo("explicitness", "a linear classifier ranks every class first"),),
        paper="Ridgeway and Mozer 2018",
        family="predictor",
    ),
    "irs": Metric(
        function="unknot.metrics.intervention_based:irs",
        scores=(ScoreInfo("irs", "a fixed factor holds each latent still"),),
        paper="Suter et al. 2019",
        family="intervention",
    ),
    "infomec": Metric(
        function="unknot.metrics.infomec:infomec",
        scores=(
            ScoreInfo(
                "infomec_modularity", "each latent tells of one factor alone", tests_labels=True
            ),
            ScoreInfo(
                "infomec_compactness", "one latent alone tells each factor", tests_labels=True
            ),
            ScoreInfo("infomec_explicitness", "a linear model reads every factor without error"),
        ),
        paper="Hsu et al. 2023",
        family="information",
    ),
    "total_correlation": Metric(
        function="unknot.metrics.information_based:total_correlation",
        scores=(
            ScoreInfo(
                "total_correlation", "0 where the latents are independent (nats, not bounded)"
            ),
        ),
        paper="Watanabe 1960",
        family="information",
        bounds=(0.0, inf),
        needs_labels=False,
        has_interval=False,  # its bias depends on the number of points
    ),
}

SCORES: dict[str, ScoreInfo] = {info.key: info for m in METRICS.values() for info in m.scores}
"""Every score by its key, in the order in which scores are computed and returned."""

KEYS = tuple(SCORES)
"""The keys of all scores, in that order."""

HEADLINE = ("dci", "infomec")
"""The metrics best regarded today (Carbonneau et al. 2022, Hsu et al. 2023)."""

OLD_KEYS = {"higgins": "beta_vae_score", "factor_vae": "factor_vae_score"}
"""Keys in documents of version 0.1.0, and what the scores are called now."""


def load_metric(name: str) -> Callable[["Table"], dict[str, "MetricResult"]]:
    """Import the function of a metric.

    Raises:
        UserError: if `METRICS` has no such name.
    """
    functions = {known: metric.function for known, metric in METRICS.items()}
    function: Callable[[Table], dict[str, MetricResult]] = load_plugin("metric", name, functions)
    return function


def metric_of(key: str) -> Metric:
    """Find the metric that answers for a score."""
    return next(m for m in METRICS.values() if any(info.key == key for info in m.scores))
