"""Every record of a metric: its function, its paper, its page."""

import subprocess
import sys
from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.metrics.registry import (
    HEADLINE,
    KEYS,
    METRICS,
    OLD_KEYS,
    SCORES,
    load_metric,
    metric_of,
)

PAGES = Path(__file__).parents[2] / "docs" / "metrics"


def test_every_metric_has_a_key() -> None:
    assert set(KEYS) == {
        "beta_vae_score",
        "factor_vae_score",
        "mig",
        "mig_sup",
        "jemmig",
        "dci_disentanglement",
        "dci_completeness",
        "dci_informativeness",
        "med",
        "sap",
        "modularity",
        "explicitness",
        "irs",
        "infomec_modularity",
        "infomec_compactness",
        "infomec_explicitness",
        "total_correlation",
    }
    assert set(HEADLINE) <= set(METRICS)
    assert set(OLD_KEYS.values()) <= set(KEYS)


@pytest.mark.parametrize("name", METRICS)
def test_every_record_has_a_function_a_paper_and_a_page(name: str) -> None:
    metric = METRICS[name]
    documentation = load_metric(name).__doc__ or ""
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert metric.paper in " ".join(documentation.split())
    assert f"**Source.** {metric.paper}" in page
    assert "**Range.**" in page


@pytest.mark.parametrize("key", KEYS)
def test_every_score_says_on_the_overview_what_1_means(key: str) -> None:
    overview = (PAGES / "index.md").read_text(encoding="utf-8")
    (row,) = (line for line in overview.splitlines() if line.startswith(f"| `{key}` |"))
    assert SCORES[key].meaning in row or key == "total_correlation"
    assert metric_of(key).scores.count(SCORES[key]) == 1


def test_an_unknown_metric_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="metric is 'mgi'; did you mean 'mig'"):
        load_metric("mgi")


def test_a_look_at_the_registry_imports_nothing_heavy() -> None:
    code = (
        "import sys; from unknot.metrics import KEYS, NullSettings, METRICS; "
        "sys.exit(bool({'torch', 'numpy', 'sklearn'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_scoring_imports_no_torch() -> None:
    code = "import sys; from unknot.metrics import score; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
