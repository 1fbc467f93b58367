# make demo    the main job on the built-in faces: four betas, 1,000 steps each, and the report
# make test    lint, types and every test
# Each target sets up .venv when needed and is quick the second time.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --no-compile -c constraints.txt
.PHONY: setup demo test lint bench docs dist clean

$(VENV)/.run: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) -e .
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(INSTALL) -e '.[dev]'
	touch $@

$(VENV)/.docs: $(VENV)/.run
	$(INSTALL) -e '.[docs]'
	touch $@

setup: $(VENV)/.run

demo: $(VENV)/.run
	$(BIN)/unknot compare faces --betas 0.1 1 2 10 --latent-dim 6 --steps 1000 --out runs/demo

lint: $(VENV)/.dev
	$(BIN)/ruff format --check src tests benchmarks examples
	$(BIN)/ruff check src tests benchmarks examples
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/decode.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/measures.py --speed --nulls
	$(BIN)/python benchmarks/evidence.py --experiments 40

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -q -W -b html docs docs/_build

dist: $(VENV)/.dev
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	@ls dist

clean:
	rm -rf $(VENV) dist build docs/_build .mypy_cache .ruff_cache .pytest_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
