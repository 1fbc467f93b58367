# make demo    the main job on the built-in faces: five betas, 1,000 steps each, and the report
# make test    the quick tests, in minutes
# make lint    formatting, style and types, in seconds
# make check   the slow tests
# make fuzz    property tests with thousands of examples, for 20 minutes
# make torture 100 kills and 30 signals at random moments, then everything that a system can refuse
# make papers  published experiments run again, in hours: docs/papers.md
# make slurm   what the tests of Slurm take, from Debian's packages
# Each target sets up .venv when needed and is quick the second time.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --no-compile -c constraints.txt
.PHONY: setup demo test lint check browser slurm bench bench-references fuzz torture papers docs kernel dist clean

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
	$(BIN)/unknot compare faces --betas 0.1 1 2 10 350 --latent-dim 6 --steps 1000 --out runs/demo

lint: $(VENV)/.dev
	$(BIN)/ruff format --check src tests benchmarks examples
	$(BIN)/ruff check src tests benchmarks examples
	$(BIN)/mypy

# browser tests take Debian's Chromium; where it cannot be had they are skipped, and say so
browser:
	@command -v chromium > /dev/null || (apt-get -qq update && apt-get -qq install -y chromium > /dev/null) \
		|| echo "no chromium here: the tests of the page in a browser will be skipped"

# a cluster of one node, which the tests start and end themselves; nothing of it is left running
slurm:
	@test -x /usr/sbin/slurmctld || (apt-get -qq update && apt-get -qq install -y --no-install-recommends \
		slurmctld slurmd slurm-client munge > /dev/null) \
		|| echo "no Slurm here: the tests of runs on a cluster will be skipped"

PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile
test: $(VENV)/.dev browser
	$(PYTEST) -m "not slow" --durations=10

check: $(VENV)/.dev browser slurm
	$(PYTEST) -m slow

# what the processor cannot do is left out, and said; CELEBA=FOLDER adds CelebA to the recipe
bench: $(VENV)/.dev
	$(BIN)/python benchmarks/run_all.py $(if $(CELEBA),--celeba $(CELEBA))
	$(BIN)/python benchmarks/publish.py

# what the time to the loss is compared with; takes hours, and goes on where it stopped
bench-references: $(VENV)/.run
	$(BIN)/python benchmarks/recipe.py --references runs/references

# what has not failed when the time is over has passed
fuzz: $(VENV)/.dev
	UNKNOT_FUZZ=1 timeout --signal=INT 20m $(BIN)/python -m pytest -x -n 2 --dist worksteal \
		$$(grep -rlE "from hypothesis import.*given" tests); status=$$?; test $$status = 0 -o $$status = 124

torture: $(VENV)/.dev
	$(BIN)/python benchmarks/torture.py
	$(BIN)/python benchmarks/robust_faults.py

# what is finished in runs/papers is left alone; docs/papers.md is written anew
papers: $(VENV)/.run
	@for name in $$($(BIN)/python -c "from unknot.experiments.papers import PAPERS; print(*PAPERS)"); do \
		$(BIN)/unknot reproduce $$name --out runs/papers/$$name || exit 1; done
	$(BIN)/python benchmarks/papers.py runs/papers

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -q -W -b html docs docs/_build

# the decoder of the report's page; the result is kept in the repository
kernel:
	$(INSTALL) ziglang
	cd src/unknot/report/assets && $(abspath $(BIN))/python -m ziglang cc -target wasm32-freestanding -O3 \
		-msimd128 -nostdlib -Wl,--no-entry -Wl,--export=__heap_base -Wl,--strip-all -o kernel.wasm kernel.c
	chmod 644 src/unknot/report/assets/kernel.wasm

dist: $(VENV)/.dev
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	@ls dist

clean:
	rm -rf $(VENV) dist build docs/_build .mypy_cache .ruff_cache .pytest_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
