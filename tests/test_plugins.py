"""Every plug-in is what the one convention asks for."""

import re
from pathlib import Path
from typing import Any

import pytest

from unknot.cli import main
from unknot.common.plugins import load_plugin
from unknot.data.sources import SOURCES
from unknot.experiments.engines import ENGINES
from unknot.experiments.papers import PAPERS
from unknot.metrics.registry import METRICS
from unknot.models.likelihoods import LIKELIHOODS
from unknot.models.networks import NETWORKS
from unknot.models.objectives import OBJECTIVES
from unknot.report.sections import SECTIONS, SERVED
from unknot.runs.codecs import CODECS
from unknot.training.gradients import STRATEGIES
from unknot.training.listeners import LISTENERS

DOCS = Path(__file__).parents[1] / "docs"
SCIENCE = {
    "likelihood": LIKELIHOODS,
    "network": NETWORKS,
    "objective": OBJECTIVES,
    "metric": METRICS,
}
"""Kinds whose entries come from a paper."""
IN_HELP = {
    "likelihood": LIKELIHOODS,
    "network": NETWORKS,
    "objective": OBJECTIVES,
    "engine": ENGINES,
}
"""Kinds whose entries a user of `unknot compare` chooses by name."""
KINDS: dict[str, Any] = {
    **SCIENCE,
    "source": SOURCES,
    "engine": ENGINES,
    "paper": PAPERS,
    "section": {**SECTIONS, **SERVED},
    "codec": CODECS,
    "strategy": STRATEGIES,
    "listener": LISTENERS,
}
ATTRIBUTES = {
    "likelihood": ("needs_whole_batch", "distortion", "mean"),
    "objective": (
        "needs_whole_batch",
        "quantities",
        "collapses_by_beta",
        "larger_beta_is_weaker",
        "beta_is",
        "check",
        "loss",
    ),
    "source": ("matches", "scan"),
    "engine": ("num_jobs", "start"),
    "strategy": ("compute", "update", "close"),
    "listener": ("restart", "add", "close"),
}
"""What the protocol of a kind asks of its entries."""
ENTRIES = [(kind, name) for kind, entries in KINDS.items() for name in entries]
YEAR = re.compile(r"\b(19|20)\d\d\b")


def _load(kind: str, name: str) -> Any:
    """Import an entry, which is text or a record that holds it."""
    entry = KINDS[kind][name]
    text = getattr(entry, "attribute", None) or getattr(entry, "function", None) or entry
    return load_plugin(kind, name, {name: text})


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_an_entry_is_there_with_a_docstring(kind: str, name: str) -> None:
    doc = _load(kind, name).__doc__
    assert doc
    if kind in SCIENCE:
        assert YEAR.search(doc), f"the docstring of {kind} {name} names no paper with its year"


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in ATTRIBUTES for name in KINDS[kind]]
)
def test_an_entry_has_what_its_protocol_asks_for(kind: str, name: str) -> None:
    entry = _load(kind, name)
    assert not [attribute for attribute in ATTRIBUTES[kind] if not hasattr(entry, attribute)]


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_an_entry_has_a_place_in_the_docs(kind: str, name: str) -> None:
    pages = [page for page in DOCS.rglob("*.md") if page.name not in ("log.md", "benchmarks.md")]
    is_there = any(page.stem == name or f"`{name}`" in page.read_text() for page in pages)
    assert is_there, f"no page of the docs mentions `{name}`; CONTRIBUTING.md says which should"


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, entries in IN_HELP.items() for name in entries]
)
def test_an_entry_is_in_the_help(kind: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["compare", "--help"])
    assert re.search(rf"\b{name}\b", capsys.readouterr().out)
