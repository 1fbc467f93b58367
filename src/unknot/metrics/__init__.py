"""Scores of codes beside known factors: array code, without torch.

In the order data flows: `inputs` checks codes and factors and makes a `table` of them; the
`registry` says which function in `information_based`, `predictor_based`, `intervention_based` or
`infomec` computes a metric of it, by means of the `estimators`; `significance` tells information
from chance, `nulls` repeats the metric where there is nothing to find, as often as `settings` say,
and `scoring` puts the `result` together. `agreement` compares codes of several models, `posterior`
codes with their prior.

    from unknot import metrics

    scores = metrics.score(codes, factors)
    metrics.mig(codes, factors).value

Whatever computes is imported when it is first used, so that a look at the registry or the settings
costs nothing.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from unknot.metrics.registry import HEADLINE, KEYS, METRICS
from unknot.metrics.result import Score
from unknot.metrics.settings import NullSettings

if TYPE_CHECKING:
    from unknot.metrics.agreement import udr
    from unknot.metrics.posterior import active_units, marginal_kl
    from unknot.metrics.scoring import score, single_metric

_HOMES = {
    "active_units": "unknot.metrics.posterior",
    "marginal_kl": "unknot.metrics.posterior",
    "score": "unknot.metrics.scoring",
    "single_metric": "unknot.metrics.scoring",
    "udr": "unknot.metrics.agreement",
}

# each key is a function too: `dci_completeness(codes, factors)` computes that score of `dci`
_METRIC_OF = {info.key: name for name, metric in METRICS.items() for info in metric.scores}

__all__ = [
    "HEADLINE",
    "KEYS",
    "METRICS",
    "NullSettings",
    "Score",
    "active_units",
    "marginal_kl",
    "score",
    "single_metric",
    "udr",
    *_METRIC_OF,
]


def __getattr__(name: str) -> Any:
    if name in _METRIC_OF:
        return _single_metric(_METRIC_OF[name], name)
    if name not in _HOMES:
        raise AttributeError(f"module 'unknot.metrics' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)


@cache
def _single_metric(metric: str, key: str) -> Callable[..., Score]:
    from unknot.metrics.scoring import single_metric

    return single_metric(metric, key)
